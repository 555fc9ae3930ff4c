/** @file The stage of Jacobians: against differences of the whole stack, block by block, and what it refuses. */
import assert from "node:assert/strict";
import { init as initJax, random } from "@jax-js/jax";
import { compile } from "../../../lib/engine/engines/ort.ts";
import type { JaxArray } from "../../../lib/engine/arrays.ts";
import { layer as e1 } from "../../../lib/layers/sequence/e1.ts";
import { singularValues } from "../../../lib/linalg/svd.ts";
import { blockJacobian } from "../../../lib/models/block_jacobian.ts";
import type { Model, SequenceModel } from "../../../lib/models/model.ts";
import { model as stack, type StackParams } from "../../../lib/models/stack.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { type Tensor, tensor, type Tree } from "../../../lib/tensor/tensor.ts";
import { flatten, unflatten } from "../../../lib/tensor/trees.ts";
import { freshParameters, toHost } from "../../../lib/train/host.ts";
import { pilot } from "../../../pipeline/estimate/pilots/stack_jacobian.ts";
import * as stage from "../../../pipeline/stages/stack_jacobian.ts";
import { artifact, dataset, runStage } from "./run_stage.ts";

const task = { name: "filtering", options: { latentDim: 4, obsDim: 2, length: 6 } };
const bare = { name: "stack", options: { block: "bare", width: 2 } };
const residual = { name: "stack", options: { block: "residual", mlp: false, width: 2 } };
const signature = { kind: "series", channels: 2 } as const;
const y = tensor(Float32Array.from(normals(keyOf(5), 24)), [2, 6, 2]);

const layersOf = (count: number) => Array(count).fill({ name: "e1", options: {} });
const modelOf = (options: object, count: number) =>
  stack.configure(options, {
    signature,
    layers: layersOf(count).map((part) => ({ ...part, layer: e1 })),
  });

/** The stage on a stack whose trained model has the parameters of another seed. */
async function run(
  model: { name: string; options: object },
  count: number,
  tokens = 3,
  more: object = {},
) {
  const trained = await freshParameters(modelOf(model.options, count), 9);
  const files = { "model-0.safetensors": { tensors: flatten(trained) } };
  return await runStage(
    stage,
    { task, model, layers: layersOf(count), initialisation: 4, tokens, ...more },
    { inputs: { model: artifact({ files }), data: dataset(y) } },
  );
}

/** Jacobian of a model without ends, which is the map of its stream, by differences. */
async function differences(model: Model, params: Tree<Tensor>, tokens: number) {
  const x = tensor(Float32Array.from(y.data.subarray(0, 2 * tokens)), [1, tokens, 2]);
  const n = 2 * tokens;
  const program = await compile(
    (p: StackParams, x: JaxArray) => (model as SequenceModel<StackParams>).apply(p, x),
    [params, x],
  );
  const at = async (k: number, step: number) => {
    const moved = tensor(x.data.map((v, i) => i === k ? v + step : v) as Float32Array, x.shape);
    const out = await program.run(params, moved);
    const { data } = await out.read();
    out.dispose();
    return data;
  };
  const J = new Float64Array(n * n);
  const h = 2e-2;
  for (let k = 0; k < n; k++) {
    const [above, below, far, near] = [
      ...[await at(k, h), await at(k, -h), await at(k, 2 * h), await at(k, -2 * h)],
    ];
    // Fourth order, since single precision allows no small step.
    for (let i = 0; i < n; i++) {
      J[i * n + k] = (8 * (above[i] - below[i]) - (far[i] - near[i])) / (12 * h);
    }
  }
  await program.close();
  return { J, n, x };
}

Deno.test("the Jacobian of one block is that of differences of the stack, which is causal", async () => {
  await initJax("wasm");
  const config = e1.configure({}, 2);
  const block = { layer: toHost(e1.init(config, random.key(1))) };
  const bareStack = modelOf({ block: "bare", norm: "none" }, 1);
  const { J, n, x } = await differences(bareStack, { ends: {}, blocks: [block] }, 3);
  const copies = tensor(Float32Array.from({ length: n * n }, (_, i) => x.data[i % n]), [n, 3, 2]);
  const mine = await compile(blockJacobian(e1, config), [block, copies]);
  const [[sum, out], own] = await mine.run(block, copies);
  const { data } = await own.read();
  for (const handle of [sum, out, own]) handle.dispose();
  await mine.close();
  let largest = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      largest = Math.max(largest, Math.abs(J[i * n + j]));
      assert.ok(Math.abs(data[i * n + j] - J[i * n + j]) < 2e-4, `${i}, ${j}`);
      if (j >> 1 > i >> 1) assert.equal(data[i * n + j], 0);
    }
  }
  assert.ok(largest > 0.05);
});

