/** @file Token mixing is the sum of its definition, after tokens from before, and its cost does not grow with the sequence. */
import { init as initJax, type numpy as np, random } from "@jax-js/jax";
import assert from "node:assert/strict";
import { trace } from "../../../lib/engine/trace.ts";
import { overSequence, recurrent } from "../../../lib/layers/sequence/forms.ts";
import { layer } from "../../../lib/layers/sequence/token_mixing.ts";
import { sizeOf, type Tensor, tensor } from "../../../lib/tensor/tensor.ts";
import { toHost } from "../../../lib/train/host.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import { assertUniform } from "../../moments.ts";
import { inFloat64, rowsOf } from "../definitions.ts";
import { close } from "./attention_sums.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

const [batch, width] = [2, 3];
const drawn = (numbers: () => number, shape: number[]) =>
  randomTensor(numbers, shape, { low: -1, high: 1 });

/** Taps and tokens: single ones, fewer tokens than taps, a chunk to the token, and some more. */
const sizes = [[1, 1], [1, 70], [2, 9], [5, 2], [5, 33], [32, 32], [32, 64], [40, 7], [40, 95]];

for (const form of [recurrent, overSequence]) {
  Deno.test(`token mixing is a weighted sum of the last tokens, ${form.name}`, () => {
    for (const [taps, tokens] of sizes) {
      const numbers = generator(taps + tokens);
      const [weight, x, before] = [[taps], [batch, tokens, width], [batch, taps, width]]
        .map((shape) => drawn(numbers, shape));
      const [state, y] = inFloat64(
        (weight: np.Array, x: np.Array, before: np.Array) =>
          (form as Any)(layer, { width, taps }, { weight }, x, before),
        ...[weight, x, before],
      );
      for (let b = 0; b < batch; b++) {
        // The state is the newest first.
        const seen = [...rowsOf(before, b).toReversed(), ...rowsOf(x, b)];
        const want = seen.slice(taps).map((_, t) =>
          seen[0].map((_, i) =>
            Array.from(weight.data).reduce(
              (sum, w, k) => sum + w * seen[taps + t - k][i],
              0,
            )
          )
        );
        const own = ({ data }: Tensor) =>
          data.slice(b * data.length / batch, (b + 1) * data.length / batch);
        close(own(y), want.flat(), `y of ${taps} taps, ${tokens} tokens`);
        close(own(state), seen.slice(-taps).toReversed().flat(), "state");
      }
    }
  });
}

Deno.test("fresh weights are uniform within 1 / sqrt(K), times the gain", () => {
  const config = layer.configure({ taps: 2500 }, width);
  for (const gain of [1, 3]) {
    const { weight } = toHost(layer.init(config, random.key(3), gain)) as { weight: Tensor };
    assertUniform(weight.data, -gain / 50, gain / 50, `gain ${gain}`);
  }
});

Deno.test("no array of a mixing of many tokens is larger than some copies of them", async () => {
  const config = { width, taps: 8 };
  for (const tokens of [1024, 4096]) {
    const x = tensor(0, [1, tokens, width]);
    const { graph } = await trace(
      (weight, x) => overSequence(layer, config, { weight } as Any, x as Any) as Any,
      [tensor(0, [config.taps]), x],
    );
    const largest = Math.max(
      ...graph.equations.flatMap(({ outs }) => outs.map(({ shape }) => sizeOf(shape))),
    );
    assert.ok(largest <= 3 * sizeOf(x.shape), `${largest} numbers for ${tokens} tokens`);
  }
});
