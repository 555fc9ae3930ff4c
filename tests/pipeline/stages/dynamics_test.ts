/** @file The stage that runs studies of training dynamics. */
import assert from "node:assert/strict";
import type { Study } from "../../../lib/dynamics/study.ts";
import * as dynamics from "../../../pipeline/stages/dynamics.ts";
import { artifact, runStage } from "./run_stage.ts";

Deno.test("a study leaves its scalars and its details, and is given seed, options, data and progress", async () => {
  const given: unknown[] = [];
  const study = {
    configure: (options: unknown): Study => ({
      run(seed, data, progress) {
        given.push(options, seed, data);
        progress(2, 3);
        return { scalars: { loss: 0.25 }, details: { curve: [1, 2] } };
      },
    }),
  };
  const options = { depth: 2 };
  const params = { study: { name: "step_law", options }, seed: 7 };
  const text = new Uint8Array([1, 2]);
  const data = artifact({ files: { data: text } });
  const made = await runStage(dynamics, params, {
    modules: { study: { study } },
    inputs: { data },
  });
  assert.deepEqual(given, [options, 7, { text }]);
  assert.deepEqual([made.scalars, made.json("scores.json")], [{ loss: 0.25 }, { curve: [1, 2] }]);
  assert.deepEqual(made.progress, [[2, 3]]);
  await runStage(dynamics, params, { modules: { study: { study } } });
  assert.deepEqual(given.at(-1), {});
});

Deno.test("a number that is not finite is an error that names it", async () => {
  for (const loss of [NaN, Infinity]) {
    const study = {
      configure: (): Study => ({ run: () => ({ scalars: { steps: 1, loss }, details: {} }) }),
    };
    const params = { study: { name: "step_law" }, seed: 0 };
    await assert.rejects(
      () => runStage(dynamics, params, { modules: { study: { study } } }),
      new RegExp(`loss of study step_law is ${loss}; a smaller learning rate may help`),
    );
  }
});

Deno.test("a study of the repository by its name; what it is not content with is said", async () => {
  const options = { depth: 2, width: 1, start: "identity", steps: 3 };
  const params = { study: { name: "identity_start", options }, seed: 0 };
  assert.equal((await runStage(dynamics, params)).scalars.steps, 3);
  const wrong = { study: { name: "identity_start", options: { ...options, depth: 1 } }, seed: 0 };
  await assert.rejects(() => runStage(dynamics, wrong), /identity_start options: depth = 1/);
  assert.deepEqual(dynamics.modules(dynamics.params().parse(params)), {
    study: { path: "lib/dynamics/studies/identity_start.ts", exports: ["study"] },
  });
  for (const seed of [-1, 0.5]) {
    assert.throws(() => dynamics.params().parse({ ...params, seed }));
  }
  assert.throws(() => dynamics.params().parse({ study: { name: "../step" }, seed: 0 }));
});
