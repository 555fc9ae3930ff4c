/** @file What is true of every sequence model of series, as assertions over a model and its parameters. */
import { numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Arrays } from "../../lib/engine/arrays.ts";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import {
  compile,
  type EngineName,
  type Handle,
  type Tensor,
  tensor,
  type Tree,
} from "../../lib/engine/mod.ts";
import type { Model } from "../../lib/models/model.ts";
import { patchLoss } from "../../lib/tasks/filtering/next_patch.ts";
import { isSpec, leavesOf, mapLeaves } from "../../lib/tensor/trees.ts";
import { runnerOf } from "../../lib/train/runner.ts";
import { compileStepForm } from "../../lib/train/step_form.ts";
import { assertParity } from "../engine/layer_cases.ts";
import { generator, randomTensor, runEngine, runJax } from "../engine/oracle.ts";
import { assertSlopes } from "../engine/slopes.ts";
import type { Made } from "./stacks.ts";
import { nativeTfjs } from "../engine/native_tfjs.ts";

/** Outputs for whole inputs. */
export async function outputs(model: Model, params: Tree<Tensor>, x: Tensor): Promise<Tensor> {
  const apply = (params: Arrays, x: np.Array) => model.apply(params, x);
  const program = await compile(apply, [params, x]);
  const out = await (await program.run(params, x)).read();
  await program.close();
  return out;
}

function assertNear(got: ArrayLike<number>, want: ArrayLike<number>, bound: number, what: string) {
  assert.equal(got.length, want.length, what);
  for (let i = 0; i < want.length; i++) {
    const allowed = bound * Math.max(1, Math.abs(want[i]));
    assert.ok(Math.abs(got[i] - want[i]) <= allowed, `${what}, ${i}: ${got[i]}, ${want[i]}`);
  }
}

/** The step form, from the initial state on, predicts at every position what the parallel form does. */
export async function assertFormsAgree({ model, params, channels }: Made, tokens: number) {
  const batch = 2;
  const { patch } = model;
  const y = randomTensor(generator(11), [batch, tokens * patch, channels]);
  const whole = await outputs(model, params, y);
  assert.deepEqual([...whole.shape], [batch, tokens, patch, channels]);
  const start = model.initialState(batch, tokens);
  const form = await compileStepForm(model, params, [batch, patch, channels], start, compile);
  const each = patch * channels;
  let k = 0;
  for await (const { prediction } of form.through(start, y)) {
    assert.deepEqual([...prediction.shape], [batch, patch, channels]);
    const { data } = await prediction.read();
    for (let b = 0; b < batch; b++) {
      const want = whole.data.slice((b * tokens + k) * each, (b * tokens + k + 1) * each);
      assertNear(data.slice(b * each, (b + 1) * each), want, 2e-5, `sequence ${b}, token ${k}`);
    }
    k++;
  }
  assert.equal(k, tokens);
  await form.close();
}

/** Changing tokens from `from` on changes outputs from there on, and none before. */
export async function assertCausal(
  { model, params, channels }: Made,
  tokens: number,
  from: number,
) {
  const each = model.patch * channels;
  const y = randomTensor(generator(5), [2, tokens * model.patch, channels]);
  const other = { ...y, data: y.data.slice() };
  for (const b of [0, 1]) {
    other.data.fill(1e3, (b * tokens + from) * each, (b + 1) * tokens * each);
  }
  const [first, second] = [await outputs(model, params, y), await outputs(model, params, other)];
  for (const b of [0, 1]) {
    const [start, cut, end] = [b * tokens, b * tokens + from, (b + 1) * tokens].map((t) =>
      t * each
    );
    assert.deepEqual(first.data.slice(start, cut), second.data.slice(start, cut));
    assert.notDeepEqual(first.data.slice(cut, end), second.data.slice(cut, end));
  }
}

/** Observations [B, T, channels] with more of them at the end. */
function grown({ shape: [batch, length, channels], data }: Tensor, more: number[][]): Tensor {
  const each = length * channels;
  const rows = more.flatMap((own, b) => [...data.slice(b * each, (b + 1) * each), ...own]);
  return tensor(rows, [batch, rows.length / batch / channels, channels]);
}

