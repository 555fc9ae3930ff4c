/** @file The stages that generate data, score the ends of the scale, and solve a model in closed form. */
import assert from "node:assert/strict";
import {
  createSystem,
  forecast,
  type Forecasts,
  kalman,
  oneStep,
  score,
  simulate,
} from "../../../lib/ssm/mod.ts";
import * as baseline from "../../../pipeline/stages/baseline.ts";
import * as fit from "../../../pipeline/stages/fit.ts";
import * as generate from "../../../pipeline/stages/generate.ts";
import { dataset, runStage, stillClock } from "./run_stage.ts";

const law = {
  latentDim: 5,
  obsDim: 3,
  lambda: 0.8,
  sigma: 2,
  structure: "dense" as const,
  condition: 3,
  observation: "redrawn" as const,
};

Deno.test("generate leaves the sequences of its system and its key in float64", async () => {
  const y = async (key: number, dataSeed: number) => {
    const params = { system: { key, ...law }, dataSeed, sequences: 4, length: 7 };
    const { files, tensors } = await runStage(generate, params);
    assert.deepEqual(Object.keys(files), ["observations.safetensors"]);
    return tensors("observations.safetensors").y;
  };
  for (const [key, dataSeed] of [[3, 11], [11, 3]]) {
    const got = await y(key, dataSeed);
    assert.deepEqual([got.dtype, got.shape], ["float64", [4, 7, 3]]);
    const want = simulate(createSystem(key, law), dataSeed, { batch: 4, length: 7 });
    assert.deepEqual(got.data, want.data);
  }
});

Deno.test("generate tells the seconds of one sequence", async () => {
  using clock = stillClock();
  const params = { system: { key: 1, ...law }, dataSeed: 1, sequences: 4, length: 3 };
  const { observed } = await runStage(generate, params, { onProgress: () => clock.advance(6) });
  assert.deepEqual(observed, { "unit seconds": 1.5 });
});

const key = 2;
const [sequences, length] = [6, 20];
const y = simulate(createSystem(key, law), 9, { batch: sequences, length });
const scored = async (params: object = {}, onProgress?: () => void) => {
  const system = { key, ...law };
  const result = await runStage(baseline, { system, ...params }, {
    inputs: { data: dataset(y) },
    onProgress,
  });
  return { ...result, scores: result.json("scores.json") };
};

Deno.test("baseline scores the Kalman filter and zero, one step ahead and at every horizon after the warm-up", async () => {
  const [warmup, horizons] = [12, [8, 1, 3]];
  const { scores } = await scored({ warmup, horizons });
  const filter = kalman(createSystem(key, law), length);
  const scaled = (factor: number, forecasts: Forecasts) => {
    const optimal = forecast(filter, y, forecasts);
    const prediction = { ...optimal, data: optimal.data.map((x) => factor * x) };
    return score(filter, y, prediction, forecasts);
  };
  for (const [name, factor] of [["kalman", 1], ["zero", 0]] as const) {
    assert.deepEqual(scores[name], {
      oneStep: scaled(factor, oneStep(length)).overall,
      rollout: scaled(factor, { contexts: [warmup], horizons }).byHorizon,
    });
  }
  assert.deepEqual(scores.horizons, horizons);
  assert.equal(scores.kalman.oneStep.ratio, 1);
  assert.equal(scores.kalman.rollout.length, 3);
  assert.ok(scores.zero.oneStep.ratio > 1);
});

Deno.test("baseline tells the seconds of one sequence", async () => {
  using clock = stillClock();
  const { observed } = await scored({ warmup: 12, horizons: [1] }, () => clock.advance(3));
  assert.deepEqual(observed, { "unit seconds": 3 / sequences });
});

Deno.test("fit writes what the closed form of a model finds for its system, length and options", async () => {
  const asked: unknown[] = [];
  const module = {
    configure: (options: object, obsDim: number) => ({ ...options, obsDim }),
    closedForm(config: object, { system, length }: ReturnType<typeof kalman>) {
      asked.push(config, system.A, system.sigma, length);
      return {
        kernel: { shape: [2, 3], data: Float64Array.of(0.1, 1, 2, 3, 4, 5) },
        bias: { shape: [4], data: Float64Array.of(6, 7, 8, 9) },
      };
    },
  };
  const params = {
    model: { name: "known", options: { taps: 4 } },
    system: { key: 8, ...law },
    length: 10,
  };
  const { files, scalars, tensors } = await runStage(fit, params, { module });
  assert.deepEqual(asked, [{ taps: 4, obsDim: 3 }, createSystem(8, law).A, 2, 10]);
  assert.deepEqual(Object.keys(files), ["model-0.safetensors"]);
  assert.deepEqual(tensors("model-0.safetensors"), {
    kernel: { dtype: "float32", shape: [2, 3], data: Float32Array.of(0.1, 1, 2, 3, 4, 5) },
    bias: { dtype: "float32", shape: [4], data: Float32Array.of(6, 7, 8, 9) },
  });
  assert.deepEqual(scalars, { parameters: 10, tokens: 0, steps: 0 });
});
