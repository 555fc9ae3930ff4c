/** @file The definition of stacks in loops over numbers, on data whose statistics are not those of a standard normal. */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Arrays } from "../../lib/engine/arrays.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import {
  attention,
  inFloat64,
  linearAttention,
  type Projections,
  rowsOf,
  type Vector,
} from "../layers/definitions.ts";
import { type DecoderTensors, naiveDecoder } from "./naive_decoder.ts";
import { type LstmLayer, naiveLstmLayer } from "./naive_lstm.ts";
import { type Made, made, type Named } from "./stacks.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
export const channels = 2;
export const statistics = { mean: [3, -1], variance: [0.25, 4] };

/** Observations [2, T, channels] with a mean and a trend. */
export function observations(length: number): Tensor {
  const y = randomTensor(generator(7), [2, length, channels]);
  y.data.forEach((value, i) => y.data[i] = value + 3 - 4 * (i % channels) + 0.05 * i);
  return y;
}

function assertNear(got: ArrayLike<number>, want: readonly number[], what: string) {
  assert.equal(got.length, want.length, what);
  want.forEach((value, i) => {
    // Parameters and statistics are exact in float32.
    const allowed = 1e-6 * Math.max(1, Math.abs(value));
    assert.ok(Math.abs(got[i] - value) <= allowed, `${what}, ${i}: ${got[i]}, ${value}`);
  });
}

/** What the definition says of sequence b, with the statistics of the first `learned` observations only. */
export type Definition = (params: Any, rows: Vector[], learned?: number) => Vector[];

export function assertDefined({ model, params }: Made, y: Tensor, definition: Definition) {
  const got = inFloat64((p: Arrays, y: np.Array) => model.apply(p, y), params, y);
  const tokens = y.shape[1] / model.patch;
  assert.deepEqual(got.shape, [2, tokens, model.patch, channels]);
  const each = y.shape[1] * channels;
  for (const b of [0, 1]) {
    const want = definition(params, rowsOf(y, b)).flat();
    assertNear(got.data.slice(b * each, (b + 1) * each), want, `sequence ${b}`);
  }
}

/** Steps over all tokens; those from `warmup` on are observed or not. */
function steps({ model, params }: Made, y: Tensor, warmup: number, observed: number) {
  const tokens = y.shape[1] / model.patch;
  return inFloat64(
    (p: Arrays, state: Arrays, y: np.Array, observed: np.Array) => {
      const predictions = np.split(y, tokens, 1).map((token, k) => {
        const learns = k < warmup ? np.array(1).astype(token.dtype) : observed.ref;
        const [next, prediction] = model.step(tree.ref(p), state, token, learns);
        state = next;
        return prediction;
      });
      return { predictions, state };
    },
    params,
    model.initialState(2, tokens),
    y,
    tensor(observed),
  );
}

const softmax = (params: Projections, x: Vector[]) => attention(params, x, 2).output;
const linear = (params: Projections, x: Vector[]) => linearAttention(params, x, 2).output;
const lstm = (params: LstmLayer, x: Vector[]) => naiveLstmLayer(params, x);

const residual: Record<string, [named: Named[], options: object, mixes: Any[]]> = {
  "Transformer": [
    [["softmax_attention", { heads: 2 }], ["softmax_attention", { heads: 2 }]],
    {},
    [softmax, softmax],
  ],
  "linear Transformer": [[["linear_attention", { heads: 2 }]], {}, [linear]],
  "attention, LSTM, linear attention": [
    [["softmax_attention", { heads: 2 }], ["lstm"], ["linear_attention", { heads: 2 }]],
    {},
    [softmax, lstm, linear],
  ],
  "LSTM and attention without MLP": [
    [["lstm"], ["softmax_attention", { heads: 2 }]],
    { mlp: false },
    [lstm, softmax],
  ],
};

/** Tests of every residual stack with some of the norms: in parallel, and by steps. */
export function testResidual(normsOf: (name: string) => readonly string[]): void {
  for (const [name, [named, options, mixes]] of Object.entries(residual)) {
    for (const norm of normsOf(name)) {
      const [patch, tokens] = norm === "fixed" ? [3, 4] : [2, 5];
      const make = () => made(named, { width: 8, norm, patch, ...options }, channels, statistics);
      const definition: Definition = (params: DecoderTensors<Any>, rows, learned) =>
        naiveDecoder(mixes, { patch, norm }, params, statistics, rows, learned);

      Deno.test(`${name}, ${norm} norm, is its blocks, token by token`, () => {
        assertDefined(make(), observations(tokens * patch), definition);
      });

      Deno.test(`${name}, ${norm} norm: steps go on from a warm-up, and learn statistics only of what was observed`, () => {
        const own = make();
        const y = observations(tokens * patch);
        const warm = tokens - 2;
        for (const observed of [1, 0]) {
          const { predictions, state } = steps(own, y, warm, observed);
          assert.deepEqual(predictions[0].shape, [2, patch, channels]);
          const known = observed ? y.shape[1] : warm * patch;
          if (norm === "causal") assert.equal(state.ends.sums.count.data[0], known);
          else assert.deepEqual(state.ends, {});
          const each = patch * channels;
          for (const b of [0, 1]) {
            const want = definition(own.params, rowsOf(y, b), known);
            for (let k = 0; k < tokens; k++) {
              const got = predictions[k].data.slice(b * each, (b + 1) * each);
              assertNear(got, want[k], `sequence ${b}, token ${k}`);
            }
          }
        }
      });
    }
  }
}
