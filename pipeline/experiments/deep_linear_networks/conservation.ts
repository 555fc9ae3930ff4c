/** @file What does gradient descent on a product of matrices conserve, and what can it therefore not reach? (deep-linear-networks, dynamics) */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped } from "../../table/values.ts";
import {
  overSeeds,
  scalarOf,
  studyRuns,
  withinClause,
  withinEffect,
  worst,
} from "./shared/studies.ts";

export const meta: ExperimentMeta = {
  id: "conservation",
  title: "What gradient descent conserves",
  question:
    "What does gradient descent on a product of matrices conserve, and what can it therefore not reach?",
  hypothesis:
    "Every step changes W_l' W_l - W_{l+1} W_{l+1}' by eta^2 (G_l' G_l - G_{l+1} G_{l+1}') to 1e-12, from every initialisation; over a fixed time the " +
    "drift halves with the step within 10 %; and from the identity no direction that the teacher reverses is learned (loss .5 within .01), while one row's other sign " +
    "cures it (loss below 1e-6).",
  method:
    "**identity of one step**: layers of width 6, 2 to 16 of them, inputs that are not white, rate .01 / depth, 20 x depth steps and twice as many of " +
    "half the size. The error is the largest entry of any layer at any step; the drift is what D_l has changed by at the end. **identity start**: white inputs, a " +
    "teacher [4, 4] that is the identity but for one reversed direction (random by seed), a quarter of the largest stable rate, 4,000 steps: a negative control of " +
    "the claim that gradient descent on deep linear networks always gets there. All in float64.",
  from: "standard",
};

const initialisations = ["balanced", "orthogonal", "xavier", "identity"];
const starts = ["identity", "flipped"];
/** Of either study. */
const depths = [2, 5, 16];
const plateauDepths = [2, 3, 10];

/** Tags: study, depth, start, seed. */
export const grid: Grid = (g) =>
  g.table([
    ...studyRuns(
      g,
      "conservation",
      depths.flatMap((depth) =>
        initialisations.map((start) => ({
          tags: { study: "identity of one step", depth, start },
          options: { depth, initialisation: start },
        }))
      ),
    ),
    ...studyRuns(
      g,
      "identity_start",
      plateauDepths.flatMap((depth) =>
        starts.map((start) => ({
          tags: { study: "identity start", depth, start },
          options: { depth, start },
        }))
      ),
    ),
  ]);

const tolerance = { identity: 1e-12, halving: 0.2, plateau: 0.01, cured: 1e-6 };

const hypothesis = overSeeds([
  withinClause("error of the identity", tolerance.identity),
  withinClause("distance of the ratio of drifts from 2", tolerance.halving),
  withinClause("distance of the loss from .5, from the identity", tolerance.plateau),
  withinClause("loss, one row flipped", tolerance.cured),
]);

interface Row {
  study: string;
  depth: number;
  start: string;
}

/** The table: one row for each study, depth and start. */
export function summarize(runs: Runs): Summary {
  const rows: Row[] = ["identity of one step", "identity start"].flatMap((study) =>
    runs.where({ study }).tagsOf("depth").flatMap((depth) =>
      runs.where({ study, depth }).tagsOf<string>("start")
        .map((start) => ({ study, depth, start }))
    )
  );
  const scalar = (name: string) => ({ study, depth, start }: Row) =>
    scalarOf(runs, { study, depth, start }, name);
  const one = ({ study }: Row) => study === "identity of one step";
  const column = (id: string, label: string, name: string, note: string): TableColumn<Row> => ({
    ...{ id, label, note },
    of: (row) => cellOf(scalar(name)(row)),
  });
  const [steps, identities] = [rows.filter(one), rows.filter((row) => row.start === "identity")];
  const flipped = rows.filter((row) => row.start === "flipped");
  const plateaus = identities.filter((row) => !one(row));
  const errors = worst(steps.map(scalar("identityError")), "largest error of the identity");
  const halving = worst(
    steps.map((row) => mapped(scalar("driftRatio")(row), (ratio) => Math.abs(ratio - 2))),
    "largest distance of the ratio of drifts from 2",
  );
  const plateau = worst(
    plateaus.map((row) => mapped(scalar("loss")(row), (loss) => Math.abs(loss - 0.5))),
    "largest distance of the loss from .5",
  );
  const cured = worst(flipped.map(scalar("loss")), "largest loss, flipped");
  return {
    ...tableOf(rows, [
      { id: "study", label: "study", format: "text", of: ({ study }) => study },
      { id: "depth", label: "depth", of: ({ depth }) => depth },
      { id: "start", label: "start", format: "text", of: ({ start }) => start },
      onlyIf(
        one,
        column("identity_error", "error of the identity", "identityError", "Mean over seeds."),
      ),
      onlyIf(
        one,
        column("drift_ratio", "ratio of drifts", "driftRatio", "Over that at half the step."),
      ),
      onlyIf(
        one,
        column("imbalance", "imbalance at the start", "imbalance", "Largest |D_l| over |W|^2."),
      ),
      onlyIf((row) => !one(row), {
        ...column(
          "loss",
          "loss after 4,000 steps",
          "loss",
          "Of predicting nothing in the reversed direction: .5.",
        ),
      }),
    ]),
    verdict: verdictOf(hypothesis, [
      withinEffect(errors, tolerance.identity, "log share of 1e-12"),
      withinEffect(halving, tolerance.halving, "log share of .2"),
      withinEffect(plateau, tolerance.plateau, "log share of .01"),
      withinEffect(cured, tolerance.cured, "log share of 1e-6"),
    ]),
    findings: [
      `The identity of one step holds to ${
        Math.max(...errors.values).toExponential(1)
      } in ${steps.length} settings of 2 to ${Math.max(...depths)} layers.`,
      `From the identity ${plateaus.length} of ${plateaus.length} depths end at a loss within ${
        Math.max(...plateau.values).toExponential(1)
      } of .5; with one row flipped at ${Math.max(...cured.values).toExponential(1)} or below.`,
    ],
    plots: [],
  };
}
