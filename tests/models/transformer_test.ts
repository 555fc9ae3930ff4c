/** @file The Transformer: its two forms agree, it never looks ahead, and its options are checked. */
import { init as initJax, numpy as np, random } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Tensor, tensor } from "../../lib/engine/mod.ts";
import { attention, attentionInit } from "../../lib/layers/attention.ts";
import type { Statistics } from "../../lib/layers/instance_norm.ts";
import * as transformer from "../../lib/models/transformer.ts";
import { toHost } from "../../lib/train/host.ts";
import { unitStatistics } from "../../lib/train/next_patch.ts";
import { rollout } from "../../lib/train/rollout.ts";
import { generator, randomTensor } from "../engine/oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const obs = 3;

/** A model with a head that is not zero, so that outputs say something. */
function makeModel(options: Record<string, unknown>) {
  const config = transformer.configure({ layers: 2, dModel: 12, heads: 2, ...options }, obs);
  const params = toHost(transformer.init(config, 7));
  const random = generator(3);
  params.head.weight = randomTensor(random, params.head.weight.shape, { low: -0.5, high: 0.5 });
  return { config, params };
}

async function parallel(
  { config, params }: ReturnType<typeof makeModel>,
  y: Tensor,
): Promise<Tensor> {
  const program = await compile(
    (p: Any, t: Statistics, y: np.Array) => transformer.forward(config, p, t, y).prediction,
    [params, unitStatistics(obs), y],
  );
  const out = await (await program.run(params, unitStatistics(obs), y)).read();
  await program.close();
  return out;
}

const slice = (y: Tensor, from: number, to: number): Tensor => {
  const [batch, length, width] = y.shape;
  const rows = Array.from(
    { length: batch },
    (_, b) => Array.from(y.data.slice((b * length + from) * width, (b * length + to) * width)),
  );
  return tensor(rows.flat(), [batch, to - from, width]);
};

for (const norm of ["none", "fixed", "causal"] as const) {
  for (const patch of [1, 3]) {
    Deno.test(`parallel and step form agree at every position: ${norm}, patch ${patch}`, async () => {
      const model = makeModel({ norm, patch });
      const { config, params } = model;
      // Attention computes long sequences in blocks of 64: 131 tokens are three, the last one short.
      const tokens = norm === "fixed" ? 131 : 7;
      const y = randomTensor(generator(11), [2, tokens * patch, obs]);
      const whole = await parallel(model, y);
      const train = unitStatistics(obs);
      const empty = (shape: number[]) => tensor(0, shape);
      const cache = () => empty([2, config.heads, config.dModel / config.heads, tokens]);
      let state: Any = {
        caches: Array.from({ length: config.layers }, () => ({ keys: cache(), values: cache() })),
        sums: { sum: empty([2, obs]), square: empty([2, obs]), count: tensor(0) },
      };
      const program = await compile(
        (p: Any, t: Statistics, s: Any, y: np.Array, at: np.Array, learn: np.Array) =>
          transformer.step(config, p, t, s, y, at, learn),
        [params, train, state, slice(y, 0, patch), tensor(0, [], "int32"), tensor(1)],
      );
      for (let k = 0; k < tokens; k++) {
        const token = slice(y, k * patch, (k + 1) * patch);
        const at = tensor(k, [], "int32");
        const out = await program.run(params, train, state, token, at, tensor(1));
        state = out.state;
        const prediction = await out.prediction.read();
        for (let b = 0; b < 2; b++) {
          for (let i = 0; i < patch * obs; i++) {
            const want = whole.data[(b * tokens + k) * patch * obs + i];
            const got = prediction.data[b * patch * obs + i];
            assert.ok(Math.abs(got - want) <= 1e-5, `position ${k}: ${got} against ${want}`);
          }
        }
      }
      await program.close();
    });

    Deno.test(`the future changes no earlier output: ${norm}, patch ${patch}`, async () => {
      const model = makeModel({ norm, patch });
      const [tokens, from] = norm === "none" ? [70, 66] : [6, 4];
      const y = randomTensor(generator(5), [2, tokens * patch, obs]);
      const other = { ...y, data: y.data.slice() };
      for (let b = 0; b < 2; b++) {
        const start = (b * tokens + from) * patch * obs;
        other.data.fill(1e3, start, (b + 1) * tokens * patch * obs);
      }
      const [first, second] = [await parallel(model, y), await parallel(model, other)];
      const each = patch * obs;
      for (let b = 0; b < 2; b++) {
        const at = b * tokens * each;
        assert.deepEqual(
          first.data.slice(at, at + from * each),
          second.data.slice(at, at + from * each),
        );
        assert.notDeepEqual(
          first.data.slice(at + from * each, at + tokens * each),
          second.data.slice(at + from * each, at + tokens * each),
        );
      }
    });
  }
}

