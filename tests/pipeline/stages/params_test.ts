/** @file Parameters of the filtering stages: what is filled in, what is allowed on either side of every bound, what is a model's code. */
import assert from "node:assert/strict";
import type { ZodType } from "zod";
import * as baseline from "../../../pipeline/stages/baseline.ts";
import * as evaluate from "../../../pipeline/stages/evaluate.ts";
import * as fit from "../../../pipeline/stages/fit.ts";
import * as generate from "../../../pipeline/stages/generate.ts";
import * as train from "../../../pipeline/stages/train.ts";
import * as tune from "../../../pipeline/stages/tune.ts";

type Stage = { params: () => ZodType };

const model = { name: "lru" };
const seed = { system: 0, initialisation: 0, data: 0 };
const system = { key: 0 };
/** The least that each stage is content with. */
const least = new Map<Stage, Record<string, unknown>>([
  [generate, { system, dataSeed: 0, sequences: 2, length: 2 }],
  [baseline, { system }],
  [fit, { model, system }],
  [evaluate, { model, system, rollout: {} }],
  [train, { model, system: {}, seeds: [seed], steps: 1 }],
  [tune, { model, system: {}, seed, rates: [1e-9], rungs: [1] }],
]);

const filledLaw = {
  latentDim: 64,
  obsDim: 2,
  lambda: 0.9,
  sigma: 1,
  structure: "diagonal",
  condition: 1,
  observation: "matched",
};
const filledSystem = { key: 0, ...filledLaw };
const filledModel = { name: "lru", options: {} };
const filledTraining = {
  model: filledModel,
  system: filledLaw,
  batch: 16,
  length: 256,
  warmup: 20,
  weightDecay: 0.01,
  clipNorm: 1,
};
const filledRollouts = { warmup: 64, horizons: [2, 4, 8, 16, 32, 64] };

Deno.test("what is left out is filled in", () => {
  const filled = new Map<Stage, unknown>([
    [generate, { system: filledSystem, dataSeed: 0, sequences: 2, length: 2 }],
    [baseline, { system: filledSystem, ...filledRollouts }],
    [fit, { model: filledModel, system: filledSystem, length: 256 }],
    [evaluate, {
      model: filledModel,
      system: filledSystem,
      member: 0,
      batch: 32,
      rollout: { ...filledRollouts, memoryMiB: 1024 },
    }],
    [train, { ...filledTraining, seeds: [seed], steps: 1 }],
    [tune, { ...filledTraining, seed, rates: [1e-9], rungs: [1], keep: 0.5 }],
  ]);
  for (const [stage, want] of filled) {
    assert.deepEqual(stage.params().parse(least.get(stage)), want);
  }
  const plain = evaluate.params().parse({ model, system });
  assert.deepEqual(plain, { model: filledModel, system: filledSystem, member: 0, batch: 32 });
});

/** Replaces what a path names. */
function changed(params: unknown, [name, ...rest]: string[], value: unknown): unknown {
  if (name === undefined) return value;
  const at = (params ?? {}) as Record<string, unknown>;
  return { ...at, [name]: changed(at[name], rest, value) };
}

