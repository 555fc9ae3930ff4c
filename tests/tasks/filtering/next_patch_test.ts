/** @file The next-patch loss: what every squared error is divided by, and what is compared with what. */
import { init as initJax } from "@jax-js/jax";
import type { numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { createSystem, kalman } from "../../../lib/ssm/mod.ts";
import { patchLoss, patchWeights } from "../../../lib/tasks/filtering/next_patch.ts";
import { generator, randomTensor, runJax } from "../../engine/oracle.ts";
import { jointCovariance, posterior } from "../../ssm/oracle.ts";

await initJax("wasm");

Deno.test("the weight of a patch and offset is the inverse variance of the best forecast from all before the patch", () => {
  const system = createSystem(2, { latentDim: 4, obsDim: 2, lambda: 0.9 });
  const length = 9;
  const joint = jointCovariance(system, length);
  for (const [patch, patches] of [[1, 9], [2, 4], [3, 3]]) {
    const { shape, data, dtype } = patchWeights(kalman(system, length), length, patch);
    assert.deepEqual([dtype, shape], ["float32", [patches - 1, patch, 1]]);
    for (let k = 0; k + 1 < patches; k++) {
      for (let offset = 1; offset <= patch; offset++) {
        const context = (k + 1) * patch;
        const { covariance } = posterior(joint, 2, context, context + offset);
        const want = 1 / ((covariance.get(0, 0) + covariance.get(1, 1)) / 2);
        const got = data[k * patch + offset - 1];
        assert.ok(Math.abs(got - want) <= 1e-6 * want, `patch ${k}, ${offset}: ${got}, ${want}`);
      }
    }
  }
});

Deno.test("the loss compares entry k with patch k + 1; what the last entry says is not judged", () => {
  const random = generator(2);
  const [batch, patches, patch, obs] = [2, 4, 3, 2];
  const prediction = randomTensor(random, [batch, patches, patch, obs]);
  const y = randomTensor(random, [batch, patches * patch, obs]);
  const weights = randomTensor(random, [patches - 1, patch, 1], { low: 0.5, high: 3 });
  let sum = 0;
  let count = 0;
  for (let b = 0; b < batch; b++) {
    for (let k = 0; k + 1 < patches; k++) {
      for (let i = 0; i < patch; i++) {
        for (let j = 0; j < obs; j++, count++) {
          const said = prediction.data[((b * patches + k) * patch + i) * obs + j];
          const happened = y.data[(b * patches * patch + (k + 1) * patch + i) * obs + j];
          sum += (said - happened) ** 2 * weights.data[k * patch + i];
        }
      }
    }
  }
  const loss = (p: np.Array, y: np.Array, w: np.Array) => [patchLoss(p, y, w)];
  const [{ shape, data }] = runJax(loss, [prediction, y, weights], "float64");
  assert.deepEqual(shape, []);
  assert.ok(Math.abs(data[0] - sum / count) < 1e-12, `${data[0]}, ${sum / count}`);
});
