/** @file The way of patches into a stack and out of it, on numbers that can be checked by hand. */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { ends } from "../../../lib/models/ends/patches.ts";
import { tensor } from "../../../lib/tensor/tensor.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import { affine, inFloat64 } from "../../layers/definitions.ts";
import { outputs } from "../sequence_cases.ts";
import { made } from "../stacks.ts";

await initJax("wasm");

const channels = 3;
const statistics = { mean: [1, 0, -2], variance: [4, 1, 0.25] };
const signature = { kind: "series", channels, statistics } as const;
// Two patches of two observations of three channels.
const y = tensor(Array.from({ length: 12 }, (_, i) => i), [1, 4, 3]);
const standardised = Array.from({ length: 12 }, (_, i) => [(i - 1) / 2, i, (i + 2) / 0.5][i % 3]);

for (const norm of ["none", "fixed"] as const) {
  Deno.test(`tokens are patches standardised channel by channel, oldest observation first, and restored: ${norm}`, () => {
    const { enter, init, width } = ends({ patch: 2, norm }, signature);
    assert.equal(width, 6);
    assert.equal(init, undefined);
    const got = inFloat64((y: np.Array) => {
      const { tokens, leave } = enter({}, y);
      return { tokens: tokens.ref, left: leave(tokens) };
    }, y);
    assert.deepEqual(got.tokens.shape, [1, 2, 6]);
    assert.deepEqual(got.left.shape, [1, 2, 2, 3]);
    standardised.forEach((value, i) => {
      assert.ok(Math.abs(got.tokens.data[i] - value) < 1e-12);
      // Back in the data's units, or left as the layers made it.
      assert.ok(Math.abs(got.left.data[i] - (norm === "none" ? value : i)) < 1e-12);
    });
  });
}

Deno.test("with a width tokens are embedded, and a head makes patches again", () => {
  const random = generator(1);
  const params = {
    embed: { weight: randomTensor(random, [6, 4]), bias: tensor([1, 2, 3, 4]) },
    head: { weight: randomTensor(random, [4, 6]), bias: tensor([6, 5, 4, 3, 2, 1]) },
  };
  const { enter, width } = ends({ patch: 2, norm: "none", width: 4 }, signature);
  assert.equal(width, 4);
  const got = inFloat64(
    (params, y: np.Array) => {
      const { tokens, leave } = enter(params, y);
      return { tokens: tokens.ref, left: leave(tokens) };
    },
    params,
    y,
  );
  const rows = [standardised.slice(0, 6), standardised.slice(6)].map((row) =>
    affine(params.embed, row)
  );
  rows.flat().forEach((value, i) => assert.ok(Math.abs(got.tokens.data[i] - value) < 1e-12));
  rows.flatMap((row) => affine(params.head, row)).forEach((value, i) =>
    assert.ok(Math.abs(got.left.data[i] - value) < 1e-12)
  );
});

Deno.test("a series that cannot be cut into patches is refused, with both numbers", async () => {
  const { model, params } = made([["lstm"]], { width: 4, patch: 3 }, 1);
  for (const length of [1, 7]) {
    await assert.rejects(outputs(model, params, tensor(0, [1, length, 1])), {
      name: "RangeError",
      message: new RegExp(`series of ${length} observations .* patches of 3`),
    });
  }
});
