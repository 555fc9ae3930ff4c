/** @file The stages that generate data, score references, and solve a model in closed form. */
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
import * as fit from "../../../pipeline/stages/fit.ts";
import * as generate from "../../../pipeline/stages/generate.ts";
import * as reference from "../../../pipeline/stages/reference.ts";
import type { FilteringTask } from "../../../lib/tasks/filtering/filtering.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import type { Tensor, Tree } from "../../../lib/tensor/tensor.ts";
import * as affine from "../../train/affine_model.ts";
import { dataset, runStage, stillClock } from "./run_stage.ts";

const distribution = {
  latentDim: 5,
  obsDim: 3,
  lambda: 0.8,
  sigma: 2,
  structure: "dense" as const,
  condition: 3,
  observation: "redrawn" as const,
};
const filtering = (length: number) => ({ name: "filtering", options: { ...distribution, length } });

Deno.test("generate leaves the sequences of its system and its key in float64", async () => {
  const y = async (instance: number, data: number) => {
    const params = { task: filtering(7), instance, data, sequences: 4 };
    const { files, tensors } = await runStage(generate, params);
    assert.deepEqual(Object.keys(files), ["data.safetensors"]);
    return tensors("data.safetensors").y;
  };
  for (const [instance, data] of [[3, 11], [11, 3]]) {
    const got = await y(instance, data);
    assert.deepEqual([got.dtype, got.shape], ["float64", [4, 7, 3]]);
    const system = createSystem(instance, distribution);
    const want = simulate(system, data, { batch: 4, length: 7 });
    assert.deepEqual(got.data, want.data);
  }
});

Deno.test("generate refuses a task whose data are given, and says what to use", async () => {
  const task = { task: { configure: () => ({}) } };
  const params = { task: { name: "given" }, instance: 0, data: 0, sequences: 2 };
  await assert.rejects(
    async () => await runStage(generate, params, { modules: { task } }),
    /data of task given are not simulated; use stage download/,
  );
});

Deno.test("generate tells the seconds of one sequence", async () => {
  using clock = stillClock();
  const params = { task: filtering(3), instance: 1, data: 1, sequences: 4 };
  const { observed } = await runStage(generate, params, { onProgress: () => clock.advance(6) });
  assert.deepEqual(observed, { "unit seconds": 1.5 });
});

const instance = 2;
const [sequences, length] = [6, 20];
const y = simulate(createSystem(instance, distribution), 9, { batch: sequences, length });
const scored = async (rollout: object | undefined, onProgress?: () => void) => {
  const params = {
    task: filtering(99),
    reference: { name: "bounds" },
    instance,
    protocol: rollout ? { rollout } : {},
  };
  const result = await runStage(reference, params, { inputs: { data: dataset(y) }, onProgress });
  return { ...result, scores: result.json("scores.json") };
};

Deno.test("the bounds of filtering are the Kalman filter and zero, one step ahead and at every horizon after the warm-up", async () => {
  const [warmup, horizons] = [12, [8, 1, 3]];
  const { scores, scalars, files } = await scored({ warmup, horizons });
  const filter = kalman(createSystem(instance, distribution), length);
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
  assert.equal(scores.kalman.rollout.length, 3);
  assert.ok(scores.zero.oneStep.ratio > 1);
  assert.deepEqual(Object.keys(files), ["scores.json"]);
  const floor = scores.zero.oneStep.zero;
  assert.deepEqual(scalars, { loss: 1, floor, optimum: 1, gapClosed: 1 });
});

Deno.test("the horizons of the bounds are a rollout's, with its defaults", async () => {
  await assert.rejects(scored(undefined), /bounds: the protocol needs rollout/);
  await assert.rejects(scored({ horizons: [1], horizon: 2 }), /filtering protocol.*horizon/);
  await assert.rejects(scored({ warmup: 0 }), /filtering protocol.*rollout\.warmup = 0/);
});

Deno.test("reference tells the seconds of one sequence", async () => {
  using clock = stillClock();
  const { observed } = await scored({ warmup: 12, horizons: [1] }, () => clock.advance(3));
  assert.deepEqual(observed, { "unit seconds": 3 / sequences });
});

Deno.test("a reference is given the task, its instance, the data, the protocol with its defaults, and its options", async () => {
  const asked: unknown[] = [];
  const own = { own: "protocol" };
  const task = { signature: "task" };
  const modules = {
    task: {
      task: {
        configure: (options: unknown, data: unknown) => (asked.push(options, data), task),
        protocol: (options: unknown) => (asked.push(options), own),
      },
    },
    reference: {
      reference: {
        score(...given: unknown[]) {
          asked.push(...given);
          return Promise.resolve({ loss: 3, floor: 4, optimum: 2, gapClosed: 0.5, details: [7] });
        },
      },
    },
  };
  const result = await runStage(reference, {
    task: { name: "mine", options: { a: 1 } },
    reference: { name: "best", options: { b: 2 } },
    instance: 5,
    protocol: { c: 3 },
  }, { modules, inputs: { data: dataset(y) } });
  const data = { tensors: { y } };
  assert.deepEqual(asked, [{ a: 1 }, data, { c: 3 }, task, 5, data, own, { b: 2 }]);
  assert.deepEqual(result.scalars, { loss: 3, floor: 4, optimum: 2, gapClosed: 0.5 });
  assert.deepEqual(result.json("scores.json"), [7]);
});

Deno.test("fit writes what the closed form of a task finds for an instance and the shapes of a model", async () => {
  const asked: unknown[] = [];
  const closedForm = {
    solve(task: FilteringTask, instance: number, example: Tree<Tensor>) {
      const { system, length } = task.filterOf(instance);
      asked.push(instance, system.A, system.sigma, length);
      const shapes = Object.entries(flatten(example)).map(([name, { shape }]) => [name, shape]);
      asked.push(Object.fromEntries(shapes));
      return {
        weight: { dtype: "float64", shape: [2, 3], data: Float64Array.of(0.1, 1, 2, 3, 4, 5) },
        bias: { dtype: "float64", shape: [4], data: Float64Array.of(6, 7, 8, 9) },
      };
    },
  };
  const params = {
    task: filtering(10),
    model: { name: "affine", options: { patch: 2 } },
    closedForm: "mine",
    instance: 8,
  };
  const modules = { model: affine, closedForm: { closedForm } };
  const { files, scalars, tensors } = await runStage(fit, params, { modules });
  const shapes = { weight: [6, 6], bias: [6] };
  assert.deepEqual(asked, [8, createSystem(8, distribution).A, 2, 10, shapes]);
  assert.deepEqual(Object.keys(files), ["model-0.safetensors"]);
  assert.deepEqual(tensors("model-0.safetensors"), {
    weight: { dtype: "float32", shape: [2, 3], data: Float32Array.of(0.1, 1, 2, 3, 4, 5) },
    bias: { dtype: "float32", shape: [4], data: Float32Array.of(6, 7, 8, 9) },
  });
  assert.deepEqual(scalars, { parameters: 10, tokens: 0, steps: 0 });
});
