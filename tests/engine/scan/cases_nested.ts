/** @file Loops in loops, after loops, around gradients, and with arrays captured from around them. */
import { jit, lax, nn, numpy as np, vmap } from "@jax-js/jax";
import { grad, valueAndGrad } from "../../../lib/engine/gradient.ts";
import { scan, type ScanOptions } from "../../../lib/engine/scan.ts";
import { type A, type Any, recurrent, recurrentInputs, type ScanCases } from "./cases.ts";

/** Rows of x through a loop; the state of the inner loop starts where the outer one is. */
const nested = (outer: ScanOptions, inner: ScanOptions) => (w: A, s: A, x: A) =>
  scan(
    (w, s, row) => {
      const [last, ys] = scan(
        (w, h, v) => {
          const next = np.tanh(np.matmul(h, w).add(v));
          return [next.ref, next];
        },
        w.ref,
        s.ref,
        row,
        inner,
      );
      return [np.tanh(last.add(np.matmul(s, w))), np.sin(ys)];
    },
    w,
    s,
    x,
    outer,
  );
const nestedInputs = [[[2, 2]], [[2]], [[4, 3, 2]]] as const;

const layers = (options: ScanOptions) => (ws: A, x: A) =>
  scan((_, x: A, w: A) => [np.tanh(np.matmul(x, w)), []], [], x, ws, options)[0];

/** Test-time training: the state is a matrix that takes a gradient step on every pair. */
const testTimeTraining = (options: ScanOptions) => (rate: A, w: A, keys: A, values: A) =>
  scan(
    (rate, w: A, [k, v]: Any) => {
      const loss = (w: A, k: A, v: A) => np.sum(np.square(np.tanh(np.matmul(w, k)).sub(v)));
      const [value, step] = valueAndGrad(loss)(w.ref, k.ref, v);
      const next = w.sub(step.mul(rate));
      return [next.ref, { answer: np.matmul(next, k), value }] as Any;
    },
    rate,
    w,
    [keys, values],
    options,
  );
const pairs = [[[], { low: 0.1, high: 0.4 }], [[2, 3]], [[4, 3]], [[4, 2]]] as const;

const total = (options: ScanOptions) => (w: A, h: A, xs: A) => {
  const [last, ys] = scan(
    (w, h, x) => {
      const next = np.tanh(np.matmul(h, w).add(x));
      return [next.ref, np.square(next)];
    },
    w,
    h,
    xs,
    options,
  );
  return np.sum(last).add(np.sum(np.sin(ys)));
};

export const nestedCases: ScanCases = {
  "a loop in a loop": { run: nested({}, {}), inputs: nestedInputs, oracle: "nested" },
  "in segments outside": {
    run: nested({ segments: 3 }, {}),
    inputs: nestedInputs,
    oracle: "nested",
  },
  "in segments inside": {
    run: nested({}, { segments: 2 }),
    inputs: nestedInputs,
    oracle: "nested",
  },
  "in segments on both": {
    run: nested({ segments: 2 }, { segments: 2 }),
    inputs: nestedInputs,
    oracle: "nested",
  },
  "backwards inside": { run: nested({}, { reverse: true }), inputs: nestedInputs },
  "backwards outside, in segments": {
    run: nested({ reverse: true, segments: 3 }, { segments: 3 }),
    inputs: nestedInputs,
  },
  "three deep": {
    run: (w: A, s: A, x: A) =>
      scan((w, s, block) => nested({ segments: 2 }, { reverse: true })(w, s, block), w, s, x),
    inputs: [[[2, 2]], [[2]], [[2, 3, 2, 2]]],
  },
  "an inner loop of one turn": { run: nested({}, {}), inputs: [[[2, 2]], [[2]], [[4, 1, 2]]] },
  "an inner loop of no turn": { run: nested({}, {}), inputs: [[[2, 2]], [[2]], [[4, 0, 2]]] },
  "over layers": { run: layers({}), inputs: [[[6, 3, 3]], [[2, 3]]], oracle: "layers" },
  "over layers, in segments": {
    run: layers({ segments: 3 }),
    inputs: [[[6, 3, 3]], [[2, 3]]],
    oracle: "layers",
  },
  "one after the other, and the other way": {
    run: (w, u, b, h, xs) => {
      const params = { w, u, b };
      const refs = () => ({ w: w.ref, u: u.ref, b: b.ref });
      const [last, ys] = scan(recurrent, refs(), h, xs);
      return scan(recurrent, params, last, ys, { reverse: true });
    },
    inputs: recurrentInputs(4),
  },
  "in a jit": {
    run: jit(
      ((w: A, u: A, b: A, h: A, xs: A) => scan(recurrent, { w, u, b }, h, xs)) as Any,
    ) as Any,
    inputs: recurrentInputs(4),
  },
  "a cell that is a jit": {
    run: (w, u, b, h, xs) =>
      scan(
        (p: Any, h: A, x: A) => (jit(recurrent as Any) as Any)(p, h, x),
        { w, u, b },
        h,
        xs,
      ),
    inputs: recurrentInputs(4),
  },
};

