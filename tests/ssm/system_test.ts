import assert from "node:assert/strict";
import { EVD, Matrix, SVD } from "ml-matrix";
import {
  createSystem,
  expectedLoss,
  henrici,
  kalman,
  type SystemOptions,
} from "../../lib/ssm/mod.ts";
import { dense, stationaryCovariance } from "../../lib/ssm/modes.ts";
import { keyOf } from "../../lib/random/random.ts";
import { assertUncorrelated } from "../moments.ts";
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

Deno.test("A M = M D, V = sigma^2 M^-1 M^-T = L L', H = C M, and M has the singular values asked for", () => {
  for (const n of [1, 2, 7, 64]) {
    const obsDim = Math.min(n, 2);
    for (const condition of n === 1 ? [1] : [1, 10, 100]) {
      for (const observation of ["matched", "redrawn"] as const) {
        const system = createSystem(n, {
          latentDim: n,
          obsDim,
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
        const H = matrix(system.C, obsDim, n).mmul(M).to1DArray();
        assert.ok(difference(H, system.H) < 1e-11);
        // Log-spaced singular values around 1.
        new SVD(M).diagonal.forEach((s, i) => {
          const want = n === 1 ? 1 : Math.sqrt(condition) / condition ** (i / (n - 1));
          assert.ok(Math.abs(s / want - 1) < 1e-9, `${s}, ${want}`);
        });
        if (condition === 1) assert.equal(system.L, undefined);
        else {
          const L = matrix(system.L!, n, n);
          assert.ok(difference(L.mmul(L.transpose()).to1DArray(), system.V) < 1e-11);
          for (let i = 0; i < n; i++) assert.equal(L.get(i, n - 1) !== 0, i === n - 1);
        }
      }
    }
  }
});

Deno.test("C over its scale is N(0, 1/obs) where it is drawn, and the two ways to draw it are independent", () => {
  for (const obs of [1, 2, 16]) {
    const [matched, redrawn]: number[][] = [[], []];
    for (let key = 0; key < 20; key++) {
      const options = { obsDim: obs, latentDim: 33, structure: "dense", condition: 10 } as const;
      const { H, scale } = createSystem(key, options);
      for (const h of H) matched.push(h / scale); // C M = C_diag
      const other = createSystem(key, { ...options, observation: "redrawn" });
      for (const c of other.C) redrawn.push(c / other.scale);
    }
    const n = matched.length;
    const mean = (f: (i: number) => number) => matched.reduce((sum, _, i) => sum + f(i), 0) / n;
    for (const values of [matched, redrawn]) {
      assert.ok(Math.abs(mean((i) => values[i])) < 4 / Math.sqrt(obs * n));
      assert.ok(Math.abs(mean((i) => values[i] ** 2) * obs - 1) < 4 * Math.sqrt(2 / n));
      assert.ok(Math.abs(mean((i) => values[i] ** 4) * obs ** 2 - 3) < 4 * Math.sqrt(96 / n));
    }
    assert.ok(Math.abs(mean((i) => matched[i] * redrawn[i])) * obs < 4 / Math.sqrt(n));
  }
});

Deno.test("a matched dense system observes its modes as the diagonal system of its key does, up to the scale", () => {
  const diagonal = createSystem(8, { latentDim: 7, obsDim: 3 });
  for (const condition of [1, 10]) {
    const dense = createSystem(8, { latentDim: 7, obsDim: 3, structure: "dense", condition });
    assert.deepEqual(dense.modes, diagonal.modes);
    const want = diagonal.H.map((h) => h / diagonal.scale * dense.scale);
    assert.ok(difference(dense.H, want) < 1e-14);
  }
  assert.deepEqual([...diagonal.H], [...diagonal.C]);
  assert.deepEqual([...diagonal.M], Matrix.eye(7).to1DArray());
});

Deno.test("eigenvalues, C in either way and the two bases are drawn independently of one another", () => {
  const keys = 500;
  const features: Record<string, number[]> = {
    magnitude: [],
    phase: [],
    matched: [],
    redrawn: [],
    left: [],
    right: [],
  };
  const options = { latentDim: 2, obsDim: 1, structure: "dense", condition: 10 } as const;
  for (let key = 0; key < keys; key++) {
    const { modes: { real: [a], imaginary: [b] }, H, M, scale } = createSystem(key, options);
    const other = createSystem(key, { ...options, observation: "redrawn" });
    // Signs apart: those of the bases are lost in M.
    features.magnitude.push(Math.abs(Math.hypot(a, b) - 0.675));
    features.phase.push(Math.abs(Math.atan2(b, a)));
    features.matched.push(Math.abs(H[0] / scale));
    features.redrawn.push(Math.abs(other.C[0] / other.scale));
    features.left.push(M[0] ** 2 + M[1] ** 2); // of M M'
    features.right.push(M[0] ** 2 + M[2] ** 2); // of M' M
  }
  for (const [i, [name, x]] of Object.entries(features).entries()) {
    for (const [other, y] of Object.entries(features).slice(0, i)) {
      assertUncorrelated(x, y, `${name} and ${other}`);
    }
  }
});

Deno.test("the stationary observation has unit variance whatever the noise, the structure and the channels", () => {
  const cases: SystemOptions[] = [
    { latentDim: 1, obsDim: 1 },
    { latentDim: 6, obsDim: 2, sigma: 5 },
    { latentDim: 5, obsDim: 3, sigma: 0.2, structure: "dense", condition: 10 },
    { latentDim: 4, obsDim: 4, structure: "dense", condition: 100, observation: "redrawn" },
  ];
  for (const options of cases) {
    const system = createSystem(1, { lambda: 0.9, ...options });
    const { obsDim: obs } = system;
    const { latentDim: n } = system;
    const [A, C] = [matrix(system.A, n, n), matrix(system.C, obs, n)];
    const variance = (P: Matrix) => C.mmul(P).mmul(C.transpose()).trace() / obs;
    const noise = Matrix.eye(n).mul(system.sigma ** 2);
    let P = noise;
    assert.ok(variance(P) < 1); // from x_0 = 0 the first token is smaller
    for (let t = 1; t < 300; t++) P = A.mmul(P).mmul(A.transpose()).add(noise);
    assert.ok(Math.abs(variance(P) - 1) < 1e-10);
  }
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

Deno.test("Henrici's departure of diag(s, 1) D diag(s, 1)^-1 is |b| (s - 1/s), and rounding does not count", () => {
  const of = (s: number) =>
    henrici({
      ...createSystem(0, { latentDim: 2 }),
      A: Float64Array.of(0.6, -0.3 * s, 0.3 / s, 0.6),
      modes: { size: 2, real: Float64Array.of(0.6), imaginary: Float64Array.of(0.3) },
    });
  assert.ok(Math.abs(of(2).departure - 0.45) < 1e-12);
  assert.ok(Math.abs(of(2).relative - 0.45 / 1.05) < 1e-12); // |A|_F^2 = 1.1025
  // The squared departure is 0.4 (s - 1)^2 of the squared norm; 1e-12 of it is rounding.
  assert.ok(of(1 + 2e-6).departure > 0);
  assert.deepEqual(of(1 + 1.2e-6), { departure: 0, relative: 0 });
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

Deno.test("sigma cancels in the observations, and a key may be an integer or two words", () => {
  const [one, five] = [1, 5].map((sigma) => createSystem(4, { latentDim: 5, sigma }));
  assert.ok(
    difference(jointCovariance(one, 4).to1DArray(), jointCovariance(five, 4).to1DArray()) < 1e-13,
  );
  assert.ok(Math.abs(one.scale / five.scale - 5) < 1e-13);
  assert.deepEqual(createSystem(keyOf(4), { latentDim: 5 }), one);
});

Deno.test("the defaults are 64 states seen through 2 channels, lambda 0.9, sigma 1, diagonal", () => {
  const { A, C, M, modes, H, V, L, scale, ...options } = createSystem(0);
  assert.deepEqual(options, {
    latentDim: 64,
    obsDim: 2,
    lambda: 0.9,
    sigma: 1,
    structure: "diagonal",
    condition: 1,
    observation: "matched",
  });
  assert.deepEqual([A, C, M, H, V].map((a) => a.length), [4096, 128, 4096, 128, 4096]);
  assert.deepEqual([modes.size, L, scale > 0], [64, undefined, true]);
  const dense = createSystem(0, { latentDim: 3, structure: "dense" });
  assert.deepEqual([dense.condition, dense.observation], [1, "matched"]);
});

Deno.test("options at the edge of what is allowed are taken", () => {
  const small = { latentDim: 2 };
  const allowed: SystemOptions[] = [
    { latentDim: 1, obsDim: 1 },
    { ...small, obsDim: 2 },
    { ...small, lambda: 1e-3 },
    { ...small, lambda: 0.999 },
    { ...small, sigma: 1e-3 },
    { ...small, structure: "dense", condition: 1e6 },
    { latentDim: 1, obsDim: 1, structure: "dense", observation: "redrawn" },
  ];
  for (const options of allowed) assert.doesNotThrow(() => createSystem(0, options));
});

Deno.test("the largest and the smallest noise give the filter of noise 1", () => {
  for (const more of [{}, { structure: "dense", condition: 1e3 }] as SystemOptions[]) {
    const lossOf = (sigma: number) =>
      expectedLoss(kalman(createSystem(7, { latentDim: 6, obsDim: 2, sigma, ...more }), 20));
    const one = lossOf(1);
    for (const sigma of [1e-140, 1e140]) {
      lossOf(sigma).forEach((loss, t) => assert.ok(Math.abs(loss / one[t] - 1) < 1e-8, `${sigma}`));
    }
  }
});

Deno.test("bad options name the option, its value and what is allowed", () => {
  const cases: [SystemOptions, RegExp][] = [
    [{ obsDim: 0 }, /System option obsDim = 0: expected an integer of at least 1/],
    [
      { latentDim: 3, obsDim: 4 },
      /obsDim = 4: expected at most latentDim = 3.*Lower obsDim or raise/,
    ],
    [{ lambda: 0 }, /lambda = 0: expected 0 < lambda < 1/],
    [{ lambda: -0.5 }, /lambda = -0.5/],
    [{ sigma: -1 }, /sigma = -1: expected 1e-140 to 1e140/],
    [{ sigma: Infinity }, /sigma = Infinity/],
    [{ sigma: NaN }, /sigma = NaN/],
    [
      { sigma: 1e-200 },
      /sigma = 1e-200: expected 1e-140 to 1e140, so that covariances are numbers/,
    ],
    [{ sigma: 1e200 }, /sigma = 1e\+200: expected 1e-140 to 1e140/],
    [{ structure: "dense", condition: 1.1e6 }, /condition = 1100000: expected 1 to 1e6/],
    [{ structure: "dense", condition: NaN }, /condition = NaN/],
    [{ observation: "none" as "matched" }, /observation = none: expected "matched" or "redrawn"/],
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
