import assert from "node:assert/strict";
import { EVD, Matrix, SVD } from "ml-matrix";
import { createSystem, henrici, type SystemOptions } from "../../lib/ssm/mod.ts";
import { dense, stationaryCovariance } from "../../lib/ssm/modes.ts";
import { difference, jointCovariance, matrix } from "./oracle.ts";

const spectrum = (A: Matrix) => {
  const { realEigenvalues: re, imaginaryEigenvalues: im } = new EVD(A);
  return re.map((a, i) => ({ magnitude: Math.hypot(a, im[i]), imaginary: im[i] }));
};

Deno.test("eigenvalues of A are complex pairs between lambda/2 and lambda, in both structures", () => {
  for (const options of [{}, { structure: "dense", condition: 10 }] as SystemOptions[]) {
    const system = createSystem(3, { lambda: 0.96, ...options });
    const eigenvalues = spectrum(matrix(system.A, 64, 64));
    for (const { magnitude, imaginary } of eigenvalues) {
      assert.ok(magnitude > 0.48 - 1e-9 && magnitude < 0.96 + 1e-9, `magnitude ${magnitude}`);
      assert.ok(Math.abs(imaginary) > 1e-9);
    }
  }
});

Deno.test("an odd dimension has one real eigenvalue, of either sign", () => {
  const signs = new Set<number>();
  for (let key = 0; key < 20; key++) {
    const system = createSystem(key, { latentDim: 5, structure: "dense", condition: 10 });
    const real = spectrum(matrix(system.A, 5, 5)).filter(({ imaginary }) => imaginary === 0);
    assert.equal(real.length, 1);
    assert.ok(real[0].magnitude >= 0.45 - 1e-9 && real[0].magnitude <= 0.9 + 1e-9);
    signs.add(Math.sign(system.modes.real[2]));
  }
  assert.deepEqual([...signs].sort(), [-1, 1]);
});

Deno.test("A M = M D, V = sigma^2 M^-1 M^-T, H = C M, and M has the condition asked for", () => {
  for (const n of [2, 7, 64]) {
    for (const condition of [1, 10, 100]) {
      for (const observation of ["matched", "redrawn"] as const) {
        const system = createSystem(n, {
          latentDim: n,
          sigma: 0.5,
          structure: "dense",
          condition,
          observation,
        });
        const [A, M, D] = [system.A, system.M, dense(system.modes)].map((a) => matrix(a, n, n));
        const size = Math.hypot(...system.A);
        assert.ok(Matrix.sub(A.mmul(M), M.mmul(D)).norm() < 1e-12 * size * condition);
        const white = M.mmul(matrix(system.V, n, n)).mmul(M.transpose());
        assert.ok(Matrix.sub(white, Matrix.eye(n).mul(0.25)).norm() < 1e-11);
        const H = matrix(system.C, 2, n).mmul(M).to1DArray();
        assert.ok(difference(H, system.H) < 1e-11);
        assert.ok(Math.abs(new SVD(M).condition / condition - 1) < 1e-9);
      }
    }
  }
});

Deno.test("C over its scale is N(0, 1/obs), and its stationary observation has unit variance", () => {
  for (const obs of [1, 2, 16]) {
    const entries: number[] = [];
    for (let key = 0; key < 40; key++) {
      const system = createSystem(key, { obsDim: obs, lambda: 0.9 });
      for (const c of system.C) entries.push(c / system.scale);
      const joint = jointCovariance(system, 1);
      assert.ok(joint.trace() / obs < 1); // from x_0 = 0 the first token is smaller
    }
    const variance = entries.reduce((sum, c) => sum + c * c, 0) / entries.length;
    assert.ok(Math.abs(variance * obs - 1) < 4 * Math.sqrt(2 / entries.length));
  }
  const system = createSystem(1, { latentDim: 6, lambda: 0.9, structure: "dense", condition: 10 });
  const late = jointCovariance(system, 300);
  assert.ok(Math.abs((late.get(599, 599) + late.get(598, 598)) / 2 - 1) < 1e-10);
});