export const captureCases: ScanCases = {
  "params, captured": {
    run: (w: A, h: A, xs: A) =>
      scan((_, h, x) => [np.tanh(np.matmul(h, w.ref)).add(x.ref), x], [], h, xs),
    inputs: [[[2, 2]], [[2]], [[4, 2]]],
  },
  "captured and given at once, in segments": {
    run: (w: A, h: A, xs: A) =>
      scan((p, h, x) => [np.tanh(np.matmul(h, w.ref.mul(p))).add(x.ref), x], w.ref, h, xs, {
        segments: 2,
      }),
    inputs: [[[2, 2]], [[2]], [[4, 2]]],
  },
  "captured through two loops": {
    run: (w: A, h: A, xs: A) =>
      scan(
        (_, h, row) => {
          const [next] = scan((_, h, x) => [np.tanh(h.mul(w.ref)).add(x), []], [], h, row);
          return [next.ref, next.mul(w.ref)];
        },
        [],
        h,
        xs,
      ),
    inputs: [[[2]], [[2]], [[4, 3, 2]]],
  },
  "captured from what another loop gives": {
    run: (w: A, h: A, xs: A) => {
      const [last] = scan((w, h, x) => [np.sin(h.mul(w)).add(x), []], w, h.ref, xs.ref);
      return scan((_, h, x) => [h.mul(last.ref).add(x.ref), x], [], h, xs);
    },
    inputs: [[[2]], [[2]], [[4, 2]]],
  },
  "a constant, captured": {
    run: (h: A, xs: A) => {
      const table = np.arange(4).astype(h.dtype).reshape([2, 2]);
      return scan((_, h, x) => [np.tanh(np.matmul(h, table.ref)).add(x.ref), x], [], h, xs);
    },
    inputs: [[[2]], [[4, 2]]],
  },
  "captured, and not mapped": {
    run: (w: A, h: A, xs: A) =>
      (vmap as Any)((h: A, xs: A) =>
        scan((_, h, x) => [np.tanh(np.matmul(h, w.ref)).add(x.ref), x], [], h, xs)
      )(h, xs),
    inputs: [[[2, 2]], [[3, 2]], [[3, 4, 2]]],
  },
  "captured, and mapped like the arguments": {
    run: (w: A, h: A, xs: A) =>
      (vmap as Any)((w: A, h: A, xs: A) =>
        scan((_, h, x) => [np.tanh(np.matmul(h, w.ref)).add(x.ref), x], [], h, xs)
      )(w, h, xs),
    inputs: [[[3, 2, 2]], [[3, 2]], [[3, 4, 2]]],
  },
  "captured, and mapped at another axis than the arguments": {
    run: (w: A, h: A, xs: A) =>
      (vmap as Any)(
        (w: A, h: A, xs: A) =>
          scan((_, h, x) => [np.tanh(np.matmul(h, w.ref)).add(x.ref), x], [], h, xs),
        [2, null, 1],
      )(
        w,
        h,
        xs,
      ),
    inputs: [[[2, 2, 4]], [[2]], [[4, 4, 2]]],
  },
  "the only mapped thing, but no state meets it": {
    run: (w: A, xs: A) =>
      (vmap as Any)((w: A, xs: A) => scan((_, s, x) => [s, x.mul(w.ref)], [], [], xs)[1], [
        0,
        null,
      ])(
        w,
        xs,
      ),
    inputs: [[[4, 2]], [[4, 2]]],
  },
};

