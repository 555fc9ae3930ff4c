/**
 * @file A training step of a chain as one native program: loss, gradients and the optimiser's update.
 */
import { type Block, traceChain } from "./chain.ts";
import { Graph } from "./graph.ts";
import { ortProgram } from "./ort.ts";
import { optimised } from "./rules/optimised.ts";
import { leavesLike, trace, type TracedFunction } from "./trace.ts";
import type { Handle, Program, Spec, Tensor, Tree } from "./types.ts";

export interface ChainStep {
  readonly blocks: readonly Block[];
  /** Input of the first block. */
  readonly x: Spec;
  readonly target: Tree<Spec>;
  /** `loss(y, target) -> scalar` */
  readonly loss: TracedFunction;
  /**
   * `update(params, grads, state, rate) -> tree`, for example AdamW. Parameters and gradients come as a list of lists: for
   * each block its leaves in order, those of loops stacked along a leading axis.
   */
  readonly update: TracedFunction;
  /** The optimiser's state. */
  readonly state: Tree<Spec>;
  readonly threads?: number;
}

/**
 * Compiles a training step of a chain for engine `ort`.
 * @returns a program `run(params, state, x, target, rate)` that gives `{ value, result }`, `result` being what `update` returned.
 */
export async function compileChain(step: ChainStep): Promise<Program> {
  const started = performance.now();
  const chain = await traceChain(step.blocks, step.x, step.loss, step.target);
  const params = chain.params.map((leaves) => [...leaves]);
  const rate: Spec = { dtype: "float32", shape: [] };
  const example: Tree<Spec>[] = [params, step.state, step.x, step.target, rate];
  const update = await trace(step.update, [params, params, step.state, rate], optimised);

  const graph = new Graph(optimised.rules, optimised.observers);
  const inputs = example.map((arg) =>
    leavesLike(arg, arg, "").map(({ leaf }) => graph.input(leaf.shape, leaf.dtype))
  );
  const [flatParams, state, [x], target, [lr]] = inputs;
  let at = 0;
  const perBlock = params.map((leaves) => flatParams.slice(at, at += leaves.length));
  const { value, grads } = chain.valueAndGrad(graph, perBlock, x, target);
  const results = graph.inline(update.graph, [...flatParams, ...grads.flat(), ...state, lr]);
  graph.outputs = [value, ...results];
  const traceMs = performance.now() - started;

  const program = await ortProgram(graph, step.threads ?? 1);
  const { lowerMs, sessionMs, nodes } = program;
  return {
    engine: "ort",
    report: { traceMs, lowerMs, sessionMs, equations: graph.live().length, nodes },
    async run(...args: Tree<Tensor | Handle>[]) {
      const leaves = example.flatMap((arg, i) =>
        leavesLike(arg, args[i], `argument ${i}`).map(({ leaf }) => leaf)
      );
      const [loss, ...rest] = await program.run(leaves);
      return { value: loss, result: update.rebuild(rest) };
    },
    close: program.close,
  };
}
