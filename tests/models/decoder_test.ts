/** @file The Transformers against their stack written out in loops, on data whose statistics are not those of a standard normal. */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import assert from "node:assert/strict";
import { isSpecLike, type Tensor, tensor } from "../../lib/engine/mod.ts";
import type { Statistics } from "../../lib/layers/instance_norm.ts";
import * as linearTransformer from "../../lib/models/linear_transformer.ts";
import * as transformer from "../../lib/models/transformer.ts";
import { toHost } from "../../lib/train/host.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { attention, inFloat64, linearAttention, rowsOf } from "../layers/definitions.ts";
import { naiveDecoder } from "./naive_decoder.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const obs = 2;
const train = { mean: tensor([3, -1]), variance: tensor([0.25, 4]) };
const plain = { mean: train.mean.data, variance: train.variance.data };

/** Every leaf drawn anew around what it was, so that nothing is hidden behind a zero or a one. */
function shaken(x: Any, random: () => number): Any {
  if (isSpecLike(x)) {
    const noise = randomTensor(random, (x as Tensor).shape, { low: -0.4, high: 0.4 });
    return {
      ...x,
      data: (x as Tensor).data.map((value: number, i: number) => value + noise.data[i]),
    };
  }
  if (Array.isArray(x)) return x.map((child) => shaken(child, random));
  return Object.fromEntries(
    Object.entries(x).map(([name, child]) => [name, shaken(child, random)]),
  );
}

const models: [string, Any, typeof attention | typeof linearAttention][] = [
  ["transformer", transformer, attention],
  ["linear_transformer", linearTransformer, linearAttention],
];

for (const [name, model, mix] of models) {
  for (const norm of ["none", "fixed", "causal"] as const) {
    const [layers, patch, tokens] = norm === "fixed" ? [2, 3, 4] : [1, 2, 5];
    const make = () => {
      const config = model.configure({ layers, dModel: 8, heads: 2, norm, patch }, obs);
      const params = shaken(toHost(model.init(config, 3)), generator(2));
      // Observations with a mean and a trend.
      const y = randomTensor(generator(7), [2, tokens * patch, obs]);
      y.data.forEach((value, i) => y.data[i] = value + 3 - 4 * (i % obs) + 0.05 * i);
      return { config, params, y };
    };
    const definition = (config: Any, params: Any, rows: number[][], learned?: number) =>
      naiveDecoder(mix, config, params, plain, rows, learned);
    const close = (got: ArrayLike<number>, want: number[], what: string) => {
      assert.equal(got.length, want.length);
      want.forEach((value, i) =>
        assert.ok(
          Math.abs(got[i] - value) <= 1e-5 * Math.max(1, Math.abs(value)),
          `${what}, ${i}: ${got[i]}, ${value}`,
        )
      );
    };

    Deno.test(`${name}, ${norm} norm, is its stack, token by token`, () => {
      const { config, params, y } = make();
      const got = inFloat64(
        (p: Any, t: Statistics, y: np.Array) => model.forward(config, p, t, y),
        params,
        train,
        y,
      );
      assert.deepEqual(got.shape, [2, tokens, patch, obs]);
      const each = tokens * patch * obs;
      for (const b of [0, 1]) {
        const want = definition(config, params, rowsOf(y, b)).flat();
        close(got.data.slice(b * each, (b + 1) * each), want, `sequence ${b}`);
      }
    });

    Deno.test(`${name}, ${norm} norm: steps go on from a warm-up, and their statistics learn only when told to`, () => {
      const { config, params, y } = make();
      const warm = (tokens - 2) * patch;
      for (const learn of [1, 0]) {
        const got = inFloat64(
          (p: Any, t: Statistics, state: Any, y: np.Array, learn: Any) => {
            const predictions = np.split(y, tokens, 1).map((token, k) => {
              const at = np.array(k, { dtype: np.int32 });
              const learns = k < tokens - 2 ? np.array(1).astype(token.dtype) : learn.ref;
              const out = model.step(config, tree.ref(p), tree.ref(t), state, token, at, learns);
              state = out.state;
              return out.prediction;
            });
            return { predictions, sums: state.sums };
          },
          params,
          train,
          model.initialState(config, 2, tokens),
          y,
          tensor(learn),
        );
        assert.deepEqual(got.predictions[0].shape, [2, patch, obs]);
        const known = learn ? y.shape[1] : warm;
        assert.equal(got.sums.count.data[0], known);
        for (const b of [0, 1]) {
          const rows = rowsOf(y, b);
          const want = definition(config, params, rows, known);
          const own = (data: number[]) => data.slice(b * patch * obs, (b + 1) * patch * obs);
          for (let k = 0; k < tokens; k++) {
            close(own(got.predictions[k].data), want[k], `token ${k}`);
          }
          for (let j = 0; j < obs; j++) {
            const seen = rows.slice(0, known).map((row) => row[j]);
            const [sum, square] = [got.sums.sum.data, got.sums.square.data].map((x) =>
              x[b * obs + j]
            );
            assert.ok(Math.abs(sum - seen.reduce((s, x) => s + x, 0)) < 1e-4);
            assert.ok(Math.abs(square - seen.reduce((s, x) => s + x * x, 0)) < 1e-3);
          }
        }
      }
    });
  }
}
