/** @file Known dynamics against their eigenmodes, residuals against dense least squares, the model against powers of a matrix. */
import { init as initJax } from "@jax-js/jax";
import { Matrix, solve } from "ml-matrix";
import assert from "node:assert/strict";
import { layer as lstm } from "../../lib/layers/sequence/lstm.ts";
import { model } from "../../lib/models/physics_linear.ts";
import {
  fitResidual,
  next,
  oneStepError,
  operatorOf,
  plus,
  simulate,
  type TwoFrames,
} from "../../lib/physics/known_dynamics.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { flatten } from "../../lib/tensor/trees.ts";
import { toHost } from "../../lib/train/host.ts";
import { exactly, superposition } from "../models/linear_windows.ts";
import { outputs } from "../models/sequence_cases.ts";
import { shakenParameters } from "../models/stacks.ts";
import { generator, randomTensor } from "../engine/oracle.ts";

await initJax("wasm");

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((max, v, i) => Math.max(max, Math.abs(v - b[i])), 0);
const heat = { equation: "heat", strength: 0.2 } as const;
const wave = { equation: "wave", strength: 0.25 } as const;

Deno.test("a mode of the heat equation decays by 1 - 4 nu sin^2(pi k / n), the mean stays", () => {
  const n = 7;
  const map = operatorOf(heat, n);
  for (let k = 0; k < n; k++) {
    const u = Float64Array.from({ length: n }, (_, i) => Math.cos(2 * Math.PI * k * i / n + 0.3));
    const factor = 1 - 4 * 0.2 * Math.sin(Math.PI * k / n) ** 2;
    // What was before does not count.
    assert.ok(worst(next(map, u, normals(keyOf(1), n)), u.map((v) => factor * v)) < 1e-14);
  }
});

Deno.test("a mode of the wave equation swings with 2 cos w = 2 - 4 c^2 sin^2(pi k / n)", () => {
  const n = 6;
  const map = operatorOf(wave, n);
  for (let k = 0; k < n; k++) {
    const w = Math.acos(1 - 2 * 0.25 * Math.sin(Math.PI * k / n) ** 2);
    const at = (t: number) =>
      Float64Array.from(
        { length: n },
        (_, i) => Math.cos(2 * Math.PI * k * i / n) * Math.cos(w * t + 0.4),
      );
    assert.ok(worst(next(map, at(4), at(3)), at(5)) < 1e-14);
  }
});

Deno.test("rings of one and two points, and strengths that would explode", () => {
  assert.deepEqual([...operatorOf(heat, 1).now], [1]);
  assert.ok(worst(operatorOf(heat, 2).now, [0.6, 0.4, 0.4, 0.6]) < 1e-15);
  for (
    const [equation, strength] of [["heat", 0.51], ["wave", 1.01], ["heat", 0], [
      "wave",
      NaN,
    ]] as const
  ) {
    assert.throws(
      () => operatorOf({ equation, strength }, 4),
      new RegExp(
        `${equation} equation of strength ${strength}: expected above 0 and at most ${
          equation === "heat" ? 0.5 : 1
        }`,
      ),
    );
  }
});

Deno.test("a simulation follows its map, and is pushed by noise of the size that is asked for", () => {
  const n = 5;
  const map = operatorOf(wave, n);
  const still = simulate(map, n, 4, 0, keyOf(2));
  const frame = (t: number) => still.slice(t * n, (t + 1) * n);
  // At rest: the frame before the first is the first.
  assert.ok(worst(frame(1), next(map, frame(0), frame(0))) < 1e-14);
  assert.ok(worst(frame(3), next(map, frame(2), frame(1))) < 1e-14);
  const noisy = simulate(operatorOf(heat, n), n, 3000, 0.5, keyOf(3));
  assert.ok(Math.abs(oneStepError(operatorOf(heat, n), noisy, n) / 0.25 - 1) < 0.06);
});

