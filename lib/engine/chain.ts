/**
 * @file Deep and long models at constant graph size: a model as a chain of blocks.
 *
 * jax-js has no loop that can be differentiated, so a model of 5,000 layers would be traced 5,000 times over.
 * Here a model is a chain of blocks, each a pure jax-js function or a loop over one. jax-js's own `grad` differentiates
 * the functions; the loops are joined in one graph as `scan` equations, forwards and backwards. Only what enters a
 * turn of a loop is kept for the way back (the rest is computed again), and with `segments` not even that: only
 * what enters a segment is, so that the memory of L layers is O(segments + L / segments).
 */
import { grad, numpy as np, tree } from "@jax-js/jax";
import type { Graph, Value } from "./graph.ts";
import { optimised } from "./rules/optimised.ts";
import { bodyWith, scan, stacked } from "./scan.ts";
import { leavesLike, trace, type TracedFunction } from "./trace.ts";
import type { Spec, Tree } from "./types.ts";

/** `fn(params, x) -> y`. */
export interface Apply {
  readonly kind: "apply";
  readonly fn: TracedFunction;
  readonly params: Tree<Spec>;
}

/** `x <- fn(params[l], x)` for l = 0..layers-1; every parameter has a leading axis of size `layers`. */
export interface Layers {
  readonly kind: "layers";
  readonly fn: TracedFunction;
  /** Parameters of one layer, without the leading axis. */
  readonly params: Tree<Spec>;
  readonly layers: number;
  /** Checkpointing: keep the input of every `layers / segments`-th layer only. A divisor of `layers`. */
  readonly segments?: number;
}

/**
 * `[state, y[t]] <- fn(params, state, x[t])` along axis 0 of x [T, ...], from a zero state; y is stacked.
 */
export interface Recurrence {
  readonly kind: "recurrence";
  readonly fn: TracedFunction;
  readonly params: Tree<Spec>;
  readonly state: Tree<Spec>;
}

export type Block = Apply | Layers | Recurrence;

const spec = ({ shape, dtype }: Spec): Spec => ({ shape, dtype });
const flat = (specs: Tree<Spec>): Spec[] =>
  leavesLike(specs, specs, "").map(({ leaf }) => spec(leaf));

/** A traced function as a graph, its inputs and outputs flattened. */
async function graphOf(fn: TracedFunction, args: readonly Tree<Spec>[]): Promise<Graph> {
  return (await trace(fn, args, optimised)).graph;
}

/**
 * The graph of (primals, cotangents of the outputs) -> cotangents of the primals, as the gradient of <outputs, cotangents>.
 * (jax-js's own `vjp` fails where one output is computed from another.)
 */
async function vjpGraph(
  fn: TracedFunction,
  primals: readonly Tree<Spec>[],
  cotangents: Tree<Spec>,
): Promise<Graph> {
  const pullback = (...args: unknown[]) => {
    const cts = tree.leaves(args.pop() as never) as np.Array[];
    const product = (...primals: unknown[]) => {
      const outs = tree.leaves(fn(...primals) as never) as np.Array[];
      return outs.map((y, i) => np.sum(y.mul(cts[i].ref))).reduce((a, b) => a.add(b));
    };
    const argnums = primals.map((_, i) => i);
    // deno-lint-ignore no-explicit-any
    return (grad as any)(product, { argnums })(...args);
  };
  return await graphOf(pullback, [...primals, cotangents]);
}

const zeros = (graph: Graph, specs: readonly Spec[]) =>
  specs.map((s) => graph.uniform(0, s.shape, s.dtype));
const add = (graph: Graph, a: readonly Value[], b: readonly Value[]) =>
  a.map((v, i) => graph.emit("add", [v, b[i]], {}, v.shape, v.dtype));

/** A block ready to be put into a graph: its way forward, and its way back. */
interface Compiled {
  /** Specs of its parameters as the program takes them. */
  readonly params: readonly Spec[];
  readonly output: readonly Spec[];
  /** @returns the outputs, and what `backward` will want. */
  forward(graph: Graph, params: Value[], x: Value[]): { y: readonly Value[]; saved: Value[] };
  backward(
    graph: Graph,
    params: Value[],
    saved: Value[],
    cotangents: readonly Value[],
  ): { params: readonly Value[]; x: readonly Value[] };
}