Deno.test("a rollout is the model fed its own predictions, with frozen statistics", async () => {
  const model = makeModel({ norm: "fixed", patch: 2 });
  const { config, params } = model;
  const y = randomTensor(generator(9), [3, 8, obs]);
  const steps = 5; // not a multiple of the patch
  const options = { batch: 2 }; // the last batch is not full
  const rolled = await rollout(transformer as Any, config, params, y, steps, options);
  assert.deepEqual(rolled.shape, [3, steps, obs]);
  // The slow way: the parallel form on the sequence grown by every prediction.
  let grown: Tensor = y;
  const predictions: number[][][] = [[], [], []];
  while (predictions[0].length < steps) {
    const whole = await parallel(model, grown);
    const [batch, tokens] = whole.shape;
    const rows: number[] = [];
    for (let b = 0; b < batch; b++) {
      const at = ((b + 1) * tokens - 1) * 2 * obs;
      const last = Array.from(whole.data.slice(at, at + 2 * obs));
      predictions[b].push(last.slice(0, obs), last.slice(obs));
      const length = grown.shape[1];
      rows.push(...grown.data.slice(b * length * obs, (b + 1) * length * obs), ...last);
    }
    grown = tensor(rows, [batch, grown.shape[1] + 2, obs]);
  }
  for (let b = 0; b < 3; b++) {
    for (let h = 0; h < steps; h++) {
      for (let j = 0; j < obs; j++) {
        const got = rolled.data[(b * steps + h) * obs + j];
        assert.ok(Math.abs(got - predictions[b][h][j]) < 1e-4, `rollout ${b}, step ${h}`);
      }
    }
  }
});

Deno.test("an untrained model predicts zero", async () => {
  const config = transformer.configure({ layers: 1, dModel: 4, heads: 1 }, obs);
  const params = toHost(transformer.init(config, 0));
  const out = await parallel({ config, params }, randomTensor(generator(1), [1, 4, obs]));
  assert.ok(out.data.every((x) => x === 0));
});

Deno.test("over data of mean 0 and variance 1, putting fixed statistics back changes nothing", async () => {
  const y = randomTensor(generator(4), [2, 6, obs]);
  const [none, fixed] = [
    await parallel(makeModel({ norm: "none" }), y),
    await parallel(makeModel({ norm: "fixed" }), y),
  ];
  assert.deepEqual(none.data, fixed.data);
});

Deno.test("causal statistics lie between the train statistics and those of the past", async () => {
  const { expandingStatistics, priorWeight } = await import("../../lib/layers/instance_norm.ts");
  const y = randomTensor(generator(2), [1, 6, 1], { low: 3, high: 5 });
  const program = await compile(
    (t: Statistics, y: np.Array) => expandingStatistics(t, y, 2),
    [unitStatistics(1), y],
  );
  const out = await program.run(unitStatistics(1), y);
  const [mean, deviation] = [await out.mean.read(), await out.deviation.read()];
  await program.close();
  for (let k = 0; k < 3; k++) {
    // The prior acts as 8 observations of mean 0 and mean square 1.
    const past = Array.from(y.data.slice(0, 2 * (k + 1)));
    const total = past.length + priorWeight;
    const m = past.reduce((a, b) => a + b, 0) / total;
    const square = (past.reduce((a, b) => a + b * b, 0) + priorWeight) / total;
    assert.ok(Math.abs(mean.data[k] - m) < 1e-5);
    assert.ok(Math.abs(deviation.data[k] - Math.sqrt(square - m * m)) < 1e-5);
  }
});

Deno.test("a fresh layer weighs its past by distance, whatever the contents", () => {
  // Queries and keys that do not look at their tokens: what the last token makes of one value depends on how far back it is.
  const seen = (position: number) => {
    const x = new Float32Array(6 * 8);
    x.fill(1, position * 8, position * 8 + 8);
    const params = attentionInit(random.key(5), 8, 1);
    for (const blind of [params.query, params.key]) {
      blind.weight.dispose();
      blind.weight = np.zeros([8, 8]);
    }
    const { output, keys, values } = attention(params, np.array(x, { shape: [1, 6, 8] }), 2);
    keys.dispose();
    values.dispose();
    return Math.hypot(...output.slice(0, -1).js() as number[]);
  };
  const [near, far] = [seen(4), seen(0)];
  assert.ok(Math.abs(near / far - 1) > 0.01, `${near} and ${far}`);
});
