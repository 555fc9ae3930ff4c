/**
 * @file Stage that measures how well conditioned a stack is as a map of its stream, fresh and trained: the Jacobian of every block at the stream of
 * one test sequence, and the condition number of their product beside those of its factors.
 */
import { z } from "zod";
import type { Handle, Program } from "../../lib/engine/types.ts";
import type { SequenceLayer } from "../../lib/layers/sequence/sequence_layer.ts";
import { logConditionOfProduct } from "../../lib/linalg/product_condition.ts";
import { blockJacobian } from "../../lib/models/block_jacobian.ts";
import * as patches from "../../lib/models/ends/patches.ts";
import type { JaxArray } from "../../lib/engine/arrays.ts";
import { readOptions } from "../../lib/options.ts";
import { type Tensor, tensor, type Tree } from "../../lib/tensor/tensor.ts";
import { unflatten } from "../../lib/tensor/trees.ts";
import { disposeTree, freshParameters, readTree } from "../../lib/train/host.ts";
import { modelOf, partModules, type Parts, partsFields, taskOf } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

/** Of a stack of residual blocks without MLPs, or of bare ones, all with the same layer, on series. */
export interface Params extends Parts {
  instance: number;
  initialisation: number;
  /** Which of the models that were trained together. */
  index: number;
  /** T: that many observations of the first test sequence. */
  tokens: number;
}

export const usesEngine = true;

export function params() {
  return z.strictObject({
    ...partsFields(),
    instance: z.number().int().nonnegative().default(0),
    initialisation: z.number().int().nonnegative(),
    index: z.number().int().nonnegative().default(0),
    tokens: z.number().int().min(1),
  });
}

export function facts({ instance, index }: Params) {
  return { instance, [`instance of model ${index}`]: instance };
}

export function modules(params: Params) {
  return partModules(params);
}

/** As in stack.ts, on the host. */
interface Stack {
  ends: Tree<Tensor>;
  blocks: { [name: string]: Tree<Tensor> }[];
}

/**
 * Inputs: `model` (of train) and `data` (of generate). Leaves the scalars `fresh` and `trained`, log condition number of the stack, and `freshBlocks` and
 * `trainedBlocks`, the sum of those of its blocks, which is never smaller; and `scores.json` with the latter block by block.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { layers, initialisation, index } = ctx.params;
  if (layers.some((layer) => JSON.stringify(layer) !== JSON.stringify(layers[0]))) {
    throw new Error("stack_jacobian: the layers differ; expected a stack of one layer");
  }
  const { task, data } = await taskOf(ctx, ctx.inputs.data);
  const fresh = await freshParameters(modelOf(ctx, task), initialisation);
  const saved = await ctx.inputs.model.tensors(`model-${index}.safetensors`);
  const models = [fresh, unflatten(fresh, saved)] as unknown as Stack[];
  if (models.some(({ blocks }) => blocks.some((block) => "mlp" in block))) {
    throw new Error("stack_jacobian: the blocks have MLPs; expected the option mlp: false");
  }
  const streams = await streamsOf(ctx, models, task.signature, data.tensors?.y);
  const { length: n } = streams[0].data;
  const [, width] = streams[0].shape;
  const layer: SequenceLayer = ctx.modules[`layer ${layers[0].name}`].layer;
  const program = await ctx.compile(
    blockJacobian(layer, layer.configure(layers[0].options, width)),
    [models[0].blocks[0], copies(streams[0])],
  );
  const measured: { log: number; blocks: number[] }[] = [];
  try {
    for (const [m, { blocks }] of models.entries()) {
      const factors: Float64Array[] = [];
      let stream = streams[m];
      for (const block of blocks) {
        const [next, J] = await through(program, block, stream);
        factors.push(J);
        stream = next;
        ctx.progress(m * blocks.length + factors.length, models.length * blocks.length);
      }
      measured.push({
        log: logConditionOfProduct(factors, n),
        blocks: factors.map((J) => logConditionOfProduct([J], n)),
      });
    }
  } finally {
    await program.close();
  }
  const [start, end] = measured;
  const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
  return {
    files: { "scores.json": { json: { fresh: start.blocks, trained: end.blocks } } },
    scalars: {
      ...{ fresh: start.log, trained: end.log },
      ...{ freshBlocks: sum(start.blocks), trainedBlocks: sum(end.blocks) },
    },
  };
}

/** What enters the first block of each model, [T, d]. */
async function streamsOf(
  { params: { model: { options }, tokens }, compile }: StageContext<Params>,
  models: readonly Stack[],
  signature: { kind: string },
  y: Tensor | undefined,
): Promise<Tensor[]> {
  if (signature.kind !== "series" || !y) {
    throw new Error("stack_jacobian: expected a task on series, and its test data");
  }
  const schema = z.object({ ...patches.options, width: z.number().int().optional() });
  const ends = patches.ends(
    readOptions("stack", schema, options),
    signature as Parameters<typeof patches.ends>[1],
  );
  const [, length, channels] = y.shape;
  if (tokens * ends.patch > length) {
    throw new RangeError(
      `stack_jacobian: tokens = ${tokens}, but test sequences have ${length} observations; lower it`,
    );
  }
  const observed = tokens * ends.patch;
  const first = tensor(
    Float32Array.from(y.data.subarray(0, observed * channels)),
    [1, observed, channels],
  );
  const program = await compile(
    (params: patches.PatchParams, y: JaxArray) => ends.enter(params, y).tokens,
    [models[0].ends, first],
  );
  try {
    const streams: Tensor[] = [];
    for (const { ends: params } of models) {
      const handle: Handle = await program.run(params, first);
      const { data, shape } = await handle.read();
      handle.dispose();
      streams.push(tensor(Float32Array.from(data), shape.slice(1)));
    }
    return streams;
  } finally {
    await program.close();
  }
}

/** What leaves a block, and its Jacobian [n, n] in float64. */
async function through(
  program: Program,
  block: Tree<Tensor>,
  stream: Tensor,
): Promise<[Tensor, Float64Array]> {
  const found: [[Handle, Handle], Handle] = await program.run(block, copies(stream));
  const [[, y], J] = await readTree(found) as unknown as [[Tensor, Tensor], Tensor];
  disposeTree(found);
  const next = tensor(Float32Array.from(y.data.subarray(0, stream.data.length)), stream.shape);
  return [next, Float64Array.from(J.data)];
}

/** n = T d copies of a stream [T, d]. */
function copies({ data, shape }: Tensor): Tensor {
  const n = data.length;
  const all = new Float32Array(n * n);
  for (let k = 0; k < n; k++) all.set(data, k * n);
  return tensor(all, [n, ...shape]);
}
