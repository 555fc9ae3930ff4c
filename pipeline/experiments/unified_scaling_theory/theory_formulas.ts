/** @file Do the formulas of a theory of depth and width say what its page says of them? (unified-scaling-theory, theory-formulas) */
import type { Clause } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, type Values } from "../../table/values.ts";
import { overSeeds, scalarOf, studyRuns } from "../deep_linear_networks/shared/studies.ts";

export const meta: ExperimentMeta = {
  id: "theory-formulas",
  title: "A theory of depth and width, by its own formulas",
  question: "Do the formulas of the unified scaling theory say what its page says of them?",
  hypothesis:
    "As the page has it: the stationary depth minimises the condition number; 26 layers are better conditioned than 6; the rank r* is at least 1, as a share of the width it " +
    "is within a factor of two of the rank that keeps the variance, and it grows with the decay of the spectrum; and the derivative of a gated state by the last one is at " +
    "most the norm of its recurrent matrix.",
  method:
    "Arithmetic with the formulas of the page and of the proofs that it cites (elman-proofs: DepthScaling.lean, SpectralLowRank.lean, E1_GatedElman.lean), at ten random " +
    "settings each: exponents alpha of 1 to 1.5, a lost share of .01 to .1, 10^8 to 10^10 parameters, 3 to 6 matrices a layer; the counted rank is that of singular values i^-alpha at widths of " +
    "128 to 2,048. Norms of derivatives are the largest of 200 draws of weights and states of width 8. Where the page states a figure of its own trainings, the figure is compared with the formula, " +
    "or with the author's other tables: they are quoted, not measured here. A row says how often the claim held.",
  from: "standard",
};

/** One claim and what it is held to. */
interface Claim {
  claim: string;
  /** What is computed. */
  number: string;
  study: "formulas" | "bounds";
  scalar: string;
  /** What the page says that the number is. */
  said?: number;
  /** Whether a number bears the claim out; of numbers that only show something nothing is counted. */
  holds?(value: number): boolean;
  /** Of those that are judged: above 0 where it does. */
  judged?: { clause: Clause; effect(value: number): number };
}

const plain = (what: string): Clause => ({ what, metric: what, scale: "plain" });
/** A number that must lie above 0. */
const positive = (what: string): Pick<Claim, "holds" | "judged"> => ({
  holds: (value) => value > 0,
  judged: { clause: plain(what), effect: (value) => value },
});
const near = (said: number) => ({
  said,
  holds: (value: number) => Math.abs(value / said - 1) <= 0.1,
});