async function compileApply({ fn, params }: Apply, x: readonly Spec[]): Promise<Compiled> {
  const input = x.length === 1 ? x[0] : [...x];
  const forward = await graphOf(fn, [params, input]);
  const output = forward.outputs.map(spec);
  const back = await vjpGraph(fn, [params, input], output.length === 1 ? output[0] : output);
  const count = flat(params).length;
  return {
    params: flat(params),
    output,
    forward: (graph, p, x) => ({ y: graph.inline(forward, [...p, ...x]), saved: x }),
    backward: (graph, p, saved, cts) => {
      const all = graph.inline(back, [...p, ...saved, ...cts]);
      return { params: all.slice(0, count), x: all.slice(count) };
    },
  };
}

async function compileLayers(
  { fn, params, layers, segments }: Layers,
  x: readonly Spec[],
): Promise<Compiled> {
  const each = flat(params);
  const [input] = x;
  const forward = await graphOf(fn, [params, input]);
  if (
    forward.outputs.map((v) => `${v.dtype}[${v.shape}]`).join() !== `${input.dtype}[${input.shape}]`
  ) {
    throw new TypeError(
      `a block of layers must keep its shape, but it maps [${input.shape}] to [${
        forward.outputs[0].shape
      }]`,
    );
  }
  const back = await vjpGraph(fn, [params, input], input);
  /** One turn forward: (x, params) -> (y, x saved). */
  const turn = bodyWith([input, ...each], (g, [x, ...p]) => [...g.inline(forward, [...p, x]), x]);
  /** One turn back: (ct, params, x saved) -> (ct, ct of params). */
  const turnBack = bodyWith([input, ...each, input], (g, [ct, ...rest]) => {
    const saved = rest.pop()!;
    const all = g.inline(back, [...rest, saved, ct]);
    return [all.at(-1)!, ...all.slice(0, -1)];
  });
  const run = (graph: Graph, p: readonly Value[], x: Value, length: number) =>
    scan(graph, { body: turn, carry: [x], sequences: p, closure: [], length });
  const runBack = (graph: Graph, p: readonly Value[], saved: Value, ct: Value, length: number) =>
    scan(graph, {
      body: turnBack,
      carry: [ct],
      sequences: [...p, saved],
      closure: [],
      length,
      reverse: true,
    });
  const whole = each.map((s) => stacked(s, layers));

  if (segments === undefined || segments === 1) {
    return {
      params: whole,
      output: [input],
      forward: (graph, p, [x]) => {
        const [y, saved] = run(graph, p, x, layers);
        return { y: [y], saved: [saved] };
      },
      backward: (graph, p, [saved], [ct]) => {
        const [x, ...params] = runBack(graph, p, saved, ct, layers);
        return { params, x: [x] };
      },
    };
  }

  if (layers % segments !== 0) {
    throw new RangeError(`${segments} segments do not divide ${layers} layers; choose a divisor`);
  }
  const length = layers / segments;
  const parts = each.map((s) => stacked(s, length));
  /** One segment forward, keeping nothing of its inside. */
  const segment = bodyWith(
    [input, ...parts],
    (g, [x, ...p]) => [run(g, p, x, length)[0], x],
  );
  /** One segment back: runs forward again to get the inputs of its turns. */
  const segmentBack = bodyWith([input, ...parts, input], (g, [ct, ...rest]) => {
    const start = rest.pop()!;
    const saved = run(g, rest, start, length)[1];
    return runBack(g, rest, saved, ct, length);
  });
  const split = (graph: Graph, p: readonly Value[]) =>
    p.map((v, i) => {
      const shape = [segments, ...parts[i].shape];
      return graph.emit("reshape", [v], { shape }, shape, v.dtype);
    });
  return {
    params: whole,
    output: [input],
    forward: (graph, p, [x]) => {
      const sequences = split(graph, p);
      const loop = { body: segment, carry: [x], sequences, closure: [], length: segments };
      const [y, saved] = scan(graph, loop);
      return { y: [y], saved: [saved] };
    },
    backward: (graph, p, [saved], [ct]) => {
      const sequences = [...split(graph, p), saved];
      const [x, ...grads] = scan(graph, {
        body: segmentBack,
        carry: [ct],
        sequences,
        closure: [],
        length: segments,
        reverse: true,
      });
      const params = grads.map((v, i) => {
        const { shape } = whole[i];
        return graph.emit("reshape", [v], { shape }, shape, v.dtype);
      });
      return { params, x: [x] };
    },
  };
}

