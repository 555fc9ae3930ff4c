import assert from "node:assert/strict";
import { Matrix } from "ml-matrix";
import {
  createSystem,
  forecast,
  kalman,
  normals,
  oneStep,
  predict,
  simulate,
  type SystemOptions,
} from "../../lib/ssm/mod.ts";
import { keyOf } from "../../lib/random/random.ts";
import { cholesky } from "../../lib/linalg/cholesky.ts";
import { jointCovariance, posterior } from "./oracle.ts";

Deno.test("predictions and forecasts equal the dense joint Gaussian posterior mean to 1e-8", () => {
  const systems: SystemOptions[] = [
    { latentDim: 1, obsDim: 1 },
    { latentDim: 5, obsDim: 2, lambda: 0.98 },
    { latentDim: 4, obsDim: 4, lambda: 0.99 },
    { latentDim: 7, obsDim: 1, lambda: 0.99, structure: "dense", condition: 100 },
    { latentDim: 64, lambda: 0.96, structure: "dense", condition: 10, observation: "redrawn" },
  ];
  for (const options of systems) {
    const system = createSystem(4, options);
    const [batch, length, obs] = [3, 9, system.obsDim];
    const joint = jointCovariance(system, length + 5);
    const filter = kalman(system, length);
    const y = simulate(system, 1, { batch, length });
    const contexts = [0, 4, 4, 9, 1]; // in any order, repeated, up to the end
    const horizons = [5, 1, 2];
    const ahead = forecast(filter, y, { contexts, horizons });
    assert.deepEqual(ahead.shape, [batch, 5, 3, obs]);
    const all = predict(filter, y);
    assert.deepEqual(all.shape, y.shape);
    const expected = (b: number, context: number, target: number): number[] => {
      const { weights } = posterior(joint, obs, context, target);
      const start = b * length * obs;
      const past = Matrix.columnVector(y.data.slice(start, start + context * obs));
      return weights ? weights.mmul(past).to1DArray() : Array(obs).fill(0);
    };
    const near = (got: Float64Array, want: number[]) =>
      want.forEach((value, j) => assert.ok(Math.abs(got[j] - value) < 1e-8));
    for (let b = 0; b < batch; b++) {
      contexts.forEach((context, c) =>
        horizons.forEach((h, i) => {
          const at = ((b * 5 + c) * 3 + i) * obs;
          near(ahead.data.subarray(at, at + obs), expected(b, context, context + h));
        })
      );
      for (let t = 1; t <= length; t++) {
        const at = (b * length + t - 1) * obs;
        near(all.data.subarray(at, at + obs), expected(b, t - 1, t));
      }
    }
  }
});

Deno.test("innovations are white: covariance S_t, no correlation over time or with the past", () => {
  const [batch, length, obs] = [4096, 24, 2];
  const system = createSystem(8, { lambda: 0.99 });
  const filter = kalman(system, length);
  const y = simulate(system, 2, { batch, length });
  const prediction = predict(filter, y);
  const factors = filter.S.map((S) => cholesky(S, obs));
  // L^-1 (y - prediction): N(0, I) if the filter is right.
  const e = new Float64Array(y.data.length);
  for (let i = 0; i < e.length; i += 2) {
    const L = factors[(i / 2) % length];
    e[i] = (y.data[i] - prediction.data[i]) / L[0];
    e[i + 1] = (y.data[i + 1] - prediction.data[i + 1] - L[2] * e[i]) / L[3];
  }
  const moment = (other: Float64Array, lag: number, j: number, k: number) => {
    let [sum, squares, count] = [0, 0, 0];
    for (let b = 0; b < batch; b++) {
      for (let t = lag; t < length; t++) {
        const value = e[(b * length + t) * obs + j] * other[(b * length + t - lag) * obs + k];
        sum += value;
        squares += value * value;
        count++;
      }
    }
    return { mean: sum / count, error: Math.sqrt(squares) / count };
  };
  for (const lag of [0, 1, 2, 7]) {
    for (const [j, k] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
      const { mean, error } = moment(e, lag, j, k);
      const expected = lag === 0 && j === k ? 1 : 0;
      assert.ok(Math.abs(mean - expected) < 4 * error, `lag ${lag}, ${j} ${k}: ${mean}`);
      if (lag > 0) {
        const past = moment(y.data, lag, j, k);
        assert.ok(Math.abs(past.mean) < 4 * past.error, `past ${lag}, ${j} ${k}: ${past.mean}`);
      }
    }
  }
});

