/** @file Sequences drawn from the innovations form: the same law as the definition, from fewer numbers. */
import assert from "node:assert/strict";
import { createSystem, innovationsSampler, kalman, predict } from "../../lib/ssm/mod.ts";
import { fold, keyOf, normals } from "../../lib/random/random.ts";

for (const obs of [1, 2, 3]) {
  Deno.test(`what the filter fails to predict is the root of S_t times the key's normals: ${obs} channels`, () => {
    const system = createSystem(obs, {
      latentDim: 5,
      obsDim: obs,
      structure: "dense",
      condition: 10,
    });
    const filter = kalman(system, 6);
    const sampler = innovationsSampler(filter);
    const [batch, length, first] = [3, 5, 4]; // shorter than the filter, not the first sequences
    for (const key of [9, fold(keyOf(1), 2)]) {
      const y = sampler(key, { batch, length, first });
      assert.equal(y.dtype, "float64");
      assert.deepEqual(y.shape, [batch, length, obs]);
      const prediction = predict(filter, y);
      for (let b = 0; b < batch; b++) {
        const parent = typeof key === "number" ? keyOf(key) : key;
        const e = normals(fold(parent, first + b), length * obs);
        for (let t = 0; t < length; t++) {
          // L L' = S_t row by row: L e has this covariance with itself for every e of N(0, I).
          const S = filter.S[t];
          const L = Array.from({ length: obs }, () => Array<number>(obs).fill(0));
          for (let i = 0; i < obs; i++) {
            for (let j = 0; j <= i; j++) {
              const rest = L[i].slice(0, j).reduce((s, x, k) => s + x * L[j][k], 0);
              L[i][j] = i === j
                ? Math.sqrt(S[i * obs + i] - rest)
                : (S[i * obs + j] - rest) / L[j][j];
            }
            const at = (b * length + t) * obs;
            const want = L[i].reduce((s, x, k) => s + x * e[t * obs + k], 0);
            const got = y.data[at + i] - prediction.data[at + i];
            assert.ok(Math.abs(got - want) < 1e-12, `sequence ${b}, token ${t}, channel ${i}`);
          }
        }
      }
    }
  });
}

Deno.test("innovations: sequences do not depend on the batch, a longer one continues a shorter", () => {
  const draw = innovationsSampler(kalman(createSystem(1, { latentDim: 3, obsDim: 1 }), 9));
  const whole = draw(5, { batch: 3, length: 9 });
  assert.deepEqual(draw(5, { batch: 3, length: 9 }), whole);
  assert.deepEqual(draw(5, { batch: 1, length: 9, first: 2 }).data, whole.data.slice(18));
  assert.deepEqual(draw(5, { batch: 1, length: 4 }).data, whole.data.slice(0, 4));
  assert.notDeepEqual(draw(6, { batch: 3, length: 9 }).data, whole.data);
});

Deno.test("innovations: sizes that are refused", () => {
  const draw = innovationsSampler(kalman(createSystem(1, { latentDim: 3, obsDim: 1 }), 9));
  assert.throws(
    () => draw(5, { batch: 1, length: 10 }),
    /length 10, but the filter was made for 9.*kalman\(system, 10\)/,
  );
  for (const size of [0, -1, 1.5, NaN]) {
    assert.throws(
      () => draw(5, { batch: size, length: 1 }),
      new RegExp(`batch = ${size}: expected an integer of at least 1`),
    );
    assert.throws(() => draw(5, { batch: 1, length: size }), new RegExp(`length = ${size}`));
  }
});