const claims: Claim[] = [
  {
    claim: "L* = P / (c e) minimises the condition number",
    number: "log condition number at half or twice L*, the lower one, over that at L*, minus 1",
    ...{ study: "formulas", scalar: "leaving" },
    ...positive("log condition number off the stationary depth, relative, minus 1"),
  },
  {
    claim: "L* is a depth for language models",
    number: "L* at 400 million parameters, c = 3, in layers",
    ...{ study: "formulas", scalar: "statedDepth", said: 26 },
    holds: (value) => value >= 22 && value <= 32,
  },
  {
    claim: "width follows from L*",
    number: "width at L*",
    ...{ study: "formulas", scalar: "statedWidth", ...near(1300) },
  },
  {
    claim: "26 layers are better conditioned than 6",
    number: "log condition number of 6 layers minus that of 26, at random settings",
    ...{ study: "formulas", scalar: "deeper" },
    ...positive("log condition number of 6 layers minus that of 26"),
  },
  {
    claim: "huge matrices of 6 layers have poor condition numbers",
    number: "log condition number of 6 layers over alpha, at 400 million parameters",
    ...{ study: "formulas", scalar: "condition6" },
  },
  {
    claim: "moderate matrices of 26 layers have reasonable ones",
    number: "log condition number of 26 layers over alpha, at 400 million parameters",
    ...{ study: "formulas", scalar: "condition26" },
  },
  {
    claim: "the best depth grows in proportion to the parameters",
    number: "exponent of the depths that the page predicts for 0.4 to 7 billion parameters",
    ...{ study: "formulas", scalar: "depthExponent", ...near(1) },
  },
  {
    claim: "the best depth grows with the square root of the parameters",
    number: "the same exponent",
    ...{ study: "formulas", scalar: "depthExponent", ...near(0.5) },
  },
  {
    claim: "r* = epsilon^(1 / (2 alpha - 1)) is a rank",
    number: "r*",
    ...{ study: "formulas", scalar: "rank" },
    holds: (value) => value >= 1,
    judged: { clause: plain("r* minus 1"), effect: (value) => value - 1 },
  },
  {
    claim: "r* is a share of the width that keeps the variance 1 - epsilon",
    number: "log of r* times the width over the counted rank, without its sign",
    ...{ study: "formulas", scalar: "rankError" },
    holds: (value) => value < Math.log(2),
    judged: {
      clause: plain("log 2 minus the error of the rank, in logs"),
      effect: (value) => Math.log(2) - value,
    },
  },
  {
    claim: "a steeper spectrum needs a higher rank",
    number: "log of the counted rank at alpha + .5 over that at alpha",
    ...{ study: "formulas", scalar: "steeper" },
    ...positive("log growth of the counted rank with alpha"),
  },
  {
    claim: "E1 with 26 layers has 403 million parameters",
    number: "its parameters at width 1,312 and five matrices a layer, as in all other rows",
    ...{ study: "formulas", scalar: "parameters26", ...near(403e6) },
  },
  {
    claim: "below 20 layers depth is missing, beyond it is not",
    number: "share of the author's fall of the loss from 6 to 32 layers that 18 layers have",
    ...{ study: "formulas", scalar: "below" },
    holds: (value) => value < 0.5,
  },
  {
    claim: "E1 learns twice as fast by the clock",
    number: "tokens a second times sample efficiency over Mamba-2, E1 of 26 layers",
    ...{ study: "formulas", scalar: "rate", ...near(2) },
  },
  {
    claim: "E1 learns twice as fast by the clock",
    number: "the same of the author's E1 of 394 million parameters",
    ...{ study: "formulas", scalar: "rateOfEqualSize", ...near(2) },
  },
  {
    claim: "E1 learns twice as fast by the clock",
    number: "the same in the author's later study, 403 against 402 million parameters",
    ...{ study: "formulas", scalar: "laterRate", ...near(2) },
  },
  {
    claim: "|J| <= |W_h|",
    number: "largest |J| / |W_h|",
    ...{ study: "bounds", scalar: "stated", said: 1 },
    holds: (value) => value <= 1,
    judged: {
      clause: plain("minus log of the largest |J| / |W_h|"),
      effect: (value) => -Math.log(value),
    },
  },
  {
    claim: "|J| <= |W_h| + |W_g| / 4, which follows instead",
    number: "largest |J| / (|W_h| + |W_g| / 4)",
    ...{ study: "bounds", scalar: "mended", said: 1 },
    holds: (value) => value <= 1,
  },
  {
    claim: "no smaller factor than 1/4 does",
    number: "the same ratio with W_h = 0, tanh saturated and the gate half open",
    ...{ study: "bounds", scalar: "closest", ...near(1) },
  },
  {
    claim: "0 < sigmoid < 1",
    number: "the first integer whose sigmoid is 1 in single precision",
    ...{ study: "bounds", scalar: "saturates" },
  },
];

const judged = claims.filter((claim): claim is Claim & Required<Pick<Claim, "judged">> =>
  claim.judged !== undefined
);
const stated = overSeeds(judged.map(({ judged: { clause } }) => clause));

const studies = { formulas: "scaling_formulas", bounds: "gated_state_bounds" };

/** Tags: study, seed. */
export const grid: Grid = (g) =>
  g.table(
    Object.entries(studies).flatMap(([study, name]) =>
      studyRuns(g, name, [{ tags: { study }, options: {} }])
    ),
  );

interface Row extends Claim {
  values: Values;
}

const held = ({ holds, values: { values } }: Row) =>
  holds && `${values.filter((value) => holds(value)).length} of ${values.length}`;

const columns: TableColumn<Row>[] = [
  { id: "claim", label: "claim", format: "text", of: ({ claim }) => claim },
  { id: "number", label: "what is computed", format: "text", of: ({ number }) => number },
  {
    ...{ id: "said", label: "as the page says" },
    note: "Where it names a number.",
    of: ({ said }) => said,
  },
  { id: "found", label: "found", of: ({ values }) => cellOf(values) },
  {
    ...{ id: "holds", label: "holds", format: "text" },
    note: "Settings in which the number bears the claim out.",
    of: held,
  },
];

/** The table: one row for each claim. */
export function summarize(runs: Runs): Summary {
  const rows = claims.map((claim): Row => ({
    ...claim,
    values: scalarOf(runs, { study: claim.study }, claim.scalar),
  }));
  const counted = rows.filter(({ holds }) => holds);
  const never = counted.filter(({ holds, values: { values } }) => !values.some(holds!)).length;
  const largest = (scalar: string) =>
    Math.max(...rows.find((row) => row.scalar === scalar)!.values.values).toPrecision(3);
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(
      stated,
      judged.map(({ study, scalar, judged: { clause, effect } }) =>
        plainEffect(mapped(scalarOf(runs, { study }, scalar), effect, clause.metric))
      ),
    ),
    findings: [
      `${never} of ${counted.length} claims hold in no setting; at its stationary depth the theory's condition number is ${
        mean(rows[0].values) < 0 ? "a maximum" : "a minimum"
      }.`,
      `The derivative of a gated state is up to ${
        largest("stated")
      } times the norm of its recurrent matrix, and at most ${
        largest("mended")
      } of that norm with a quarter of the gate's added.`,
    ],
    plots: [],
  };
}