export const gradientCases: ScanCases = {
  "a gradient inside a cell": { run: testTimeTraining({}), inputs: pairs, oracle: "ttt" },
  "a gradient inside a cell, in segments": {
    run: testTimeTraining({ segments: 3 }),
    inputs: pairs,
    oracle: "ttt",
  },
  "a gradient inside a cell, backwards": {
    run: testTimeTraining({ reverse: true }),
    inputs: pairs,
  },
  "a gradient of a loop inside a cell": {
    run: (w: A, s: A, xs: A) =>
      scan(
        (w, s, x) => {
          const step = grad((s: A, w: A, x: A) =>
            np.sum(scan((w, h, v) => [np.tanh(h.mul(w)).add(v), []], w, s, x)[0])
          )(s.ref, w, x);
          return [s.add(step.ref), step];
        },
        w,
        s,
        xs,
      ),
    inputs: [[[2]], [[2]], [[3, 4, 2]]],
  },
  "the gradient of a gradient through a loop": {
    run: grad((w: A, h: A, xs: A) => {
      const [a, b] = grad(total({}), { argnums: [0, 2] })(w, h, xs);
      return np.sum(np.sin(a)).add(np.sum(np.square(b)));
    }, { argnums: [0, 1, 2] }),
    inputs: [[[2, 2]], [[2]], [[4, 2]]],
    oracle: "second",
  },
  "the gradient of a gradient through a loop in segments": {
    run: grad((w: A, h: A, xs: A) => {
      const [a, b] = grad(total({ segments: 2 }), { argnums: [0, 2] })(w, h, xs);
      return np.sum(np.sin(a)).add(np.sum(np.square(b)));
    }, { argnums: [0, 1, 2] }),
    inputs: [[[2, 2]], [[2]], [[4, 2]]],
    oracle: "second",
  },
  "the gradient of a product with zeros, twice": {
    run: (x: A, xs: A) =>
      scan(
        (_, x: A, y: A) => {
          const step = grad((x: A) => np.sum(np.sin(np.prod(x.ref.add(1)).mul(x))))(x.ref);
          return [np.tanh(x.add(step).add(y)), []];
        },
        [],
        x,
        xs,
      )[0],
    inputs: [[[3], { special: [0] }], [[3, 3]]],
  },
  "the gradient by an array that a cell captures": {
    run: grad((w: A, h: A, xs: A) =>
      np.sum(scan((_, h, x) => [np.tanh(np.matmul(h, w.ref)).add(x), []], [], h, xs)[0])
    ),
    inputs: [[[2, 2]], [[2]], [[4, 2]]],
  },
  "the gradient of a function that captures": {
    run: (w: A, h: A, xs: A) =>
      grad((h: A) =>
        np.sum(scan((w, h, x) => [np.tanh(np.matmul(h, w)).add(x), []], w.ref, h, xs.ref)[0])
      )(h),
    inputs: [[[2, 2]], [[2]], [[4, 2]]],
  },
  "a value that is stopped on its way round": {
    run: (w: A, s: A, xs: A) =>
      scan(
        (w, s, x) => {
          const gate = nn.sigmoid(lax.stopGradient(s.ref));
          return [np.tanh(s.mul(gate).mul(w)).add(x.ref), x];
        },
        w,
        s,
        xs,
      ),
    inputs: [[[2]], [[2]], [[4, 2]]],
  },
};