Deno.test("the stationary covariance solves P = D P D' + V", () => {
  for (const lambda of [0.1, 0.9, 0.9999]) {
    const system = createSystem(2, { latentDim: 9, lambda, structure: "dense", condition: 100 });
    const P = matrix(stationaryCovariance(system.modes, system.V), 9, 9);
    const D = matrix(dense(system.modes), 9, 9);
    const right = D.mmul(P).mmul(D.transpose()).add(matrix(system.V, 9, 9));
    assert.ok(Matrix.sub(P, right).norm() < 1e-12 * P.norm());
  }
});

Deno.test("Henrici's departure is 0 for normal A, and grows with the condition", () => {
  const departure = (options: SystemOptions) => henrici(createSystem(0, options)).relative;
  assert.equal(departure({}), 0);
  assert.equal(departure({ structure: "dense" }), 0);
  const ten = departure({ structure: "dense", condition: 10 });
  const hundred = departure({ structure: "dense", condition: 100 });
  assert.ok(0.1 < ten && ten < hundred && hundred < 1);

  // Schur form of a 2x2: |A|_F^2 = 2 |mu|^2 + departure^2
  const system = createSystem(4, { latentDim: 2, structure: "dense", condition: 10 });
  const [a, b, c, d] = system.A;
  const squares = a * a + b * b + c * c + d * d;
  assert.ok(Math.abs(henrici(system).departure ** 2 - (squares - 2 * (a * d - b * c))) < 1e-9);
});

Deno.test("condition 1 with matched C is the same law as diagonal; 10 and 100 are others", () => {
  const reference = jointCovariance(createSystem(6, { lambda: 0.96 }), 12);
  const law = (options: SystemOptions) =>
    Matrix.sub(
      jointCovariance(createSystem(6, { lambda: 0.96, structure: "dense", ...options }), 12),
      reference,
    ).norm();
  assert.ok(law({ condition: 1 }) < 1e-11);
  assert.ok(law({ condition: 10 }) > 0.05);
  assert.ok(law({ condition: 100 }) > 0.05);
  assert.ok(law({ condition: 1, observation: "redrawn" }) > 0.05); // equal in law over keys only
});

Deno.test("same key, same bits; lambda scales the same eigenvalues", () => {
  const options = { structure: "dense", condition: 10 } as const;
  assert.deepEqual(createSystem(9, options), createSystem(9, options));
  assert.notDeepEqual(createSystem(9, options).A, createSystem(10, options).A);
  const [low, high] = [0.36, 0.99].map((lambda) =>
    createSystem(9, { lambda }).modes.real[0] / lambda
  );
  assert.ok(Math.abs(low - high) < 1e-15);
});

Deno.test("bad options name the option, its value and what is allowed", () => {
  const cases: [SystemOptions, RegExp][] = [
    [{ obsDim: 65 }, /obsDim = 65: expected at most latentDim = 64/],
    [{ latentDim: 0 }, /latentDim = 0: expected an integer of at least 1/],
    [{ latentDim: 2.5 }, /latentDim = 2.5/],
    [{ obsDim: NaN }, /obsDim = NaN/],
    [{ lambda: 1 }, /lambda = 1: expected 0 < lambda < 1/],
    [{ lambda: NaN }, /lambda = NaN/],
    [{ sigma: 0 }, /sigma = 0/],
    [{ structure: "circulant" as "dense" }, /structure = circulant/],
    [{ condition: 10 }, /condition = 10: a diagonal system has condition 1/],
    [{ structure: "dense", condition: 0.5 }, /condition = 0.5/],
    [{ structure: "dense", condition: 10, latentDim: 1, obsDim: 1 }, /1x1 basis/],
    [{ observation: "redrawn" }, /only a dense system/],
  ];
  for (const [options, message] of cases) assert.throws(() => createSystem(0, options), message);
  assert.throws(() => createSystem(-1), /Seed -1/);
});
