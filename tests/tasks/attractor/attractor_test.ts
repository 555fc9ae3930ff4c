/** @file Reconstruction of attractors: batches, both losses against plain loops, scores of runners that are given. */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile } from "../../../lib/engine/mod.ts";
import { layer as plrnn } from "../../../lib/layers/sequence/shallow_plrnn.ts";
import { layer as mlstm } from "../../../lib/layers/sequence/mlstm.ts";
import { layer as softmaxAttention } from "../../../lib/layers/sequence/softmax_attention.ts";
import { asSequenceModel, type SequenceModel } from "../../../lib/models/model.ts";
import { model as stack } from "../../../lib/models/stack.ts";
import { keyOf } from "../../../lib/random/random.ts";
import { type Details, task } from "../../../lib/tasks/attractor/attractor.ts";
import { forcedPredictions } from "../../../lib/tasks/attractor/forced.ts";
import { orbitOf } from "../../../lib/tasks/attractor/systems.ts";
import type { Runner } from "../../../lib/tasks/task.ts";
import { type Tensor, tensor } from "../../../lib/tensor/tensor.ts";
import { shakenParameters } from "../../models/stacks.ts";

await initJax("wasm");

const one = { patch: 1 } as SequenceModel;
const seed = { instance: 0, initialisation: 0, data: 4 };
const near = (a: number, b: number, within: number) =>
  assert.ok(Math.abs(a - b) <= within, `${a}, ${b}`);

Deno.test("options and protocol; what does not go together is refused", () => {
  assert.deepEqual(task.configure({}).signature, { kind: "series", channels: 3 });
  assert.equal(task.configure({ length: 7 }).tokens(5), 35);
  assert.deepEqual(task.protocol({}), { warmup: 64 });
  assert.throws(() => task.configure({ system: "henon" }), /attractor options: system = "henon"/);
  assert.throws(() => task.configure({ alpha: 0 }), /alpha = 0/);
  assert.throws(() => task.configure({ length: 100, orbit: 100 }), /length = 100 do not fit into/);
  assert.throws(() => task.protocol({ warmup: 0 }), /warmup = 0/);
  assert.throws(
    () => task.configure({}).source(seed, 2, { patch: 2 } as SequenceModel),
    /reads patches of 2; expected patch = 1/,
  );
});

Deno.test("a batch is pieces of one orbit of its key, others at other steps", () => {
  const options = { orbit: 120, length: 5 };
  const batch = (step: number, own = seed) =>
    (task.configure(options).source(own, 40, one)(step) as { y: Tensor }).y;
  assert.deepEqual(batch(3), batch(3));
  assert.notDeepEqual(batch(3).data, batch(2).data);
  assert.notDeepEqual(batch(3).data, batch(3, { ...seed, data: 5 }).data);
  assert.deepEqual(batch(3, { ...seed, initialisation: 9 }), batch(3));
  const { data } = batch(0);
  assert.equal(data.length, 600);
  // Begins are drawn from all 116 places of the orbit: 480 draws leave two of them out on average.
  const begins = new Set<number>();
  for (let step = 0; step < 12; step++) {
    const { data } = batch(step);
    for (let b = 0; b < 40; b++) begins.add(data[15 * b]);
  }
  assert.ok(begins.size > 105 && begins.size <= 116, `${begins.size}`);
});

/** A model that predicts half of what it reads, plus a third of its state, the sum of what it has read. */
const half = {
  patch: 1,
  initialState: (batch: number) => ({ sum: tensor(1, [batch, 3]) }),
  step(
    params: { w: np.Array },
    { sum }: { sum: np.Array },
    x: np.Array,
    observed: np.Array,
  ) {
    const [batch] = x.shape;
    observed.dispose();
    const next = sum.add(x.ref.reshape([batch, 3]));
    const out = x.mul(params.w).add(next.ref.reshape([batch, 1, 3]).mul(1 / 3));
    return [{ sum: next }, out];
  },
} as unknown as SequenceModel;

Deno.test("generalised teacher forcing mixes what was observed with what was predicted, as a plain loop does", async () => {
  const y = orbitOf("lorenz", keyOf(1), 8);
  for (const alpha of [1, 0.25]) {
    const args = [{ w: tensor(0.5, []) }, tensor(Float32Array.from(y), [2, 4, 3])] as const;
    const program = await compile(
      (params: { w: np.Array }, x: np.Array) => forcedPredictions(half, params, x, alpha),
      [...args] as never,
    );
    const { data, shape } = await (await program.run(...args as unknown as never[])).read();
    await program.close();
    assert.deepEqual(shape, [2, 4, 3]);
    for (const b of [0, 1]) {
      for (const i of [0, 1, 2]) {
        const at = (t: number) => 12 * b + 3 * t + i;
        let [sum, guess] = [1, y[at(0)]];
        for (let t = 0; t < 4; t++) {
          const token = alpha * y[at(t)] + (1 - alpha) * guess;
          sum += token;
          guess = token / 2 + sum / 3;
          near(data[at(t)], guess, 1e-5);
        }
      }
    }
  }
});

/** A small bare stack of one layer for the task, with parameters that hide nothing: a fresh head is zero. */
function shaken(name: string, layer: unknown, options: object) {
  const { signature } = task.configure({});
  const model = asSequenceModel(stack.configure(
    { block: "bare", width: 4 },
    { signature, layers: [{ name, layer, options } as never] },
  ));
  return { model, params: shakenParameters(model) as never };
}

