/**
 * @file Loops and gradients under two maps over random axes against the same program run by itself for every element of both, by
 * jax-js in float64.
 */
import { init, numpy as np, vmap } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad } from "../../../lib/engine/gradient.ts";
import { sizeOf, type Tensor, type TracedFunction } from "../../../lib/engine/mod.ts";
import { scan } from "../../../lib/engine/scan.ts";
import { generator, randomTensor, runEngine, runJax } from "../oracle.ts";
import { type A, type Any, recurrent, recurrentInputs } from "./cases.ts";

await init("wasm");

type Axes = (number | null)[];

/** Element `k` of an array along an axis; the whole array where it is not mapped. */
function elementOf(x: Tensor, axis: number | null, k: number): Tensor {
  if (axis === null) return x;
  const shape = x.shape.toSpliced(axis, 1);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const data = Float64Array.from(
    { length: sizeOf(shape) },
    (_, i) => x.data[(Math.floor(i / inner) * x.shape[axis] + k) * inner + i % inner],
  );
  return { ...x, shape, data };
}

interface Mapped {
  readonly fn: TracedFunction;
  /** Of the inner map and of the outer one. */
  readonly axes: readonly [Axes, Axes];
  readonly sizes: readonly [number, number];
  readonly args: readonly Tensor[];
}

/** A loop, or the gradient of one, whose cell captures one of its params at times; every argument mapped somewhere, or not. */
function randomMapped(seed: number): Mapped | undefined {
  const random = generator(seed);
  const int = (n: number) => Math.floor(random() * n);
  const sizes = [2 + int(3), 2 + int(3)] as const;
  const options = { reverse: random() < 0.5, segments: 1 + int(3) };
  const [differentiated, captured] = [random() < 0.5, random() < 0.4];
  const loop = (w: A, u: A, b: A, h: A, xs: A): [A, A] =>
    captured
      ? scan((p: Any, h: A, x: A) => recurrent({ ...p, u: u.ref }, h, x), { w, b }, h, xs, options)
      : scan(recurrent, { w, u, b }, h, xs, options);
  const fn = differentiated
    ? grad((w: A, u: A, b: A, h: A, xs: A) => {
      const [last, ys] = loop(w, u, b, h, xs);
      return np.sum(np.sin(ys)).add(np.sum(last));
    }, { argnums: [0, 1, 3] })
    : loop;
  const axes: [Axes, Axes] = [[], []];
  const args = recurrentInputs(3).map(([shape], i) => {
    const mapped = [...shape];
    for (const level of [0, 1]) {
      const axis = random() < 0.5 ? int(mapped.length + 1) : null;
      axes[level][i] = axis;
      if (axis !== null) mapped.splice(axis, 0, sizes[level]);
    }
    return randomTensor(random, mapped, { dtype: "float64", low: -1, high: 1 });
  });
  // Of the arguments of the loop itself one has to be mapped.
  const possible = axes.every((list) =>
    list.some((axis, i) => axis !== null && !(captured && i === 1))
  );
  return possible ? { fn, axes, sizes, args } : undefined;
}

Deno.test("loops and gradients under two maps over any axes agree with one element at a time", async () => {
  let compared = 0;
  for (let seed = 0; compared < 25; seed++) {
    const drawn = randomMapped(seed);
    if (!drawn) continue;
    compared++;
    const { fn, axes: [inner, outer], sizes, args } = drawn;
    const mapped = (vmap as Any)((vmap as Any)(fn, inner), outer);
    const got = await runEngine(mapped, args);
    for (let o = 0; o < sizes[1]; o++) {
      for (let i = 0; i < sizes[0]; i++) {
        const element = args.map((x, k) => elementOf(elementOf(x, outer[k], o), inner[k], i));
        runJax(fn, element, "float64").forEach((want, k) => {
          const at = (o * sizes[0] + i) * want.data.length;
          const part = got[k].data.subarray(at, at + want.data.length);
          const off = Math.max(...want.data.map((v, j) => Math.abs(v - part[j])));
          assert.ok(off < 1e-9, `seed ${seed}, ${JSON.stringify({ inner, outer, sizes })}: ${off}`);
        });
      }
    }
  }
});
