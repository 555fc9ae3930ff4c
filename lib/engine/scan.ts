/**
 * @file Loops over time, layers or chunks as an ordinary call: `scan` inside a function that is compiled becomes one loop of
 * the program, whatever its length, and its derivative another one. Outside of a compiled function, and on
 * engines that run jax-js itself, it is unrolled.
 *
 * @example
 * ```ts
 * import { numpy as np } from "@jax-js/jax";
 * import { compile, tensor } from "./mod.ts";
 * import { scan } from "./scan.ts";
 *
 * // h <- tanh(h w) + x over three steps of x
 * const program = await compile((w: np.Array, xs: np.Array) => {
 *   const [last, all] = scan((w, h, x) => {
 *     const next = np.tanh(np.matmul(h, w)).add(x);
 *     return [next.ref, next];
 *   }, w, np.zeros([2]), xs);
 *   return { last, all };
 * }, [tensor(1, [2, 2]), tensor(1, [3, 2])]);
 * const { all } = await program.run(tensor(0.1, [2, 2]), tensor(1, [3, 2]));
 * console.log((await all.read()).shape); // [3, 2]
 * ```
 */
import { numpy as np, tree } from "@jax-js/jax";
import { enter, mark, marked, marksInForce, placeholders } from "./marks.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/**
 * One turn of a loop: the next state, of the same structure, shapes and dtypes, and an output. It may be called any number of
 * times, so what it captures from around it has to be read by reference (`x.ref`).
 */
// deno-lint-ignore no-explicit-any
export type Cell<P = any, S = any, X = any, Y = any> = (params: P, state: S, x: X) => [S, Y];

/** How {@linkcode scan} goes over its sequences. */
export interface ScanOptions {
  /** From the last slice to the first; the outputs keep the order of the sequences. */
  readonly reverse?: boolean;
  /**
   * Checkpointing: the way back keeps the state before each of so many segments and computes those inside a segment
   * again, so that L turns need the memory of segments + L / segments states. Segments need not divide
   * the length; one of each turn at most. 1 by default: the state before every turn is kept, all else is computed again.
   */
  readonly segments?: number;
  /** Turns; only needed where there are no sequences. */
  readonly length?: number;
}

/**
 * `[state, y[t]] <- cell(params, state, xs[t])` for all t.
 * @param params tree of arrays that every turn reads; consumed, like the other arguments.
 * @param state tree of arrays before the first turn.
 * @param xs tree of arrays, sliced along axis 0.
 * @returns the state after the last turn, and the outputs stacked along a new axis 0.
 * @throws {TypeError} when sequences have different lengths, or the cell changes the form of the state.
 * @throws {RangeError} for segments or a length that are no whole numbers.
 */
export function scan<P, S, X, Y>(
  cell: Cell<P, S, X, Y>,
  params: P,
  state: S,
  xs: X,
  options: ScanOptions = {},
): [S, Y] {
  const { reverse = false, segments = 1 } = options;
  checkLeaves("the params", params);
  checkLeaves("the state", state);
  checkLeaves("the sequences", xs);
  params = numbersAsArrays(params);
  state = numbersAsArrays(state);
  const sequences = tree.leaves(xs as never) as np.Array[];
  const length = lengthOf(sequences, options.length);
  if (!Number.isInteger(segments) || segments < 1) {
    throw new RangeError(`scan: segments = ${segments}; expected a whole number, at least 1`);
  }
  const checked: Cell = (params, state, x) => {
    const before = describeTree(state);
    const result = cell(params, state, x);
    checkTurn(before, result);
    return result as never;
  };
  if (!marksInForce() || length < 2) {
    return unrolled(checked, params, state, xs, length, reverse) as never;
  }
  const [p, s, x] = enter(params, state, xs) as [P, S, X];
  const what = {
    kind: "scan",
    length,
    reverse,
    segments: Math.min(segments, length),
    state: tree.leaves(state as never).length,
    sequences: sequences.map((x) => x.ndim),
  } as const;
  return mark(what, (p, s, x) => {
    const first = tree.map((x: np.Array) => x.slice(0) as never, x);
    const [next, y] = marked(checked)(p, s, first);
    const stacked = (y: np.Array) =>
      np.broadcastTo(y.reshape([1, ...y.shape]), [length, ...y.shape]) as never;
    return [placeholders(next), placeholders(tree.map(stacked, y))];
  })(p, s, x) as [S, Y];
}

