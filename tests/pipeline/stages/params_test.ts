/** @file Parameters of the stages: what is filled in, what is allowed on either side of every bound, which modules they name. */
import assert from "node:assert/strict";
import type { ZodType } from "zod";
import type { ModuleRef } from "../../../pipeline/stage.ts";
import * as evaluate from "../../../pipeline/stages/evaluate.ts";
import * as fit from "../../../pipeline/stages/fit.ts";
import * as generate from "../../../pipeline/stages/generate.ts";
import * as reference from "../../../pipeline/stages/reference.ts";
import * as train from "../../../pipeline/stages/train.ts";
import * as tune from "../../../pipeline/stages/tune.ts";

// deno-lint-ignore no-explicit-any -- each stage has parameters of its own
type Stage = { params: () => ZodType; modules: (params: any) => Record<string, ModuleRef> };

const task = { name: "filtering" };
const model = { name: "stack" };
const seed = { instance: 0, initialisation: 0, data: 0 };
/** The least that each stage is content with. */
const least = new Map<Stage, Record<string, unknown>>([
  [generate, { task, instance: 0, data: 0, sequences: 2 }],
  [reference, { task, reference: { name: "bounds" } }],
  [fit, { task, model, closedForm: "steady_state", instance: 0 }],
  [evaluate, { task, model }],
  [train, { task, model, seeds: [seed], steps: 1 }],
  [tune, { task, model, seeds: [seed], rates: [1e-9], rungs: [1] }],
]);

const filledTask = { name: "filtering", options: {} };
const filledParts = { task: filledTask, model: { name: "stack", options: {} }, layers: [] };
const filledTraining = { ...filledParts, batch: 16, warmup: 20, weightDecay: 0.01, clipNorm: 1 };

Deno.test("what is left out is filled in", () => {
  const filled = new Map<Stage, unknown>([
    [generate, { task: filledTask, instance: 0, data: 0, sequences: 2 }],
    [reference, {
      task: filledTask,
      reference: { name: "bounds", options: {} },
      instance: 0,
      protocol: {},
    }],
    [fit, { ...filledParts, closedForm: "steady_state", instance: 0 }],
    [
      evaluate,
      { ...filledParts, instance: 0, index: 0, batch: 32, memoryMiB: 1024, protocol: {} },
    ],
    [train, { ...filledTraining, seeds: [seed], steps: 1, floor: 0.05 }],
    [tune, { ...filledTraining, seeds: [seed], rates: [1e-9], rungs: [1], keep: 0.5, moves: 0 }],
  ]);
  for (const [stage, want] of filled) {
    assert.deepEqual(stage.params().parse(least.get(stage)), want);
  }
});

/** Replaces what a path names. */
function changed(params: unknown, [name, ...rest]: string[], value: unknown): unknown {
  if (name === undefined) return value;
  const at = (params ?? {}) as Record<string, unknown>;
  return { ...at, [name]: changed(at[name], rest, value) };
}

const all = [generate, reference, fit, evaluate, train, tune];
const names = ["a", "linear_2"];
const noNames = ["", "A", "_a", "2a", "a/b", "../a", "a b", "a.ts"];

