/** @file A program with a mapped loop in segments and its gradient, to be bundled. */
import { numpy as np, vmap } from "@jax-js/jax";
import { grad } from "../../../lib/engine/gradient.ts";
import { compile } from "../../../lib/engine/engines/ort.ts";
import type { Handle, Tensor } from "../../../lib/engine/types.ts";
import { scan } from "../../../lib/engine/scan.ts";

type A = np.Array;

function loop(w: A, xs: A): A {
  const [, ys] = scan(
    function cell(w: A, h: A, x: A) {
      const next = np.tanh(np.matmul(h, w).add(x));
      return [next.ref, next];
    },
    w,
    np.zeros([2]).astype(w.dtype),
    xs,
    { segments: 3 },
  );
  return np.sum(np.square(ys));
}

/** A sum over mapped loops, and its gradient. */
export function program(w: A, xs: A): A[] {
  // deno-lint-ignore no-explicit-any
  const mapped = (w: A, xs: A) => np.sum((vmap as any)(loop, [null, 0])(w, xs));
  return [mapped(w.ref, xs.ref), grad(mapped)(w, xs)];
}

/** Runs the program on engine `ort`. */
export async function run(args: readonly Tensor[]): Promise<Tensor[]> {
  const compiled = await compile(program, args);
  try {
    const handles: Handle[] = await compiled.run(...args);
    return await Promise.all(handles.map((handle) => handle.read()));
  } finally {
    await compiled.close();
  }
}
