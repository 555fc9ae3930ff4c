/** @file Traces a pure jax-js function and copies its jaxpr into our own {@linkcode Graph}. */
import { init, makeJaxpr, numpy as np, tree } from "@jax-js/jax";
import { Graph, type Observer, type Params, type Rule, type Value } from "./graph.ts";
import {
  checkDType,
  checkJaxpr,
  hostConstant,
  type JaxArray,
  type Jaxpr,
  type JaxprEquation,
  type JaxprLit,
  type JaxprVar,
} from "./jaxpr.ts";
import { withMappedAxesInFront } from "./mapped_axes.ts";
import { withMarks } from "./marks.ts";
import { markedResults } from "./traced_marks.ts";
import { isSpec } from "../tensor/trees.ts";
import { describe, type Spec, type TracedFunction, type Tree } from "./types.ts";

/** A traced function. */
export interface Trace {
  /** Its equations; inputs are the leaves of the arguments, outputs those of the result. */
  readonly graph: Graph;
  /** Rebuilds the function's output tree from its leaves, in the order of `graph.outputs`. */
  // deno-lint-ignore no-explicit-any
  readonly rebuild: (leaves: readonly unknown[]) => any;
}

/**
 * Leaves of `value` in the order of `example`'s, so that the order in which a caller wrote the keys of a
 * record never matters.
 * @throws {TypeError} naming the path at which the two trees differ.
 */
export function leavesLike<T extends Spec>(
  example: Tree<Spec>,
  value: Tree<T>,
  path: string,
): { leaf: T; path: string }[] {
  if (isSpec(example)) {
    if (isSpec(value)) return [{ leaf: value as T, path }];
    throw new TypeError(`${path} must be a tensor like ${describe(example)}, got ${String(value)}`);
  }
  if (isSpec(value) || typeof value !== "object" || value === null) {
    throw new TypeError(
      `${path} must be a tree, got ${isSpec(value) ? "a tensor" : String(value)}`,
    );
  }
  const children = Object.entries(example) as [string, Tree<Spec>][];
  const others = value as Record<string, Tree<T>>;
  if (children.length !== Object.keys(others).length) {
    throw new TypeError(
      `${path} must have the entries ${Object.keys(example)}, got ${Object.keys(others)}`,
    );
  }
  return children.flatMap(([key, child]) => {
    if (!(key in others)) throw new TypeError(`${path}.${key} is missing`);
    return leavesLike(child, others[key], `${path}.${key}`);
  });
}

function mapTree(value: unknown, leaf: (spec: Spec) => unknown): unknown {
  if (isSpec(value)) return leaf(value);
  if (Array.isArray(value)) return value.map((v) => mapTree(v, leaf));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mapTree(v, leaf)]));
  }
  throw new TypeError(`expected a tensor or a tree of tensors, got ${String(value)}`);
}

/** How a function is traced. */
export interface TraceOptions {
  /** Rewrites that apply while the graph grows. */
  readonly rules?: readonly Rule[];
  /** Take notes of every equation that is added. */
  readonly observers?: readonly Observer[];
  /** Also record the line of the model behind every equation (slower; used to explain errors). */
  readonly locate?: boolean;
  /** Keep loops whole and take gradients of the graph; otherwise both are jax-js's own. True by default. */
  readonly marks?: boolean;
}

/**
 * Traces a pure jax-js function and copies its jaxpr into a {@linkcode Graph}; nested `jit` equations are inlined,
 * loops and gradients become equations of ours.
 * @throws {NotDifferentiable} naming the operation and the line of the model.
 */