/** A rollout is the parallel form over the sequence grown by every prediction. Wants statistics that do not expand. */
export async function assertRollout({ model, params, channels }: Made, warmup = 8) {
  const y = randomTensor(generator(9), [3, warmup, channels]);
  const steps = 5; // not a multiple of a patch of 2
  // The last batch is not full.
  const rolled = await runnerOf(model, params, { batch: 2, compile }).generate(y, steps);
  assert.deepEqual([...rolled.shape], [3, steps, channels]);
  const predictions: number[][] = [[], [], []];
  const each = model.patch * channels;
  while (predictions[0].length < steps * channels) {
    const whole = await outputs(model, params, grown(y, predictions));
    const tokens = whole.shape[1];
    predictions.forEach((own, b) => {
      const at = ((b + 1) * tokens - 1) * each;
      own.push(...whole.data.slice(at, at + each));
    });
  }
  predictions.forEach((want, b) => {
    const size = steps * channels;
    const got = rolled.data.slice(b * size, (b + 1) * size);
    assertNear(got, want.slice(0, size), 1e-4, `rollout ${b}`);
  });
}

/** The loss of a batch of noise as a function of single arrays, the parameters first. */
function lossOf({ model, params, channels }: Made, batch: number, tokens: number) {
  const random = generator(8);
  const data = [
    randomTensor(random, [batch, tokens * model.patch, channels]),
    randomTensor(random, [tokens - 1, model.patch, 1], { low: 0.5, high: 2 }),
  ];
  const leaves = leavesOf(params);
  const loss = (...arrays: np.Array[]) => {
    const next = arrays.values();
    const isLeaf = (value: Tree<Tensor>): value is Tensor => isSpec(value);
    const own: Arrays = mapLeaves(params, isLeaf, () => next.next().value!);
    const [y, weights] = next;
    return patchLoss(model.apply(own, y.ref), y, weights);
  };
  return { loss, args: [...leaves, ...data], argnums: leaves.map((_, i) => i) };
}

/** The loss and its gradients in float64: those of engine `ort`, which are slopes; of jax-js where that has no convolution. */
async function exactGradients({ loss, args, argnums }: ReturnType<typeof lossOf>) {
  const wide = args.map((arg): Tensor => ({
    ...arg,
    dtype: "float64",
    data: Float64Array.from(arg.data),
  }));
  const program = await compile(valueAndGrad(loss, { argnums }), wide).catch((error) => {
    if (!/Could not find an implementation for Conv/.test(error.message)) throw error;
  });
  // deno-lint-ignore no-explicit-any
  if (!program) return runJax((jaxValueAndGrad as any)(loss, { argnums }), wide, "float64");
  const valueAndGradients = async (args: Tensor[]): Promise<[Tensor, Tensor[]]> => {
    const [value, gradients] = await program.run(...args);
    return [await value.read(), await Promise.all(gradients.map((g: Handle) => g.read()))];
  };
  const value = async (args: Tensor[]) => (await valueAndGradients(args))[0].data[0];
  const found = await assertSlopes(wide, { argnums, value, valueAndGradients });
  await program.close();
  return found;
}

/** Gradients are right in float64, and in float32 the same on every engine that is quick. */
export async function assertQuickGradients(made: Made, batch: number, tokens: number) {
  const own = lossOf(made, batch, tokens);
  const { loss, args, argnums } = own;
  const want = await exactGradients(own);
  for (const engine of ["ort", "tfjs", ...nativeTfjs] satisfies EngineName[]) {
    assertParity(await runEngine(valueAndGrad(loss, { argnums }), args, engine), want);
  }
}

/** Loss and every gradient agree with those of jax-js in float64, loops unrolled, on every engine that runs everywhere. */
export async function assertGradients(made: Made, batch: number, tokens: number) {
  const { loss, args, argnums } = lossOf(made, batch, tokens);
  // deno-lint-ignore no-explicit-any
  const unrolled = (jaxValueAndGrad as any)(loss, { argnums });
  const want = runJax(unrolled, args, "float64");
  for (const engine of ["ort", "jax", "tfjs", ...nativeTfjs] satisfies EngineName[]) {
    assertParity(await runEngine(valueAndGrad(loss, { argnums }), args, engine), want);
  }
}