Deno.test("predictions do not depend on the batch, the future, or the length of the filter", () => {
  const system = createSystem(2, { latentDim: 9, structure: "dense", condition: 10 });
  const y = simulate(system, 1, { batch: 3, length: 12 });
  const all = predict(kalman(system, 12), y).data;
  assert.deepEqual(predict(kalman(system, 40), y).data, all);
  const changed = { ...y, data: y.data.slice() };
  changed.data.fill(99, (12 + 6) * 2, 24 * 2); // second sequence from token 7 on
  const after = predict(kalman(system, 12), changed).data;
  assert.deepEqual(after.slice(0, 19 * 2), all.slice(0, 19 * 2)); // up to the prediction of y_7
  assert.notDeepEqual(after.slice(19 * 2, 24 * 2), all.slice(19 * 2, 24 * 2));
  assert.deepEqual(after.slice(24 * 2), all.slice(24 * 2));
  const steps = forecast(kalman(system, 12), y, oneStep(12));
  for (let b = 0; b < 3; b++) {
    const own = steps.data.slice(b * 22, b * 22 + 22);
    assert.deepEqual(own, all.slice(b * 24 + 2, b * 24 + 24));
  }
});

Deno.test("single-precision sequences are read, bad ones are refused with the place", () => {
  const filter = kalman(createSystem(0, { latentDim: 3 }), 4);
  const data = normals(keyOf(0), 16);
  const y = { shape: [2, 4, 2], data };
  const single = predict(filter, { ...y, data: Float32Array.from(data) }).data;
  single.forEach((value, i) => assert.ok(Math.abs(value - predict(filter, y).data[i]) < 1e-6));
  assert.throws(() => predict(filter, { shape: [2, 2, 4], data }), /expected \[batch, T, 2\]/);
  assert.throws(() => predict(filter, { shape: [1, 4, 2], data }), /hold 16 numbers/);
  assert.throws(() => predict(filter, { shape: [1, 8, 2], data }), /Use kalman\(system, 8\)/);
  assert.throws(() => predict(filter, { shape: [0, 4, 2], data: [] }), /shape \[0,4,2\]/);
  const forecasts = { contexts: [4], horizons: [1] };
  assert.throws(() => forecast(filter, { shape: [4, 2, 2], data }, forecasts), /have 2 tokens/);
  assert.doesNotThrow(() => predict(filter, { shape: [2, 4, 2], data }));
  assert.doesNotThrow(() => forecast(filter, { shape: [2, 4, 2], data }, forecasts));
  assert.throws(() => predict(filter, { shape: [8, 2], data }), /shape \[8,2\]: expected/);
  assert.throws(() => predict(filter, { shape: [2, 0, 2], data: [] }), /shape \[2,0,2\]/);
  const wrong = { contexts: [5], horizons: [1] };
  assert.throws(() => forecast(filter, y, wrong), /context 5: expected an integer from 0 to/);
  assert.throws(() => forecast(filter, y, { ...forecasts, horizons: [0] }), /horizon 0/);
  for (const [at, place] of [[0, "0, 0, 0"], [13, "1, 2, 1"], [15, "1, 3, 1"], [2, "0, 1, 0"]]) {
    for (const value of [NaN, Infinity]) {
      const bad = { ...y, data: data.map((x, i) => i === at ? value : x) };
      const message = new RegExp(`y\\[${place}\\] is ${value}: expected finite`);
      assert.throws(() => predict(filter, bad), message);
    }
  }
});