/** Numbers are scalars: a state may start at 0. */
const numbersAsArrays = <T>(value: T): T =>
  tree.map(
    (x: np.Array | number) => (typeof x === "number" ? np.array(x) : x) as never,
    value as never,
  );

function lengthOf(sequences: readonly np.Array[], given: number | undefined): number {
  if (given !== undefined && (!Number.isInteger(given) || given < 0)) {
    throw new RangeError(`scan: length = ${given}; expected a whole number, at least 0`);
  }
  const flat = sequences.findIndex((x) => !(x?.ndim > 0));
  if (flat >= 0) {
    throw new TypeError(
      `scan: sequence ${flat} is a scalar; expected an array with an axis to slice along`,
    );
  }
  const lengths = sequences.map((x) => x.shape[0]);
  const [length = given] = lengths;
  if (length === undefined) {
    throw new TypeError("scan: no sequences; say how many turns there are with the option length");
  }
  if (lengths.some((n) => n !== length) || (given ?? length) !== length) {
    const option = given === undefined ? "" : ` and the option length is ${given}`;
    throw new TypeError(
      `scan: sequences have the lengths ${lengths}${option}; expected one length`,
    );
  }
  return length;
}

function checkLeaves(what: string, value: unknown): void {
  const leaves: unknown[] = tree.leaves(value as never);
  if (leaves.some((x) => x === undefined || x === null)) {
    throw new TypeError(
      `scan: undefined or null in ${what}; expected a tree of arrays, [] or {} where there are none`,
    );
  }
}

interface Described {
  readonly structure: string;
  readonly leaves: readonly string[];
}

function describeTree(value: unknown): Described {
  const [leaves, structure] = tree.flatten(value as never) as unknown as [np.Array[], unknown];
  return {
    structure: String(structure),
    leaves: leaves.map((x) => `${x.dtype}[${x.shape}]`),
  };
}

function checkTurn(before: Described, result: unknown): void {
  if (!Array.isArray(result) || result.length !== 2) {
    throw new TypeError("scan: the cell must return [next state, output]");
  }
  checkLeaves("what the cell returns", result);
  const after = describeTree(result[0]);
  if (after.structure !== before.structure) {
    throw new TypeError(
      `scan: the cell returns a state of the structure ${after.structure}, but was given ${before.structure}`,
    );
  }
  const changed = before.leaves.findIndex((leaf, i) => leaf !== after.leaves[i]);
  if (changed >= 0) {
    throw new TypeError(
      `scan: the cell returns a state whose leaf ${changed} is ${
        after.leaves[changed]
      }, but was given ` +
        `${before.leaves[changed]}; a state keeps its shape and dtype`,
    );
  }
}

/** The loop turn by turn. */
function unrolled(
  cell: Cell,
  params: Any,
  state: Any,
  xs: Any,
  length: number,
  reverse: boolean,
): [Any, Any] {
  if (length === 0) return [state, noOutputs(cell, params, tree.ref(state), xs)];
  const [sequences, structure] = tree.flatten(xs) as unknown as [np.Array[], never];
  // One split: the gradient of a slice pads it to the whole.
  const slices = sequences.map((x) =>
    np.split(x, length, 0).map((slice) => slice.reshape(slice.shape.slice(1)))
  );
  const turns = [...Array(length).keys()];
  const outputs: Any[] = [];
  for (const t of reverse ? turns.toReversed() : turns) {
    const x = tree.unflatten(structure, slices.map((slice) => slice[t]) as never);
    [state, outputs[t]] = cell(tree.ref(params), state, x);
  }
  tree.dispose(params);
  const [, form] = tree.flatten(outputs[0]) as unknown as [unknown, never];
  const byTurn = outputs.map((y) => tree.leaves(y) as np.Array[]);
  const stacked = byTurn[0].map((_, i) => np.stack(byTurn.map((leaves) => leaves[i]), 0));
  return [state, tree.unflatten(form, stacked as never)];
}

/** What no turn at all leaves: outputs of length 0, of the shapes that the cell would give them. */
function noOutputs(cell: Cell, params: Any, state: Any, xs: Any): Any {
  const zero = tree.map((x: np.Array) => {
    const made = np.zeros(x.shape.slice(1), { dtype: x.dtype }) as never;
    x.dispose();
    return made;
  }, xs);
  const [next, y] = cell(params, state, zero);
  tree.dispose(next);
  return tree.map((y: np.Array) => {
    const none = np.zeros([0, ...y.shape], { dtype: y.dtype }) as never;
    y.dispose();
    return none;
  }, y);
}
