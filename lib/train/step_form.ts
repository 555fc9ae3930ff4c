/**
 * @file The step form of a sequence model, compiled once and run patch by patch; what it carries stays on the engine's side.
 */
import type { np } from "../engine/arrays.ts";
import {
  compile,
  type CompileOptions,
  type Handle,
  type Program,
  type Spec,
  type Tensor,
  tensor,
  type Tree,
} from "../engine/mod.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import type { Params, SequenceConfig, SequenceModel } from "../models/sequence_model.ts";
import { disposeTree } from "./host.ts";

/** What a step leaves: the prediction of the next patch [B, patch, obs], and the state. */
export interface Stepped {
  readonly prediction: Handle;
  readonly state: Tree<Handle>;
}

type HostStatistics = { readonly mean: Tensor; readonly variance: Tensor };

export interface StepForm {
  /**
   * One more patch y [B, patch, obs].
   * @param position index of the token.
   * @param learn whether the patch may enter expanding statistics.
   */
  step(
    state: Tree<Tensor | Handle>,
    y: Tensor | Handle,
    position: number,
    learn: boolean,
  ): Promise<Stepped>;
  /**
   * The first patches of y [B, T, obs], all of them by default; the statistics learn. Predictions are the consumer's to
   * dispose of, and so is the last state; the others are freed on the way.
   */
  through(state: Tree<Tensor>, y: Tensor, patches?: number): AsyncGenerator<Stepped>;
  close(): Promise<void>;
}

/**
 * @param train statistics of the training data.
 * @param batch B
 * @param state an example, for shapes.
 */
export async function compileStepForm<C extends SequenceConfig>(
  model: SequenceModel<C>,
  config: C,
  params: Params,
  train: HostStatistics,
  batch: number,
  state: Tree<Spec>,
  options: CompileOptions,
): Promise<StepForm> {
  const { patch, obsDim } = config;
  const fn = (
    p: Params,
    t: Statistics,
    s: unknown,
    y: np.Array,
    at: np.Array,
    learn: np.Array,
  ) => model.step(config, p, t, s, y, at, learn);
  const y: Spec = { dtype: "float32", shape: [batch, patch, obsDim] };
  const example = [params, train, state, y, tensor(0, [], "int32"), tensor(0)];
  const program: Program = await compile(fn, example, options);
  const step: StepForm["step"] = (state, y, position, learn) => {
    const at = tensor(position, [], "int32");
    return program.run(params, train, state, y, at, tensor(Number(learn)));
  };
  return {
    step,
    async *through(initial, y, patches = y.shape[1] / patch) {
      let state: Tree<Tensor | Handle> = initial;
      for (let k = 0; k < patches; k++) {
        const stepped = await step(state, patchOf(y, patch, k), k, true);
        disposeTree(state);
        state = stepped.state;
        yield stepped;
      }
    },
    close: program.close,
  };
}

/** Patch `k` of y [B, T, obs]: [B, patch, obs]. */
function patchOf({ shape: [batch, length, obs], data }: Tensor, patch: number, k: number): Tensor {
  const each = patch * obs;
  const out = new Float32Array(batch * each);
  for (let b = 0; b < batch; b++) {
    const from = b * length * obs + k * each;
    out.set(data.subarray(from, from + each), b * each);
  }
  return { dtype: "float32", shape: [batch, patch, obs], data: out };
}