async function compileRecurrence(
  { fn, params, state }: Recurrence,
  x: readonly Spec[],
): Promise<Compiled> {
  const [closure, carry] = [flat(params), flat(state)];
  const [{ shape: [length, ...slice], dtype }] = x;
  const input: Spec = { shape: slice, dtype };
  const forward = await graphOf(fn, [params, state, input]);
  const y = spec(forward.outputs[carry.length]);
  const back = await vjpGraph(fn, [params, state, input], [state, y]);
  /** (state, x, params) -> (state, y, state saved). */
  const turn = bodyWith([...carry, input, ...closure], (g, values) => {
    const [s, x, p] = cut(values, carry.length, 1);
    return [...g.inline(forward, [...p, ...s, ...x]), ...s];
  });
  /** (ct state, ct params so far; ct y, x, state saved; params) -> (both; ct x). */
  const turnBack = bodyWith(
    [...carry, ...closure, y, input, ...carry, ...closure],
    (g, values) => {
      const [ct, sums, ctY, x, saved, p] = cut(
        values,
        carry.length,
        closure.length,
        1,
        1,
        carry.length,
      );
      const all = g.inline(back, [...p, ...saved, ...x, ...ct, ...ctY]);
      const [grads, ctState, ctX] = cut(all, closure.length, carry.length);
      return [...ctState, ...add(g, sums, grads), ...ctX];
    },
  );
  return {
    params: closure,
    output: [stacked(y, length)],
    forward: (graph, p, [x]) => {
      const start = zeros(graph, carry);
      const loop = { body: turn, carry: start, sequences: [x], closure: p, length };
      const [, [out], saved] = cut(scan(graph, loop), carry.length, 1);
      return { y: [out], saved: [x, ...saved] };
    },
    backward: (graph, p, [x, ...saved], [ctY]) => {
      const results = scan(graph, {
        body: turnBack,
        carry: zeros(graph, [...carry, ...closure]),
        sequences: [ctY, x, ...saved],
        closure: p,
        length,
        reverse: true,
      });
      const [, grads, ctX] = cut(results, carry.length, closure.length);
      return { params: grads, x: ctX };
    },
  };
}

/** Cuts a list into pieces of the given lengths and a rest. */
function cut<T>(list: readonly T[], ...lengths: number[]): T[][] {
  let at = 0;
  const pieces = lengths.map((n) => list.slice(at, at += n));
  return [...pieces, list.slice(at)];
}

/** Parameters of a chain as its program takes them: one tree leaf list per block, loops stacked. */
export interface Chain {
  readonly params: readonly (readonly Spec[])[];
  /** Adds the loss and the gradients of all parameters to a graph. */
  valueAndGrad(
    graph: Graph,
    params: Value[][],
    x: Value,
    target: Value[],
  ): { value: Value; grads: readonly (readonly Value[])[] };
}

/**
 * Traces the blocks of a chain and its loss.
 * @param x spec of the input of the first block.
 * @param loss `loss(y, target) -> scalar` of the last block's output.
 */
export async function traceChain(
  blocks: readonly Block[],
  x: Spec,
  loss: TracedFunction,
  target: Tree<Spec>,
): Promise<Chain> {
  const compiled: Compiled[] = [];
  let current: readonly Spec[] = [x];
  for (const block of blocks) {
    const made = block.kind === "apply"
      ? await compileApply(block, current)
      : block.kind === "layers"
      ? await compileLayers(block, current)
      : await compileRecurrence(block, current);
    compiled.push(made);
    current = made.output;
  }
  const [output] = current;
  const value = await graphOf(loss, [output, target]);
  const seed = { shape: [], dtype: output.dtype };
  const back = await vjpGraph((y, t) => loss(y, t), [output, target], seed);
  return {
    params: compiled.map((block) => block.params),
    valueAndGrad(graph, params, input, targets) {
      let y: readonly Value[] = [input];
      const saved = compiled.map((block, i) => {
        const out = block.forward(graph, params[i], [...y]);
        y = out.y;
        return out.saved;
      });
      const [total] = graph.inline(value, [...y, ...targets]);
      const one = graph.uniform(1, [], output.dtype);
      let ct: readonly Value[] = graph.inline(back, [...y, ...targets, one]).slice(0, 1);
      const grads: (readonly Value[])[] = [];
      for (let i = compiled.length - 1; i >= 0; i--) {
        const out = compiled[i].backward(graph, params[i], saved[i], ct);
        grads[i] = out.params;
        ct = out.x;
      }
      return { value: total, grads };
    },
  };
}
