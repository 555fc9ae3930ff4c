/** @file A trained model at work on many inputs: compiled once for a batch, and run batch by batch. */
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import {
  type Compile,
  describe,
  type Handle,
  type Program,
  type Spec,
  type Tensor,
  type Tree,
} from "../engine/types.ts";
import { asSequenceModel, type Model, type SequenceModel } from "../models/model.ts";
import type { Outputs, Runner } from "../tasks/task.ts";
import { fitBatch, inBatches } from "./batches.ts";
import { compileRollout } from "./rollout.ts";
import { rolloutBytes } from "./rollout_bytes.ts";

/** How a model runs: in batches of which size, on which engine, and who hears of it. */
export interface RunnerOptions {
  /** Of the engine that runs it. */
  readonly compile: Compile;
  /** Inputs in a batch; free-running takes fewer where memory demands it. */
  readonly batch: number;
  /** Bytes that the states of a batch may take when a model runs free; no limit by default. */
  readonly memoryBytes?: number;
  /** Inputs done, of all; fractions while a batch runs free. */
  readonly onProgress?: (done: number, total: number) => void;
  /** When a model runs free: inputs of a batch that is done. */
  readonly onBatch?: (count: number) => void;
  /** When a model runs free, after every token of a batch: observations predicted; 0 for the first, which ends the warm-up. */
  readonly onToken?: (observations: number) => void;
  /** When a model runs free: bytes that one sequence takes. */
  readonly onMemory?: (bytes: number) => void;
  /** What a reader of the log wants to know. */
  readonly log?: (line: string) => void;
}

/** A runner and the programs that it keeps, one for each shape of a batch. */
export interface OpenRunner<M extends Model = Model> extends Runner<M> {
  /** Frees the programs. */
  close(): Promise<void>;
}

/** Runs a model with given parameters. */
export function runnerOf<M extends Model>(
  model: M,
  params: Tree<Tensor>,
  options: RunnerOptions,
): OpenRunner<M> {
  const { compile, batch, onProgress } = options;
  const programs = new Map<string, Promise<Program>>();
  const programFor = (inputs: Spec) => {
    const id = describe(inputs);
    const known = programs.get(id) ??
      compile((params: Arrays, x: JaxArray) => model.apply(params, x), [params, inputs]);
    programs.set(id, known);
    return known;
  };
  async function* outputs(x: Tensor): AsyncGenerator<Outputs> {
    const [total, ...rest] = x.shape;
    const size = Math.min(batch, total);
    const program = await programFor({ dtype: x.dtype, shape: [size, ...rest] });
    for (const { x: slice, count, first } of inBatches(x, size)) {
      const handle: Handle = await program.run(params, slice);
      const { dtype, shape: [, ...shape], data } = await handle.read();
      handle.dispose();
      onProgress?.(first + count, total);
      const values = data.subarray(0, count * (data.length / size));
      yield { first, values: { dtype, shape: [count, ...shape], data: values } };
    }
  }
  return {
    model,
    params,
    outputs,
    async apply(x) {
      const [total] = x.shape;
      let out: Tensor | undefined;
      for await (const { first, values: { dtype, shape: [count, ...shape], data } } of outputs(x)) {
        const each = data.length / count;
        out ??= { dtype, shape: [total, ...shape], data: new Float32Array(total * each) };
        out.data.set(data, first * each);
      }
      return out!;
    },
    // Async, so that a model that cannot is a rejection.
    generate: async (x, steps) =>
      await generateInBatches(asSequenceModel(model), params, x, steps, options),
    async close() {
      const made = await Promise.allSettled(programs.values());
      programs.clear();
      for (const program of made) {
        if (program.status === "fulfilled") await program.value.close();
      }
    },
  };
}

async function generateInBatches(
  model: SequenceModel,
  params: Tree<Tensor>,
  x: Tensor,
  steps: number,
  { compile, batch, memoryBytes = Infinity, ...on }: RunnerOptions,
): Promise<Tensor> {
  const [total, warmup, channels] = x.shape;
  const bytes = rolloutBytes(model, params, Math.ceil((warmup + steps) / model.patch), channels);
  const wanted = Math.min(batch, total);
  const size = fitBatch(wanted, bytes, memoryBytes);
  on.onMemory?.(bytes);
  if (size < wanted) {
    const each = (bytes / 2 ** 20).toFixed(2);
    on.log?.(
      `rollouts: ${total} sequences, about ${each} MiB each, batches of ${size} ` +
        `(reduced to fit ${memoryBytes / 2 ** 20} MiB)`,
    );
  }
  const data = new Float32Array(total * steps * channels);
  const shape = [size, warmup, channels];
  const rollout = await compileRollout(model, params, shape, steps, compile);
  try {
    for (const { x: slice, count, first } of inBatches(x, size)) {
      const out = await rollout.run(slice, (done, all) => {
        on.onToken?.(done === 1 ? 0 : size * model.patch);
        on.onProgress?.(first + (count * done) / all, total);
      });
      on.onBatch?.(count);
      const each = steps * channels;
      data.set(out.data.subarray(0, count * each), first * each);
    }
  } finally {
    await rollout.close();
  }
  return { dtype: "float32", shape: [total, steps, channels], data };
}
