/** @file Loops turn by turn: the same numbers as the loop, whatever its form. */
import { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import type { TracedFunction } from "../../lib/engine/mod.ts";
import { ortProgram } from "../../lib/engine/ort/program.ts";
import { optimised } from "../../lib/engine/rules/optimised.ts";
import { scan } from "../../lib/engine/scan.ts";
import { trace } from "../../lib/engine/trace.ts";
import { unrolled, unrolledSize } from "../../lib/engine/unroll.ts";
import { assertClose, generator, randomTensor } from "./oracle.ts";

type A = np.Array;

const random = generator(1);
const w = randomTensor(random, [3, 3], { low: -0.5, high: 0.5 });
const h = randomTensor(random, [2, 3]);
const xs = randomTensor(random, [5, 2, 3]);
const cell = (w: A, h: A, x: A): [A, A] => {
  const next = np.tanh(np.matmul(h, w)).add(x);
  return [next.ref, next.mul(2)];
};
const loss = (options: Record<string, unknown>) => (w: A, h: A, xs: A) => {
  const [last, ys] = scan(cell, w, h, xs, options);
  return np.sum(last.ref.mul(last)).add(np.sum(np.sin(ys)));
};
const nested = (w: A, h: A, xs: A) => {
  const outer = (w: A, h: A, x: A): [A, A] => {
    const [last] = scan(cell, w, h, np.stack([x.ref, x.mul(0.5)]));
    return [last.ref, last];
  };
  return scan(outer, w, h, xs);
};

const programs: Record<string, TracedFunction> = {
  "forward": (w, h, xs) => scan(cell, w, h, xs),
  "reverse": (w, h, xs) => scan(cell, w, h, xs, { reverse: true }),
  "the last state only": (w, h, xs) => scan(cell, w, h, xs)[0],
  "the outputs only": (w, h, xs) => scan(cell, w, h, xs)[1],
  "nested": nested,
  "gradient": valueAndGrad(loss({}), { argnums: [0, 1, 2] }),
  "gradient of a reversed loop": valueAndGrad(loss({ reverse: true }), { argnums: [0, 1, 2] }),
  "gradient in segments": valueAndGrad(loss({ segments: 2 }), { argnums: [0, 1, 2] }),
};

for (const [name, fn] of Object.entries(programs)) {
  Deno.test(`unrolled, a loop gives what it gave: ${name}`, async () => {
    const { graph } = await trace(fn, [w, h, xs], optimised);
    assert.ok(graph.live().some(({ op }) => op === "scan"));
    const flat = unrolled(graph);
    assert.ok(flat.live().every(({ op }) => op !== "scan"), "no loop is left");
    const read = async (g: typeof graph) => {
      const program = await ortProgram(g, 1);
      const results = await Promise.all((await program.run([w, h, xs])).map((x) => x.read()));
      await program.close();
      return results;
    };
    const [want, got] = [await read(graph), await read(flat)];
    assert.equal(got.length, want.length);
    want.forEach((x, i) => assertClose(got[i], x, 1e-6, `output ${i}`));
  });
}

Deno.test("what one loop stacks and the next one slices is neither stacked nor sliced", async () => {
  const twice = (w: A, h: A, xs: A) => {
    const [, ys] = scan(cell, w.ref, h.ref, xs);
    return scan(cell, w, h, ys)[0];
  };
  const { graph } = await trace(twice, [w, h, xs], optimised);
  const ops = unrolled(graph).live().map(({ op }) => op);
  assert.equal(ops.filter((op) => op === "concatenate").length, 0);
  assert.equal(ops.filter((op) => op === "split").length, 1, "of xs");
});

Deno.test("a loop over equal slices needs none", async () => {
  const fn = (w: A, h: A) => scan(cell, w, h, np.ones([4, 2, 3]))[0];
  const { graph } = await trace(fn, [w, h], optimised);
  const ops = unrolled(graph).live().map(({ op }) => op);
  assert.equal(ops.filter((op) => op === "split" || op === "concatenate").length, 0);
});

Deno.test("the size of an unrolled program is known before, and about that of the program", async () => {
  const turn = (w: A, h: A): [A, A] => {
    const next = np.tanh(np.matmul(h, w)).add(1);
    return [next.ref, next];
  };
  const nested = (w: A, h: A) => {
    const outer = (w: A, h: A): [A, A] => {
      const [last] = scan((w: A, h: A) => turn(w, h), w, h, [], { length: 3 });
      return [last.ref, last];
    };
    return scan((w: A, h: A) => outer(w, h), w, h, [], { length: 50 })[0];
  };
  const { graph } = await trace(nested, [w, h], optimised);
  const { equations, turns } = unrolledSize(graph);
  assert.equal(turns, 50);
  const made = unrolled(graph).live().length;
  assert.ok(made > 150, `${made}`);
  assert.ok(Math.abs(equations - made) <= 0.05 * made, `${equations}, ${made}`);
});