/** Orbits [2, 6, 3]. */
const pieces = tensor(Float32Array.from(orbitOf("rossler", keyOf(2), 12)), [2, 6, 3]);

Deno.test("the loss at alpha 1 is that of a model's own outputs, and the same by forcing; at alpha .5 of its own predictions too", async () => {
  const { model, params } = shaken("shallow_plrnn", plrnn, { state: 5, hidden: 4 });
  const forced = (params: np.Array, y: np.Array, alpha: number) => {
    const out = forcedPredictions(model, params as never, y.ref, alpha);
    const error = out.slice([], [0, 5]).sub(y.slice([], [1, 6]));
    return np.mean(error.ref.mul(error));
  };
  const loss = (options: object, params: np.Array, y: np.Array) =>
    task.configure({ length: 6, ...options }).loss(model, params as never, { y });
  const program = await compile((params: np.Array, y: np.Array) => ({
    plain: loss({}, tree.ref(params), y.ref),
    forced: forced(tree.ref(params), y.ref, 1),
    mixed: loss({ alpha: 0.5 }, tree.ref(params), y.ref),
    half: forced(params, y, 0.5),
  }), [params, pieces]);
  const out = await program.run(params, pieces) as unknown as Record<
    string,
    { read(): Promise<Tensor> }
  >;
  const [plain, whole, mixed, halfForced] = await Promise.all(
    ["plain", "forced", "mixed", "half"].map(async (name) => (await out[name].read()).data[0]),
  );
  await program.close();
  near(plain, whole, 1e-6);
  near(mixed, halfForced, 1e-6);
  assert.ok(Math.abs(mixed - plain) > 1e-2, `${mixed}, ${plain}`);
});

for (const [name, layer] of Object.entries({ softmax_attention: softmaxAttention, mlstm })) {
  Deno.test(`forcing carries the integers of a state: ${name}`, async () => {
    const { model, params } = shaken(name, layer, { heads: 1 });
    const program = await compile((params: np.Array, y: np.Array) => ({
      own: model.apply(tree.ref(params) as never, y.ref),
      forced: forcedPredictions(model, params as never, y, 1),
    }), [params, pieces]);
    const out = await program.run(params, pieces) as unknown as Record<
      string,
      { read(): Promise<Tensor> }
    >;
    const [own, forced] = [await out.own.read(), await out.forced.read()];
    await program.close();
    assert.ok(own.data.some((v) => Math.abs(v) > 1e-2));
    assert.deepEqual(forced.shape, [2, 6, 3]);
    forced.data.forEach((v, i) => near(v, own.data[i], 1e-5));
  });
}

/** A runner that goes on with given orbits. */
const runner = (generated: (n: number, steps: number) => ArrayLike<number>) =>
  ({
    model: one,
    params: {},
    apply: () => assert.fail("not asked for"),
    outputs: () => assert.fail("not asked for"),
    generate(x: Tensor, steps: number) {
      const [sequences, warmup] = x.shape;
      assert.equal(warmup, 20);
      const data = Array.from({ length: sequences }, (_, n) => Array.from(generated(n, steps)));
      return Promise.resolve(tensor(data.flat(), [sequences, steps, 3]));
    },
  }) as unknown as Runner<SequenceModel>;

Deno.test("scores: true orbits close the gap, the mean is the floor, what escapes is said", async () => {
  const own = task.configure({ scored: 532 });
  const tensors = own.generate!(0, 7, 2);
  const score = async (of: (n: number, steps: number) => ArrayLike<number>) => {
    const found = await own.evaluate(runner(of), 0, { tensors }, { warmup: 20 });
    return { ...found, details: found.details as Details };
  };
  const data = tensors.y.data;
  const same = await score((n) => data.slice((532 * n + 20) * 3, 532 * (n + 1) * 3));
  near(same.loss, 0, 1e-9);
  near(same.details.spectrum.loss, 0, 1e-6);
  assert.equal(same.details.generated, 512);
  assert.ok(same.gapClosed > 1);
  const still = await score((_, steps) => new Float32Array(3 * steps));
  assert.equal(still.loss, still.floor);
  assert.equal(still.gapClosed, 0);
  assert.equal(still.details.spectrum.loss, 1);
  const others = await score((n, steps) => orbitOf("lorenz", keyOf(90 + n), steps));
  assert.ok(others.gapClosed > 0.8 && others.details.spectrum.loss < 0.3);
  near(others.loss, others.optimum, 0.3 * others.floor);
  assert.equal(others.details.escaped, 0);
  const gone = await score((n, steps) =>
    n === 0 ? new Float32Array(3 * steps).fill(NaN) : new Float32Array(3 * steps).fill(101)
  );
  assert.equal(gone.details.escaped, 1);
  assert.ok(gone.gapClosed < 0.5);
});

Deno.test("data that are no orbits, and warm-ups that leave nothing", async () => {
  const own = task.configure({ scored: 30 });
  const evaluate = (tensors: Record<string, Tensor>, warmup = 20) =>
    own.evaluate(runner(() => []), 0, { tensors }, { warmup });
  await assert.rejects(evaluate({}), /hold no orbits y \[N, T, 3\]/);
  await assert.rejects(evaluate({ y: tensor(0, [2, 30, 2]) }), /hold no orbits/);
  await assert.rejects(
    evaluate(own.generate!(0, 1, 1), 30),
    /a warm-up of 30 leaves nothing of 30/,
  );
});