/** Values that are allowed and, beside them, values that are not. */
const bounds: [stages: Stage[], path: string, allowed: unknown[], refused: unknown[]][] = [
  [[generate, baseline, fit, evaluate], "system.key", [0, 5], [-1, 0.5]],
  [[train, tune], "system", [{}], [{ key: 0 }]],
  ...["system.latentDim", "system.obsDim"].map((path): typeof bounds[0] => [
    [generate, baseline, fit, evaluate, train, tune],
    path,
    [1, 7],
    [0, 1.5],
  ]),
  [[generate, train], "system.lambda", [1e-9, 1 - 1e-9], [0, 1]],
  [[generate, train], "system.sigma", [1e-9], [0, -1]],
  [[generate, train], "system.condition", [1, 1.5], [0.99]],
  [[generate, train], "system.structure", ["diagonal", "dense"], ["sparse"]],
  [[generate, train], "system.observation", ["matched", "redrawn"], ["other"]],
  [[generate, train], "system.lambdas", [], [1]],
  [[fit, evaluate, train, tune], "model.name", ["a", "linear_2"], [
    "",
    "A",
    "_a",
    "2a",
    "a/b",
    "a b",
  ]],
  [[fit, evaluate, train, tune], "model.option", [], [1]],
  [[generate], "dataSeed", [0], [-1, 0.5]],
  [[generate], "sequences", [2], [1, 2.5]],
  [[generate, fit, train, tune], "length", [2], [1, 2.5]],
  [[baseline], "warmup", [1], [0, 1.5]],
  [[baseline], "horizons", [[1], [3, 2]], [[], [0], [1.5]]],
  [[evaluate], "member", [0, 1], [-1, 0.5]],
  [[evaluate, train, tune], "batch", [1], [0, 1.5]],
  [[evaluate], "rollout.warmup", [1], [0, 1.5]],
  [[evaluate], "rollout.horizons", [[1], [3, 2]], [[], [0], [1.5]]],
  [[evaluate], "rollout.memoryMiB", [0.1], [0, -1]],
  [[evaluate], "rollout.memory", [], [1]],
  [[train], "seeds", [[seed, seed]], [[], [{ ...seed, other: 1 }]]],
  [[tune], "seed", [seed], [{ system: 0, data: 0 }, { ...seed, other: 1 }]],
  ...["system", "initialisation", "data"].map((name): typeof bounds[0] => [
    [tune],
    `seed.${name}`,
    [0, 3],
    [-1, 0.5],
  ]),
  [[train], "steps", [1], [0, 1.5]],
  [[train], "learningRate", [1e-9, undefined], [0, -1]],
  [[train, tune], "warmup", [0], [-1, 0.5]],
  [[train, tune], "weightDecay", [0, 0.1], [-1e-9]],
  [[train, tune], "clipNorm", [1e-9], [0, -1]],
  [[tune], "rates", [[1e-9, 2]], [[], [0], [-1]]],
  [[tune], "rungs", [[1, 2]], [[], [0], [1.5]]],
  [[tune], "keep", [1e-9, 1 - 1e-9], [0, 1]],
  [[generate, baseline, fit, evaluate, train, tune], "misspelt", [], [1]],
];

Deno.test("every parameter takes what is within its bounds, and nothing beyond them", () => {
  for (const [stages, path, allowed, refused] of bounds) {
    for (const stage of stages) {
      const accepts = (value: unknown) =>
        stage.params().safeParse(changed(least.get(stage), path.split("."), value)).success;
      for (const value of allowed) assert.ok(accepts(value), `${path}: ${JSON.stringify(value)}`);
      for (const value of refused) assert.ok(!accepts(value), `${path}: ${JSON.stringify(value)}`);
    }
  }
});

Deno.test("a stage names one model, and of it no more than it uses", () => {
  const parsed = { model: { name: "lru", options: {} }, system: filledSystem } as never;
  const path = "lib/models/lru.ts";
  const training = { path, exports: ["configure", "init", "forward"] };
  assert.deepEqual(train.modules(parsed), { model: training });
  assert.deepEqual(tune.modules(parsed), { model: training });
  assert.deepEqual(fit.modules(parsed), {
    model: { path, exports: ["configure", "closedForm"] },
  });
  assert.deepEqual(evaluate.modules(parsed), { model: training });
  const rolled = evaluate.modules({ ...(parsed as object), rollout: {} } as never).model;
  assert.deepEqual(rolled, {
    path,
    exports: ["configure", "init", "forward", "initialState", "step", "rolloutBytes"],
  });
});

Deno.test("what computes on an engine says so, what does not is the same for every engine", () => {
  for (const stage of [train, tune, evaluate]) assert.equal(stage.usesEngine, true);
  for (const stage of [generate, baseline, fit]) assert.equal("usesEngine" in stage, false);
});
