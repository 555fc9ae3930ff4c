/**
 * @file What the spread of the other experiments is made of: systems, initialisations with their data, and the sequences that scores are
 * sampled on. The reason for many systems with one initialisation each.
 */
import { errorOfMean, type Variances, variances } from "../../../lib/analysis/variances.ts";
import type { Grid } from "../../graph.ts";
import type { Profile } from "../../profiles.ts";
import type { Cell, ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import type { Values } from "../../table/values.ts";
import * as columns from "./shared/columns.ts";
import { modelRuns, settingOf, settingsOf } from "./shared/filtering.ts";
import { type ModelId, models } from "./shared/models.ts";
import { excess, modelOf, type Pick, whole } from "./shared/predictors.ts";
import { modelSetups } from "./shared/setups.ts";
import { spread } from "./shared/systems.ts";

export const meta: ExperimentMeta = {
  id: "variances",
  title: "Where the spread comes from",
  question:
    "How much of the spread between runs is the system, the initialisation, and the sample that scores are taken on?",
  hypothesis:
    "None is tested. The table says what the design of the other experiments rests on: for a fixed number of runs more systems always " +
    "beat more initialisations, because a run on a new system averages over both.",
  method:
    "Eight of the systems, from the whole range, are trained twice, from another initialisation and on other data, at the rate of the other " +
    "experiments. Of the logarithm of the open fraction one step ahead: the variance between initialisations is half the mean squared " +
    "difference of the two; that between systems is the variance of their means minus half of that; that of sampling follows from the standard error " +
    "of a score over its 128 sequences. Sampling is part of what differs between initialisations only as far as the two models err on " +
    "other sequences. The last columns are the standard error of a mean over 20 runs: one initialisation of 20 systems, and four of 5.",
};

/** Those that a profile compares. */
const compared = (profile: Profile): ModelId[] =>
  profile.pick({ smoke: ["lru"], standard: ["lru", "dense-recurrence", "transformer"] });

/** Tags: lambda, model, initialisation. */
export const grid: Grid = (g, profile) => {
  const setups = modelSetups(profile);
  return g.table(
    settingsOf(profile).flatMap(({ lambda }) => {
      const setting = settingOf(profile, { lambda }, { lambda });
      const on = spread(profile.pick({ smoke: 1, quick: 2, standard: 8, paper: 5 }));
      return compared(profile).flatMap((model) => [
        // The first one was trained with all systems.
        ...modelRuns(g, setting, { model, initialisation: 0 }, setups[model], { on }),
        ...modelRuns(
          g,
          { ...setting, systems: on },
          ...[{ model, initialisation: 1 }, setups[model], { initialisation: 1 }] as const,
        ),
      ]);
    }).filter(({ tags }) => tags.result === "one-step"),
  );
};

interface Row {
  lambda: number;
  label: string;
  found: Variances;
  systems: number;
  runs: string[];
}

/** Of the open fraction: its logarithm, and the standard error of that over sequences. */
const logOpen: Pick = (score) => Math.log(excess(score) / whole(score));
const error: Pick = (score) => score.ratioError / excess(score);

/** A number that follows from all runs of a row; nothing where it takes more systems than there are. */
const column = (
  named: Omit<TableColumn<Row>, "of">,
  pick: (found: Variances) => number,
): TableColumn<Row> => ({
  ...named,
  of({ found, systems, runs }): Cell | undefined {
    const value = pick(found);
    return Number.isNaN(value) ? undefined : { value, n: systems, runs };
  },
});

const squared = "Of the logarithm of the open fraction: .01 is a spread of about 10 %.";
const measured: TableColumn<Row>[] = [
  column({ id: "between_systems", label: "between systems", note: squared }, (v) => v.unit),
  column(
    {
      ...{ id: "between_initialisations", label: "between initialisations" },
      note: "With other training data; on the same test sequences.",
    },
    (v) => v.repetition,
  ),
  column({ id: "sampling", label: "of sampling" }, (v) => v.sampling),
  column(
    {
      id: "twenty_systems",
      label: "error, 20 systems x 1",
      note: "Standard error of a mean over 20 runs.",
    },
    (v) => errorOfMean(v, 20, 1),
  ),
  column({ id: "five_systems", label: "error, 5 systems x 4" }, (v) => errorOfMean(v, 5, 4)),
];

/** The table: one row for each lambda and model. */
export function summarize(runs: Runs): Summary {
  const rows = runs.tagsOf("lambda").flatMap((lambda) =>
    runs.tagsOf<ModelId>("model").map((model): Row => {
      const both = [0, 1].map((initialisation) => modelOf(runs, { lambda, model, initialisation }));
      const [first, second]: Values[] = both.map((predictor) => predictor.oneStep(logOpen));
      const errors = both.flatMap((predictor) => predictor.oneStep(error).values);
      const pairs = first.values.map((x, i) => [x, second.values[i]] as const);
      return {
        ...{ lambda, label: models[model].label, found: variances(pairs, errors) },
        ...{ systems: pairs.length, runs: [...first.runs, ...second.runs] },
      };
    })
  );
  const { label: last } = rows.at(-1)!;
  const said = rows.filter(({ label }) => label === last).map((
    { lambda, found: { unit, repetition, sampling } },
  ) =>
    `${[unit, repetition, sampling].map((v) => v.toPrecision(2)).join(" / ")} at lambda ${lambda}`
  );
  return {
    ...tableOf(rows, [columns.lambda, columns.predictor, ...measured]),
    verdict: {
      outcome: "illustration",
      rule: "Nothing is judged: the table describes.",
      reason: `${rows[0].systems} systems with two initialisations each.`,
    },
    findings: [
      `${last}: variance of the log open fraction between systems / between initialisations / of sampling: ${
        said.join("; ")
      }.`,
    ],
    plots: [],
  };
}
