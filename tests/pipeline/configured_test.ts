/** @file Options that `--set` gives to tasks, models and layers are refused before anything runs, with what there is. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { checkConfigured } from "../../pipeline/configured.ts";
import { Graph } from "../../pipeline/graph.ts";
import { Overrides } from "../../pipeline/overrides.ts";
import { profileOf } from "../../pipeline/profiles.ts";
import { selectJobs } from "../../pipeline/workspace.ts";
import { plan } from "./experiments/grids.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The graph of one experiment, or of all. */
function graphWith(set: string, only?: string): Graph {
  const overrides = new Overrides([set]);
  const graph = new Graph(root, plan.stages, overrides);
  for (const experiment of plan.experiments) {
    if (only && experiment.meta.id !== only) continue;
    graph.addExperiment(experiment, profileOf("smoke"));
  }
  overrides.checkAllUsed(Object.keys(plan.stages));
  return graph;
}

const checked = (only: string, set: string) =>
  checkConfigured(root, selectJobs(graphWith(set, only), { only: [only] }));

Deno.test("an option that its module does not know is refused, with those that it has, nearest first", async () => {
  const cases: [string, string, RegExp][] = [
    [
      "leaderboard",
      "generate.task.options.lamda=0.5",
      /^--set generate\.task\.options\.lamda=0\.5: generate leaderboard\/\S+: filtering options: Unrecognized key: "lamda"; options that it has: lambda, sigma, /,
    ],
    ["leaderboard", "train.task.options.lambda=7", /filtering options: lambda = 7: /],
    ["patching", "train.model.options.widht=7", /stack options: .*"widht"; options .*: width, /],
    ["patching", "train.layers.0.options.heads=0", /softmax_attention options: heads = 0: /],
    [
      "patching",
      "train.model.name=stak",
      /there is no lib\/models\/stak\.ts; lib\/models has stack,/,
    ],
    [
      "patching",
      "tune.task.name=parrity",
      /there is no lib\/tasks\/parrity\/parrity\.ts; lib\/tasks has parity,/,
    ],
  ];
  for (const [only, set, message] of cases) {
    await assert.rejects(checked(only, set), ({ message: found }: Error) => {
      assert.match(found, message);
      return true;
    });
  }
});

Deno.test("options that the modules take pass, also of a task whose data are not there yet", async () => {
  await checked("patching", "train.layers.0.options.heads=4");
  await checked("leaderboard", "train.task.options.lambda=0.5");
  await checked("depth-scaling", "train.task.options.split=etth");
  await assert.rejects(
    checked("depth-scaling", "train.task.options.split=half"),
    /forecasting options: split = "half": /,
  );
});

Deno.test("an experiment that cannot take an override is refused when it is chosen, with those that can", () => {
  const graph = graphWith("train.steps=5");
  assert.ok(!graph.results.has("eigenvalue-sweep"));
  assert.ok(graph.jobs.every(({ label }) => !label.startsWith("eigenvalue-sweep/")));
  for (const only of [["eigenvalue-sweep"], []]) {
    assert.throws(
      () => selectJobs(graph, { only }),
      /^Refused: --set train\.steps=5: experiment eigenvalue-sweep cannot take it: .* can: filter-leaderboard, /,
    );
  }
  assert.throws(() => selectJobs(graph, { job: "eigenvalue-sweep/table" }), /cannot take it/);
  assert.ok(selectJobs(graph, { only: ["patching"] }).length > 0);
});