/** Values that are allowed and, beside them, values that are not. */
const bounds: [stages: Stage[], path: string, allowed: unknown[], refused: unknown[]][] = [
  [all, "task.name", names, noNames],
  [all, "task.options", [{}, { lambda: 0.5 }], [1, "lambda"]],
  [all, "task.option", [], [1]],
  [[fit, evaluate, train, tune], "model.name", names, noNames],
  [[fit, evaluate, train, tune], "model.options", [{}, { width: 3 }], [1]],
  [[fit, evaluate, train, tune], "model.option", [], [1]],
  [
    [fit, evaluate, train, tune],
    "layers",
    [[], [{ name: "lru" }], [{ name: "lru", options: { state: 2 } }, { name: "lru" }]],
    [{ name: "lru" }, ["lru"], [{ name: "LRU" }], [{ name: "lru", state: 2 }]],
  ],
  [[reference], "reference.name", names, noNames],
  [[fit], "closedForm", names, noNames],
  [[generate, reference, fit, evaluate], "instance", [0, 5], [-1, 0.5]],
  [[generate], "data", [0], [-1, 0.5]],
  [[generate], "sequences", [2], [1, 2.5]],
  [[reference, evaluate], "protocol", [{}, { rollout: {} }], [1, "rollout"]],
  [[evaluate], "index", [0, 1], [-1, 0.5]],
  [[evaluate, train, tune], "batch", [1], [0, 1.5]],
  [[evaluate], "memoryMiB", [0.1], [0, -1]],
  [[train, tune], "seeds", [[seed, seed]], [[], [{ instance: 0, data: 0 }], [{
    ...seed,
    other: 1,
  }]]],
  ...["instance", "initialisation", "data"].map((name): typeof bounds[0] => {
    const of = (value: number) => [{ ...seed, [name]: value }];
    return [[train, tune], "seeds", [of(0), of(3)], [of(-1), of(0.5)]];
  }),
  [[train], "steps", [1], [0, 1.5]],
  [[train], "learningRate", [1e-9, undefined], [0, -1]],
  [[train], "floor", [0, 0.5, 1], [-1e-9, 1.1]],
  [[train], "tolerance", [-1, 0, 1e-4, undefined], ["1e-4", NaN]],
  [[train, tune], "warmup", [0], [-1, 0.5]],
  [[train, tune], "weightDecay", [0, 0.1], [-1e-9]],
  [[train, tune], "clipNorm", [1e-9, null], [0, -1]],
  [[tune], "rates", [[1e-9, 2]], [[], [0], [-1]]],
  [[tune], "rungs", [[1, 2]], [[], [0], [1.5]]],
  [[tune], "keep", [1e-9, 1 - 1e-9], [0, 1]],
  [[tune], "moves", [0, 3], [-1, 0.5]],
  [[tune], "floor", [0, 1, undefined], [-0.1, 1.1]],
  [[tune], "together", [1, 24, undefined], [0, 1.5]],
  [all, "misspelt", [], [1]],
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

Deno.test("a stage names its task and, of a model, the files that it is made of", () => {
  const modules = (stage: Stage, more: object = {}) =>
    stage.modules(stage.params().parse({ ...least.get(stage), ...more }));
  const named = { task: { path: "lib/tasks/filtering/filtering.ts", exports: ["task"] } };
  const stack = { path: "lib/models/stack.ts", exports: ["model"] };
  const layer = (name: string) => ({
    path: `lib/layers/sequence/${name}.ts`,
    exports: ["layer"],
  });
  const layers = [{ name: "lru" }, { name: "lstm" }];
  for (const stage of [evaluate, train, tune]) {
    assert.deepEqual(modules(stage), { ...named, model: stack });
    assert.deepEqual(modules(stage, { layers }), {
      ...named,
      model: stack,
      "layer lru": layer("lru"),
      "layer lstm": layer("lstm"),
    });
  }
  assert.deepEqual(modules(generate), named);
  assert.deepEqual(modules(reference), {
    ...named,
    reference: { path: "lib/tasks/filtering/references/bounds.ts", exports: ["reference"] },
  });
  assert.deepEqual(modules(fit, { layers: [{ name: "dense_recurrence" }] }), {
    ...named,
    model: stack,
    "layer dense_recurrence": layer("dense_recurrence"),
    closedForm: {
      path: "lib/tasks/filtering/closed_forms/steady_state.ts",
      exports: ["closedForm"],
    },
  });
});

Deno.test("what computes on an engine says so, what does not is the same for every engine", () => {
  for (const stage of [train, tune, evaluate]) assert.equal(stage.usesEngine, true);
  for (const stage of [generate, reference, fit]) assert.equal("usesEngine" in stage, false);
});
