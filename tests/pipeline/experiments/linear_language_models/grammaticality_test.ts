/** @file Grammaticality: the grid, the table from findings made by hand, and the rule. */
import assert from "node:assert/strict";
import * as artificial from "../../../../pipeline/experiments/linear_language_models/artificial_languages.ts";
import * as experiment from "../../../../pipeline/experiments/linear_language_models/grammaticality.ts";
import * as language from "../../../../pipeline/experiments/linear_language_models/language_models.ts";
import type { JobNode } from "../../../../pipeline/graph.ts";
import type { Params } from "../../../../pipeline/stages/grammaticality.ts";
import type { Params as Train } from "../../../../pipeline/stages/train.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { close, fewer as seeds } from "./made_language.ts";

Deno.test("the grid: the models of two experiments, as they were trained there, each of its seeds", () => {
  assert.equal(graphOf(experiment, "quick").later.get("grammaticality"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, (5 + 4) * seeds.length);
  const spelt = (job: unknown) => JSON.stringify((job as JobNode).params);
  const trainings = (of: typeof language | typeof artificial) =>
    new Set(
      runsOf(of, "standard").filter(({ tags }) => tags.result === "training")
        .map(({ job }) => spelt(job)),
    );
  const theirs = { text: trainings(language), grammar: trainings(artificial) };
  for (const { tags, job } of runs) {
    const { task, model, layers, index, instance, draw } = job.params as Params;
    const { seed, kind } = tags as { seed: number; kind: "text" | "grammar" };
    const training = (job.inputs.model as JobNode).params as unknown as Train;
    assert.ok(theirs[kind].has(spelt(job.inputs.model)), `${kind} ${tags.model}`);
    assert.deepEqual([training.task, training.model, training.layers], [task, model, layers]);
    assert.deepEqual([training.seeds[index].initialisation, draw], [seed, 7000 + seed]);
    assert.equal(training.seeds[index].instance, instance);
    assert.equal(task.name, kind === "text" ? "language" : "artificial_language");
    assert.equal("data" in job.inputs, kind === "text");
  }
});

/** What a model leaves; real and shuffled text around it. */
const table = (
  change: (what: "pairs" | "sentences" | "misplaced", model: string, seed: number) => number = () =>
    0,
) =>
  tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => {
      const { kind, model, seed } = tags as { kind: string; model: string; seed: number };
      const of = (name: string, own: number, real: number, shuffled: number) => ({
        ...{ [name]: own, [`${name}, real`]: real, [`${name}, shuffled`]: shuffled },
      });
      const by = (what: Parameters<typeof change>[0]) => change(what, model, seed);
      const scalars: Record<string, number> = kind === "grammar"
        ? of("sentences", 0.98 + by("sentences"), 1, 0.125)
        : {
          ...of("judge", 3 + 0.1 * seed, 2, 5),
          ...{ ...of("seen", 0.5, 0.75, 0.25), ...of("copied", 9, 17, 3) },
          ...{ ...of("words", 0.8, 1, 0.5), ...of("repeats", 0.1, 0.125, 0) },
          ...of("distinct", 0.6, 0.7, 0.9),
          ...{ pairs: 0.93 + by("pairs"), "pairs, judge": 0.96 },
          "pairs, misplaced": 0.5 + 0.01 * (seed - 3) + by("misplaced"),
        };
      return { tags, scalars };
    }).toReversed(),
  );

Deno.test("a row is what wrote: held-out text, five models, the same text shuffled; and the judge's pairs", async () => {
  const made = await table((what, model) => what === "pairs" && model === "relu" ? 0.02 : 0);
  assert.deepEqual(made.names("model"), [
    ...["held-out speeches", "Transformer", "masked mixer", "linear mixer with ReLU"],
    ...["nearly linear mixer", "linear mixer", "held-out speeches, shuffled", "the judge"],
  ]);
  const cell = (model: string, column: string) => made.cell({ model }, column).value;
  close(cell("linear mixer", "judge"), 3.3);
  close(cell("held-out speeches", "judge"), 2);
  close(cell("held-out speeches, shuffled", "judge"), 5);
  close(cell("held-out speeches", "sentences"), 1);
  close(cell("held-out speeches, shuffled", "copied"), 3);
  close(cell("linear mixer with ReLU", "pairs"), 0.95);
  close(cell("linear mixer with ReLU", "misplaced"), 0.5);
  close(cell("the judge", "pairs"), 0.96);
  assert.deepEqual(
    Object.keys(made.row({ model: "the judge" })).sort(),
    ["model", "pairs"],
  );
  assert.ok(!("sentences" in made.row({ model: "nearly linear mixer" })));
  assert.ok(!("pairs" in made.row({ model: "held-out speeches" })));
  const better = made.summary.columns.flatMap(({ id, better }) => better ? [[id, better]] : []);
  assert.deepEqual(better, [["sentences", "higher"], ["pairs", "higher"]]);
  assert.match(
    made.summary.findings[0],
    /in 93\.0 % of minimal pairs \(a judge of counts in 96\.0 %\), and 98\.0 % of the sentences/,
  );
});

Deno.test("supported by both, refuted by either, undecided where seeds differ or misplaced words are told apart", async () => {
  assert.equal((await table()).outcome, "supported");
  for (const [which, by] of [["pairs", -0.1], ["sentences", -0.2]] as const) {
    const at = (of: string, half = false) =>
      table((what, model, seed) =>
        what === which && model.startsWith(of) && !(half && seed % 2) ? by : 0
      );
    assert.equal((await at("linear")).outcome, "refuted", which);
    assert.equal((await at("linear", true)).outcome, "undecided", which);
    // Only linear mixers are judged.
    assert.equal((await at("relu")).outcome, "supported", which);
  }
  const told = await table((what) => what === "misplaced" ? 0.15 : 0);
  assert.equal(told.outcome, "undecided");
});