Deno.test("the residual is ridge least squares beside what is known", () => {
  const n = 3;
  const known = operatorOf(heat, n);
  const frames = normals(keyOf(4), 12 * n);
  for (const ridge of [0.3, 5]) {
    const fitted = fitResidual(frames, n, known, ridge);
    const row = (t: number) => Array.from(frames.slice(t * n, (t + 1) * n));
    const X = new Matrix(Array.from({ length: 10 }, (_, t) => [...row(t + 1), ...row(t)]));
    const K = Matrix.from1DArray(n, n, [...known.now]);
    const E = new Matrix(Array.from({ length: 10 }, (_, t) => {
      const expected = K.mmul(Matrix.columnVector(row(t + 1))).to1DArray();
      return row(t + 2).map((v, i) => v - expected[i]);
    }));
    const A = X.transpose().mmul(X).add(Matrix.eye(2 * n).mul(ridge));
    const R = solve(A, X.transpose().mmul(E));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        assert.ok(Math.abs(fitted.now[i * n + j] - K.get(i, j) - R.get(j, i)) < 1e-9);
        assert.ok(Math.abs(fitted.before[i * n + j] - R.get(n + j, i)) < 1e-9);
      }
    }
  }
  // A large ridge leaves what is known; enough frames find what is there.
  assert.ok(worst(fitResidual(frames, n, known, 1e12).now, known.now) < 1e-9);
  const truth = plus(known, {
    now: normals(keyOf(5), 9).map((v) => 0.05 * v),
    before: normals(keyOf(6), 9).map((v) => 0.05 * v),
  });
  const long = simulate(truth, n, 40, 0, keyOf(7));
  const found = fitResidual(long, n, known, 1e-12);
  assert.ok(oneStepError(found, long, n) < 1e-14 && oneStepError(known, long, n) > 1e-6);
});

const configure = (options: object, lookback = 4, horizon = 3, channels = 5) =>
  model.configure(options, {
    signature: { kind: "window", lookback, horizon, channels },
    layers: [],
  });

for (const dynamics of [heat, wave]) {
  Deno.test(`${dynamics.equation}: the model is its map applied again and again, linear in the window`, async () => {
    const n = 5;
    const own = configure(dynamics);
    const params = shakenParameters(own);
    assert.ok(superposition(own, params, [2, 4, n]) < 1e-9);
    const { now, before } = flatten(params);
    // Parameters act on rows.
    const turned = (data: ArrayLike<number>) =>
      Matrix.from1DArray(n, n, Array.from(data)).transpose().to1DArray();
    const map: TwoFrames = plus(operatorOf(dynamics, n), {
      now: Float64Array.from(turned(now.data)),
      before: Float64Array.from(turned(before.data)),
    });
    const x = randomTensor(generator(3), [2, 4, n], { low: -1, high: 1 });
    const y = exactly(own, params, x);
    assert.deepEqual([...y.shape], [2, 3, n]);
    for (const b of [0, 1]) {
      const frame = (t: number) =>
        Float64Array.from(x.data.slice((b * 4 + t) * n, (b * 4 + t + 1) * n));
      let [earlier, last] = [frame(2), frame(3)];
      for (let h = 0; h < 3; h++) {
        [earlier, last] = [last, next(map, last, earlier)];
        assert.ok(worst(y.data.slice((b * 3 + h) * n, (b * 3 + h + 1) * n), last) < 1e-12);
      }
    }
    assert.ok(worst((await outputs(own, params, x)).data, y.data) < 1e-5);
    // It starts as the equation.
    for (const { data } of Object.values(flatten(toHost(own.init(1))))) {
      assert.ok(data.every((v) => v === 0));
    }
    const noisy = flatten(toHost(configure({ ...dynamics, noise: 2 }, 4, 3, 30).init(1))).now.data;
    assert.ok(Math.abs(Math.hypot(...noisy) / Math.sqrt(30) / 2 - 1) < 0.15);
  });
}

Deno.test("options of the model: what is wrong, by its name", () => {
  assert.throws(() => configure({ equation: "sound", strength: 1 }), /equation = "sound"/);
  assert.throws(
    () => configure({ equation: "heat", strength: 0.7 }),
    /strength 0\.7: expected .* at most 0\.5/,
  );
  assert.throws(() => configure({ ...heat, noise: -1 }), /noise = -1: .*>=0/);
  assert.throws(() => configure(heat, 1), /windows of 1 row; it reads windows of at least two/);
  const signature = { kind: "window", lookback: 2, horizon: 2, channels: 3 } as const;
  assert.throws(
    () => model.configure(heat, { signature: { kind: "series", channels: 1 }, layers: [] }),
    /a task of series; it reads windows/,
  );
  assert.throws(
    () =>
      model.configure(heat, { signature, layers: [{ name: "lstm", layer: lstm, options: {} }] }),
    /physics_linear: 1 layers; .* leave them out/,
  );
});
