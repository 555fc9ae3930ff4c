/** @file Optimisers against updates by hand in float64, roots and orthogonal factors against decompositions, at odd sizes and in stacks. */
import assert from "node:assert/strict";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { compile } from "../../../lib/engine/engines/ort.ts";
import type { Arrays, JaxArray } from "../../../lib/engine/arrays.ts";
import { singularValues } from "../../../lib/linalg/svd.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { type Tensor, tensor, type Tree } from "../../../lib/tensor/tensor.ts";
import { optimiser as adam } from "../../../lib/train/optimisers/adam.ts";
import { inverseFourthRoot } from "../../../lib/train/optimisers/matrices.ts";
import { optimiser as muon, orthogonalised } from "../../../lib/train/optimisers/muon.ts";
import type { OptimiserModule } from "../../../lib/train/optimisers/optimiser.ts";
import { optimiser as sgd } from "../../../lib/train/optimisers/sgd.ts";
import { optimiser as shampoo } from "../../../lib/train/optimisers/shampoo.ts";
import { distance } from "../../dynamics/chains.ts";

const random = (seed: number, shape: number[]): Tensor =>
  tensor(
    Float32Array.from(normals(keyOf(seed), shape.reduce((a, b) => a * b, 1))),
    shape,
  );

/** A function of one array, run on ONNX Runtime. */
async function applied(f: (x: JaxArray) => JaxArray, x: Tensor): Promise<Tensor> {
  const program = await compile(f, [x]);
  try {
    const result = await program.run(x);
    return await result.read();
  } finally {
    await program.close();
  }
}

/** Parameters after steps with given gradients, by an optimiser in the graph. */
async function after(
  module: OptimiserModule,
  options: object,
  start: Tensor,
  gradients: Tensor[],
  rate: number,
): Promise<Tensor> {
  const optimiser = module.configure(options);
  const step = (params: Arrays, grads: Arrays, state: Arrays, rate: JaxArray) =>
    optimiser.update(params, grads, state, rate);
  let params: Tree<Tensor> = { W: start };
  let state = optimiser.init(params);
  const program = await compile(step, [params, { W: gradients[0] }, state, tensor(rate)]);
  try {
    for (const W of gradients) {
      ({ params, state } = await program.run(params, { W }, state, tensor(rate)));
    }
    // deno-lint-ignore no-explicit-any -- a handle
    return await (params as any).W.read();
  } finally {
    await program.close();
  }
}

const shape = [3, 2];
const [start, first, second] = [1, 2, 3].map((seed) => random(seed, shape));

Deno.test("gradient descent, with and without a heavy ball, by hand", async () => {
  for (const momentum of [0, 0.5]) {
    const got = await after(sgd, { momentum }, start, [first, second], 0.1);
    const expected = [...start.data].map((w, i) => {
      const v = first.data[i];
      return w - 0.1 * v - 0.1 * (momentum * v + second.data[i]);
    });
    assert.ok(distance(got.data, expected) < 1e-6);
  }
});

Deno.test("Adam by the algorithm of the paper", async () => {
  const got = await after(adam, { beta1: 0.8 }, start, [first, second], 0.1);
  const expected = [...start.data].map((w, i) => {
    let [m, v] = [0, 0];
    [first, second].forEach(({ data }, t) => {
      m = 0.8 * m + 0.2 * data[i];
      v = 0.999 * v + 0.001 * data[i] ** 2;
      const [mHat, vHat] = [m / (1 - 0.8 ** (t + 1)), v / (1 - 0.999 ** (t + 1))];
      w -= 0.1 * mHat / (Math.sqrt(vHat) + 1e-8);
    });
    return w;
  });
  assert.ok(distance(got.data, expected) < 1e-5);
});

/** A^{-1/4} through eigenvalues, with the ridge that float32 needs. */
function root(A: Matrix): Matrix {
  const size = A.norm("frobenius");
  const damped = Matrix.add(A, Matrix.eye(A.rows).mul(1e-4 * size));
  const { realEigenvalues, eigenvectorMatrix: V } = new EigenvalueDecomposition(damped);
  return V.mmul(Matrix.diag(realEigenvalues.map((x) => x ** -0.25))).mmul(V.transpose());
}

const asMatrix = ({ data, shape: [rows, columns] }: Tensor) =>
  Matrix.from1DArray(rows, columns, [...data]);

