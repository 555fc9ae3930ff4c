/**
 * @file Calls that stay whole in a trace: loops and gradients. jax-js knows neither (its loops have no derivative, its
 * gradients no loops), but it keeps a `jit` as one equation with the function's name, through `vmap` too. So such a call is a `jit`
 * whose name says what it is, around another one with the function that is repeated or differentiated; the rest of
 * its body only makes the right shapes. The tracer (traced_marks.ts) reads the name, takes the function and throws the rest away.
 *
 * What jax-js does with a `jit` and this relies on is held fast in tests/engine/contract_test.ts.
 */
import { jit, numpy as np, tree } from "@jax-js/jax";

/** A loop; see {@linkcode ScanMark}. */
export interface ScanMark {
  /** Tells it from a gradient. */
  readonly kind: "scan";
  /** Turns. */
  readonly length: number;
  /** From the last slice to the first. */
  readonly reverse: boolean;
  /** Checkpoints of the way back; see `ScanOptions` of scan.ts. */
  readonly segments: number;
  /** Leaves of the state; with the sequences they are the last arguments of the mark. */
  readonly state: number;
  /** Ranks of the sequences, without the axes that `vmap` adds in front. */
  readonly sequences: readonly number[];
}

/** The value of a function and its derivative by some of its arguments. */
export interface GradientMark {
  /** Tells it from a loop. */
  readonly kind: "gradient";
  /** Leaves of the arguments, the last ones of the mark. */
  readonly args: number;
  /** Which of them; their gradients are the last results. */
  readonly by: readonly number[];
}

/** A call that stays whole in a trace. */
export type Mark = ScanMark | GradientMark;

const prefix = "deep-linear mark ";
/** The function that is repeated or differentiated. */
const inner = "deep-linear marked function";
/** Goes before a mark, so that under `vmap` all its arguments carry the new axis in front. */
const entry = "deep-linear entry";

let tracing = 0;

/** Runs `run` with marks in force; anywhere else a loop is unrolled and a gradient is jax-js's own. */
export function withMarks<T>(run: () => T): T {
  tracing++;
  try {
    return run();
  } finally {
    tracing--;
  }
}

/** Whether a function is being traced for an engine that reads marks. */
export const marksInForce = (): boolean => tracing > 0;

// deno-lint-ignore no-explicit-any
type Any = any;

/** A `jit` of `fn` by that name: set as a string, because minifiers rename functions. Used once, so nothing stays in its cache. */
function named(name: string, fn: (...args: Any[]) => Any): (...args: Any[]) => Any {
  const own = Object.defineProperty((...args: Any[]) => fn(...args), "name", { value: name });
  const compiled = jit(own as never) as unknown as ((...args: Any[]) => Any) & { dispose(): void };
  return (...args) => {
    try {
      return compiled(...args);
    } finally {
      compiled.dispose();
    }
  };
}

/** Arguments as a mark takes them: with every axis that `vmap` maps in front of each of them. */
export const enter = <T extends Any[]>(...args: T): T =>
  named(entry, (...args: Any[]) => args)(...args);

/** A call of the function that a mark is about. */
export const marked = (fn: (...args: Any[]) => Any): (...args: Any[]) => Any => named(inner, fn);

/** A call that the tracer reads as `mark`; `body` calls {@linkcode marked} once, on the last of its arguments. */
export const mark = (mark: Mark, body: (...args: Any[]) => Any): (...args: Any[]) => Any =>
  named(prefix + JSON.stringify(mark), body);

/**
 * Arrays that stand for results only the tracer can give. A mark that jax-js runs by itself after all (a `jit` that was first
 * called inside a trace, then outside of it) must not give plausible numbers.
 */
export const placeholders = (arrays: Any): Any =>
  tree.map(
    (x: np.Array) => (x.dtype === np.float32 || x.dtype === np.float64 ? x.mul(NaN) : x) as never,
    arrays,
  );

/**
 * The mark that a `jit` of this name is, and how many times `vmap` went over it.
 * @param line of the model that made it, where it is known.
 * @throws {TypeError} when jax-js differentiated it.
 */
export function readMark(name: string, line?: string): { mark: Mark; mapped: number } | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const end = name.lastIndexOf("}") + 1;
  const mark = JSON.parse(name.slice(prefix.length, end)) as Mark;
  const suffixes = name.slice(end);
  if (!/^(_vmap)*$/.test(suffixes)) {
    throw new TypeError(
      `jax-js's own grad, jvp or jacobian meets a ${
        mark.kind === "scan" ? "scan" : "gradient"
      } inside a compiled program and ` +
        "cannot differentiate it; use grad or valueAndGrad of lib/engine/gradient.ts" +
        (line ? ` (at ${line})` : ""),
    );
  }
  return { mark, mapped: suffixes.length / "_vmap".length };
}

/** Whether a `jit` of this name is the function that the mark around it is about. */
export const isMarked = (name: string): boolean => name.startsWith(inner);
