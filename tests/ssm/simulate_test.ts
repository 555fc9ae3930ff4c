import assert from "node:assert/strict";
import { Matrix } from "ml-matrix";
import {
  createSystem,
  fold,
  keyOf,
  normals,
  simulate,
  type SystemOptions,
} from "../../lib/ssm/mod.ts";
import { jointCovariance, matrix } from "./oracle.ts";

const structures: SystemOptions[] = [
  {},
  { structure: "dense", condition: 1 },
  { structure: "dense", condition: 10 },
  { structure: "dense", condition: 100, observation: "redrawn" },
];

Deno.test("sequences are x_{t+1} = A x_t + w_t, y_t = C x_t, step by step in the original coordinates", () => {
  for (const structure of structures) {
    const system = createSystem(1, { latentDim: 5, obsDim: 3, sigma: 0.7, ...structure });
    const y = simulate(system, 8, { batch: 2, length: 6 });
    assert.deepEqual(y.shape, [2, 6, 3]);
    const [A, M] = [system.A, system.M].map((a) => matrix(a, 5, 5));
    const C = matrix(system.C, 3, 5);
    const L = system.L ? matrix(system.L, 5, 5) : Matrix.eye(5).mul(0.7);
    for (let b = 0; b < 2; b++) {
      const noise = normals(fold(keyOf(8), b), 30);
      let x = Matrix.zeros(5, 1);
      for (let t = 0; t < 6; t++) {
        const e = matrix(noise.slice(5 * t, 5 * t + 5), 5, 1);
        x = A.mmul(x).add(M.mmul(L).mmul(e)); // M L e ~ N(0, sigma^2 I), tested in system_test.ts
        const expected = C.mmul(x).to1DArray();
        expected.forEach((value, j) => {
          assert.ok(Math.abs(value - y.data[(b * 6 + t) * 3 + j]) < 1e-12);
        });
      }
    }
  }
});

Deno.test("the sample covariance of 20,000 sequences is the joint covariance of the definition", () => {
  for (const structure of structures) {
    const system = createSystem(2, { latentDim: 6, ...structure });
    const [batch, length] = [20_000, 4];
    const width = length * 2;
    const { data } = simulate(system, 3, { batch, length });
    const joint = jointCovariance(system, length);
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let b = 0; b < batch; b++) sum += data[b * width + i] * data[b * width + j];
        const spread = Math.sqrt(
          (joint.get(i, i) * joint.get(j, j) + joint.get(i, j) ** 2) / batch,
        );
        assert.ok(Math.abs(sum / batch - joint.get(i, j)) < 4.5 * spread, `entry ${i}, ${j}`);
      }
    }
  }
});

Deno.test("same key, same bits; batches and lengths extend, fresh batches continue", () => {
  const system = createSystem(0, { structure: "dense", condition: 10 });
  const y = simulate(system, 5, { batch: 5, length: 20 });
  assert.deepEqual(simulate(system, 5, { batch: 5, length: 20 }), y);
  assert.deepEqual(simulate(system, keyOf(5), { batch: 5, length: 20 }), y);
  assert.deepEqual(simulate(system, 5, { batch: 3, length: 20 }).data, y.data.slice(0, 120));
  assert.deepEqual(
    simulate(system, 5, { batch: 1, length: 50 }).data.slice(0, 40),
    y.data.slice(0, 40),
  );
  assert.deepEqual(
    simulate(system, 5, { batch: 2, length: 20, first: 3 }).data,
    y.data.slice(120),
  );
  assert.notDeepEqual(simulate(system, 6, { batch: 5, length: 20 }).data, y.data);
});

Deno.test("the smallest case, and sizes that are refused", () => {
  const system = createSystem(0, { latentDim: 1, obsDim: 1 });
  const y = simulate(system, 0, { batch: 1, length: 1 });
  assert.deepEqual(y.shape, [1, 1, 1]);
  assert.equal(y.data[0], system.H[0] * normals(fold(keyOf(0), 0), 1)[0]);
  for (const size of [0, -1, 1.5, NaN]) {
    const message = `= ${size}: expected an integer of at least 1`;
    assert.throws(
      () => simulate(system, 0, { batch: size, length: 1 }),
      new RegExp(`batch ${message}`),
    );
    assert.throws(
      () => simulate(system, 0, { batch: 1, length: size }),
      new RegExp(`length ${message}`),
    );
  }
});
