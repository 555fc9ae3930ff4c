/**
 * @file The step form of a sequence model, compiled once and run patch by patch; what it carries stays on the engine's side.
 */
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import {
  type Compile,
  type Handle,
  type Program,
  type Spec,
  type Tensor,
  tensor,
  type Tree,
} from "../engine/types.ts";
import type { SequenceModel } from "../models/model.ts";
import { disposeTree } from "./host.ts";

/** What a step leaves: the prediction of the next patch [B, patch, channels], and the state. */
export interface Stepped {
  /** [B, patch, channels], on the engine's side until it is read. */
  readonly prediction: Handle;
  /** After the patch, on the engine's side: the input of the next step. */
  readonly state: Tree<Handle>;
}

/** A sequence model compiled to go patch by patch. */
export interface StepForm {
  /**
   * One more patch y [B, patch, channels].
   * @param observed whether it was observed, or predicted by the model itself.
   */
  step(state: Tree<Tensor | Handle>, y: Tensor | Handle, observed: boolean): Promise<Stepped>;
  /**
   * The first patches of y [B, T, channels], all of them by default. Predictions are the consumer's to dispose of, and so is
   * the last state; the others are freed on the way.
   */
  through(state: Tree<Tensor>, y: Tensor, patches?: number): AsyncGenerator<Stepped>;
  /** Frees the compiled program. */
  close(): Promise<void>;
}

/**
 * Compiles the step of a model for batches of one size.
 * @param params of the model.
 * @param shape of a patch, [B, patch, channels].
 * @param state an example, for shapes.
 */
export async function compileStepForm(
  model: SequenceModel,
  params: Tree<Tensor>,
  shape: readonly number[],
  state: Tree<Spec>,
  compile: Compile,
): Promise<StepForm> {
  const fn = (params: Arrays, state: Arrays, y: JaxArray, observed: JaxArray) => {
    const [next, prediction] = model.step(params, state, y, observed);
    return { state: next, prediction };
  };
  const y: Spec = { dtype: "float32", shape };
  const program: Program = await compile(fn, [params, state, y, tensor(0)]);
  const step: StepForm["step"] = (state, y, observed) =>
    program.run(params, state, y, tensor(Number(observed)));
  return {
    step,
    async *through(initial, y, patches = y.shape[1] / shape[1]) {
      let state: Tree<Tensor | Handle> = initial;
      for (let k = 0; k < patches; k++) {
        const stepped = await step(state, patchOf(y, shape[1], k), true);
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