export async function trace(
  fn: TracedFunction,
  args: readonly Tree<Spec>[],
  options: TraceOptions = {},
): Promise<Trace> {
  await init("wasm");
  const { locate = false, marks = true } = options;
  const lines = new Map<JaxprVar, string>();
  const traced = locate
    ? (...tracers: unknown[]) => recordLines(() => fn(...tracers), tracers, lines)
    : fn;
  const placeholders = args.map((arg) =>
    mapTree(arg, (s) => np.zeros([...s.shape], { dtype: s.dtype as never }))
  );
  // deno-lint-ignore no-explicit-any
  const run = () => (makeJaxpr(traced) as any)(...placeholders);
  const { jaxpr: closed, treedef } = withMappedAxesInFront(marks ? () => withMarks(run) : run);
  const jaxpr = checkJaxpr(closed?.jaxpr);

  const graph = new Graph(options.rules, options.observers);
  const environment = new Map<JaxprVar, Value>();
  const constants: JaxArray[] = closed.consts;
  jaxpr.inBinders.forEach((binder, i) => {
    environment.set(
      binder,
      i < constants.length
        ? graph.constant(hostConstant(constants[i]))
        : graph.input(binder.aval.shape, checkDType(binder.aval.dtype)),
    );
  });
  closed.dispose();
  try {
    graph.outputs = copy(graph, jaxpr, environment, lines, undefined);
  } catch (error) {
    if (locate) throw error;
    // Trace again, slowly, to say where the model asked for it.
    return await trace(fn, args, { ...options, locate: true });
  }
  return { graph, rebuild: (leaves) => tree.unflatten(treedef, leaves as never[]) };
}

function copy(
  graph: Graph,
  jaxpr: Jaxpr,
  environment: Map<JaxprVar, Value>,
  lines: ReadonlyMap<JaxprVar, string>,
  outerLine: string | undefined,
): Value[] {
  const read = (atom: JaxprVar | JaxprLit): Value => {
    if ("value" in atom) return graph.uniform(atom.value, atom.aval.shape, atom.aval.dtype);
    const value = environment.get(atom);
    if (!value) throw new Error("the jaxpr uses a variable before it is bound");
    return value;
  };
  for (const equation of jaxpr.eqns) {
    const inputs = equation.inputs.map(read);
    const line = lines.get(equation.outBinders[0]) ?? outerLine;
    if (equation.primitive === "jit") {
      const repeat = (graph: Graph, jaxpr: Jaxpr, inputs: readonly Value[]) =>
        copy(graph, jaxpr, new Map(jaxpr.inBinders.map((v, i) => [v, inputs[i]])), lines, line);
      graph.line = line;
      const results = markedResults(graph, equation, inputs, repeat) ??
        repeat(graph, checkJaxpr(equation.params.jaxpr), inputs);
      equation.outBinders.forEach((binder, i) => environment.set(binder, results[i]));
      continue;
    }
    graph.line = line;
    const outs = equation.outBinders.map(({ aval }) => ({
      shape: aval.shape,
      dtype: checkDType(aval.dtype),
    }));
    const params = equation.params as Params;
    const results = outs.length === 1
      ? [graph.emit(equation.primitive, inputs, params, outs[0].shape, outs[0].dtype)]
      : graph.emitMany(equation.primitive, inputs, params, outs);
    equation.outBinders.forEach((binder, i) => environment.set(binder, results[i]));
  }
  return jaxpr.outs.map(read);
}

/**
 * Runs a traced function while noting which line of which file emitted every equation. jaxprs carry no
 * source lines, so the builder behind the tracers is wrapped for the time of the call.
 */
function recordLines<T>(run: () => T, args: unknown[], lines: Map<JaxprVar, string>): T {
  type Builder = { addEqn(equation: JaxprEquation): void };
  const [tracer] = tree.leaves(args as never) as { _trace?: { builder?: Builder } }[];
  const builder = tracer?._trace?.builder;
  if (typeof builder?.addEqn !== "function") return run();
  const prototype = Object.getPrototypeOf(builder) as Builder;
  const original = prototype.addEqn;
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  prototype.addEqn = function (equation) {
    const line = modelLine(new Error().stack ?? "");
    if (line) { for (const v of equation.outBinders) lines.set(v, line); }
    original.call(this, equation);
  };
  try {
    return run();
  } finally {
    prototype.addEqn = original;
    Error.stackTraceLimit = limit;
  }
}

/** Files that stand between a model and jax-js. */
const own = ["mod", "trace", "mapped_axes", "marks", "scan", "gradient"]
  .map((name) => new URL(`./${name}.ts`, import.meta.url).pathname);

/** The innermost stack frame outside jax-js and those files. */
function modelLine(stack: string): string | undefined {
  return stack.split("\n").slice(1)
    .map((frame) => /\(?((?:file|https?):\/\/[^)\s]+:\d+:\d+)\)?$/.exec(frame)?.[1])
    .find((at) => at && !at.includes("@jax-js") && !own.some((file) => at.includes(file)))
    ?.replace(/^file:\/\//, "");
}