Deno.test("one layer: the stack is its block; several: no more than their sum, fresh and trained apart", async () => {
  for (const model of [bare, residual]) {
    const one = await run(model, 1);
    assert.ok(Math.abs(one.scalars.fresh - one.scalars.freshBlocks) < 1e-9);
    assert.notEqual(one.scalars.fresh, one.scalars.trained);
    const three = await run(model, 3);
    const { fresh, trained } = three.json("scores.json");
    for (const [name, blocks] of [["fresh", fresh], ["trained", trained]] as const) {
      assert.equal(blocks.length, 3);
      const sum = blocks.reduce((a: number, b: number) => a + b, 0);
      assert.ok(Math.abs(three.scalars[`${name}Blocks`] - sum) < 1e-9);
      assert.ok(three.scalars[name] < sum && three.scalars[name] > 0);
    }
    assert.deepEqual(three.progress.at(-1), [6, 6]);
  }
  const [short, long] = [await run(residual, 2, 1), await run(residual, 2, 6)];
  assert.notEqual(short.scalars.fresh, long.scalars.fresh);
});

Deno.test("two layers: the condition number that is reported is that of differences of the whole stack", async () => {
  const model = { name: "stack", options: { ...bare.options, norm: "none" } };
  const { scalars } = await run(model, 2);
  const whole = modelOf(model.options, 2);
  for (const [name, seed] of [["fresh", 4], ["trained", 9]] as const) {
    const own = flatten(await freshParameters(whole, seed));
    const embed = Array.from(own["ends.embed.weight"].data);
    // A head that changes nothing, so that what leaves the last layer is what is predicted.
    own["ends.head.weight"] = tensor(Float32Array.of(1, 0, 0, 1), [2, 2]);
    const { J, n } = await differences(
      whole,
      unflatten(await freshParameters(whole, seed), own),
      3,
    );
    const values = singularValues(afterEmbedding(J, embed), n, n);
    const want = Math.log(values[0] / values.at(-1)!);
    assert.ok(Math.abs(scalars[name] - want) < 0.02 * want, `${scalars[name]}, ${want}`);
  }
});

/** J (I x E)^-1 of tokens of two channels, which enter as x E: what the stack does to its stream. */
function afterEmbedding(J: Float64Array, [a, b, c, d]: number[]): Float64Array {
  const det = a * d - b * c;
  // Columns are observations: stream = E' x, so the derivative by the stream is J E'^-1.
  return Float64Array.from(J, (_, at) => {
    const pair = at - at % 2;
    const [x, y] = [J[pair], J[pair + 1]];
    return at % 2 === 0 ? (x * d - y * b) / det : (y * a - x * c) / det;
  });
}

Deno.test("what it refuses: MLPs, layers that differ, more tokens than there are, what is no series", async () => {
  const withMlp = { name: "stack", options: { width: 2 } };
  await assert.rejects(run(withMlp, 1), /have MLPs; expected the option mlp: false/);
  await assert.rejects(run(bare, 1, 7), /tokens = 7, but test sequences have 6/);
  const layers = [{ name: "e1" }, { name: "e1", options: { expansion: 2 } }];
  await assert.rejects(run(bare, 2, 3, { layers }), /layers differ/);
  const parity = { name: "parity", options: { maximum: 8, length: 8 } };
  await assert.rejects(run(bare, 1, 3, { task: parity }), /lack ends\.embed/);
  assert.equal(stage.usesEngine, true);
});

Deno.test("the pilot is the whole, the same for every seed and system", () => {
  const p = {
    ...{ task: { name: "filtering", options: { lambda: 0.9 } }, model: bare, layers: [] },
    ...{ instance: 0, initialisation: 1, index: 0, tokens: 4 },
  };
  const { class: own, ...rest } = pilot(p);
  assert.deepEqual(rest, { params: p, units: 1, of: 1 });
  assert.deepEqual(pilot({ ...p, instance: 3, initialisation: 2, index: 1 }).class, own);
  assert.notDeepEqual(pilot({ ...p, tokens: 5 }).class, own);
  assert.deepEqual(stage.facts({ ...p, instance: 3, index: 2 }), {
    ...{ instance: 3, "instance of model 2": 3 },
  });
});