Deno.test("roots by Newton's iteration are those of the eigenvalues, alone and in stacks, of every scale", async () => {
  for (const n of [1, 3, 5]) {
    const squares = [1, 1e-6, 1e4].map((scale, i) => {
      const B = asMatrix(random(10 + i, [n, i === 1 ? Math.max(1, n - 1) : n]));
      return B.mmul(B.transpose()).mul(scale);
    });
    const stackOfThree = tensor(Float32Array.from(squares.flatMap((A) => A.to1DArray())), [
      3,
      n,
      n,
    ]);
    const got = await applied(inverseFourthRoot, stackOfThree);
    squares.forEach((A, i) => {
      const expected = root(A).to1DArray();
      const own = got.data.subarray(i * n * n, (i + 1) * n * n);
      const size = Math.max(...expected.map(Math.abs));
      assert.ok(distance(own, expected) < 5e-3 * size, `${n}, ${i}: ${own} ${expected}`);
    });
  }
  const zero = await applied(inverseFourthRoot, tensor(0, [2, 2]));
  assert.ok([...zero.data].every(Number.isFinite));
});

Deno.test("Shampoo is L^{-1/4} G R^{-1/4} with running means", async () => {
  const got = await after(shampoo, { beta: 0.8 }, start, [first, second], 0.1);
  let W = asMatrix(start);
  let [L, R] = [Matrix.zeros(3, 3), Matrix.zeros(2, 2)];
  for (const G of [first, second].map(asMatrix)) {
    L = Matrix.add(Matrix.mul(L, 0.8), G.mmul(G.transpose()).mul(0.2));
    R = Matrix.add(Matrix.mul(R, 0.8), G.transpose().mmul(G).mul(0.2));
    W = Matrix.sub(W, root(L).mmul(G).mmul(root(R)).mul(0.1));
  }
  assert.ok(distance(got.data, W.to1DArray()) < 2e-3, `${got.data} ${W.to1DArray()}`);
});

Deno.test("Muon's steps have singular values near the rate, in the gradient's own frames", async () => {
  for (const [rows, columns] of [[3, 2], [2, 5], [4, 4], [1, 1]]) {
    const G = random(20, [rows, columns]);
    const { data } = await applied(orthogonalised, G);
    for (const s of singularValues(Float64Array.from(data), rows, columns)) {
      assert.ok(s > 0.6 && s < 1.3, `${s}`);
    }
    // O'G is symmetric where O shares the frames of G.
    const aligned = asMatrix({ ...G, data }).transpose().mmul(asMatrix(G));
    assert.ok(distance(aligned.to1DArray(), aligned.transpose().to1DArray()) < 1e-4);
    const shifted = await applied(orthogonalised, { ...G, data: G.data.map((x) => 1e-3 * x) });
    assert.ok(distance(shifted.data, data) < 1e-2, "whatever the size of the gradient");
  }
  const once = await after(muon, {}, start, [first], 0.1);
  const { data: O } = await applied(orthogonalised, first);
  assert.ok(distance(once.data, [...start.data].map((w, i) => w - 0.1 * O[i])) < 1e-5);
  // Nesterov: the second step looks ahead along .5 (.5 g1 + g2) + g2.
  const twice = await after(muon, { momentum: 0.5 }, start, [first, second], 0.1);
  const ahead = { ...second, data: second.data.map((g, i) => 0.25 * first.data[i] + 1.5 * g) };
  const { data: P } = await applied(orthogonalised, ahead);
  const expected = [...start.data].map((w, i) => w - 0.1 * O[i] - 0.1 * P[i]);
  assert.ok(distance(twice.data, expected) < 1e-4);
});

Deno.test("matrix optimisers treat every matrix of a stack by itself, and refuse what is none", async () => {
  for (const module of [muon, shampoo]) {
    const pair = (a: Tensor, b: Tensor) =>
      tensor(Float32Array.from([...a.data, ...b.data]), [2, ...shape]);
    const [W, G] = [pair(start, second), pair(first, start)];
    const got = await after(module, {}, W, [G], 0.1);
    const alone = [
      await after(module, {}, start, [first], 0.1),
      await after(module, {}, second, [start], 0.1),
    ];
    assert.ok(distance(got.data, alone.flatMap(({ data }) => [...data])) < 1e-5);
    assert.throws(
      () => module.configure({}).init({ bias: random(4, [3]) }),
      /(muon|shampoo): a parameter of shape \[3\]; it updates matrices only/,
    );
  }
});

Deno.test("options that cannot be are refused by name", () => {
  const wrong: [OptimiserModule, object, RegExp][] = [
    [sgd, { momentum: 1 }, /sgd options: momentum = 1/],
    [adam, { beta2: -0.1 }, /adam options: beta2 = -0.1/],
    [muon, { momentum: "much" }, /muon options: momentum = "much"/],
    [shampoo, { beta: 1 }, /shampoo options: beta = 1/],
  ];
  for (const [module, options, message] of wrong) {
    assert.throws(() => module.configure(options), message);
  }
});
