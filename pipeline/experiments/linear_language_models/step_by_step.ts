/** @file What writing steps down buys a linear model of language: parity (linear-language-models, step-by-step). */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Details } from "../../../lib/tasks/stepwise_parity/stepwise_parity.ts";
import type { StepKind } from "../../../lib/tasks/stepwise_parity/steps.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, type Values } from "../../table/values.ts";
import { percent, plotOver } from "../../table/verdict.ts";
import { trainedRuns } from "../../trained.ts";

export const meta: ExperimentMeta = {
  id: "step-by-step",
  title: "A linear model that thinks step by step",
  question: "Which steps, written down, let a linear model of language find the parity of bits?",
  hypothesis:
    "Of 16 bits a linear mixer that answers at once, or after the running parities, closes less than 15 % of the gap between guessing and the parity; with a conjunction written down before each parity, or with " +
    "running counts of ones, it closes at least 90 %; and a mixer with a ReLU needs the running parities alone.",
  method:
    "[Malach](https://arxiv.org/abs/2309.06979) shows that linear predictors of the next token approximate what a Turing machine computes efficiently, if they learn from texts that have the steps, and measures a problem by the number of them. " +
    "Here n uniform bits are followed by steps and the parity. **No steps.** **Running parities** p_t = p_{t-1} xor x_t: exclusive or of two tokens is no threshold of anything that adds up, so steps that a person would write are of no use. " +
    "**Conjunctions**, c_t = p_{t-1} and x_t, then p_t = p_{t-1} + x_t - 2 c_t: both are thresholds. **Running counts** s_t = s_{t-1} + x_t: the largest of -(s - s_{t-1} - x_t)^2 is found by adding up what both tokens say. " +
    "A mixer of 64 units with weights by positions, trained on fresh right texts, 400 steps of 32, Adam at rate .02 with a cosine schedule, chosen on seed 90 for all. Scored is the last token after steps of its own, each the likeliest token, on 400 texts: " +
    "guessing closes nothing, the parity everything. Beside it stand the same with the right steps given, and the share of steps that are right then.",
  from: "standard",
};

const steps: Record<StepKind, string> = {
  none: "none",
  parity: "running parities",
  carry: "conjunctions and parities",
  count: "running counts",
};
const kinds = { linear: "linear mixer", relu: "mixer with ReLU" } as const;
type Kind = keyof typeof kinds;
const lengths = [4, 8, 16];
const longest = lengths.at(-1)!;

/** The ReLU is there for the exclusive or that the linear mixer cannot make. */
const settings = (Object.keys(kinds) as Kind[]).flatMap((kind) =>
  (Object.keys(steps) as StepKind[])
    .filter((step) => kind === "linear" || step === "none" || step === "parity")
    .flatMap((step) => lengths.map((bits) => ({ kind, steps: step, bits })))
);
type Setting = typeof settings[number];

/** Of the gap closed. */
const [none, nearly] = [0.15, 0.9];
const closes = (what: string, margin: number) => ({
  what,
  ...{ metric: "gap closed", scale: "points" as const, margin },
});

const stated: Hypothesis = {
  unit: "seed",
  seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  clauses: [
    closes("minus the gap that the linear mixer closes without steps", -none),
    closes("minus the gap that it closes with running parities", -none),
    closes("the gap that it closes with conjunctions and parities", nearly),
    closes("the gap that it closes with running counts", nearly),
    closes("the gap that the mixer with ReLU closes with running parities", nearly),
  ],
};

/** Tags: kind, steps, bits, seed, result. */
export const grid: Grid = (g) =>
  g.table(settings.flatMap((tags) => {
    const { kind, steps, bits } = tags;
    const task = { name: "stepwise_parity", options: { bits, steps } };
    const tokens = { none: 0, parity: bits - 1, carry: 2 * bits - 2, count: bits }[steps];
    const mixer = { width: 64, length: bits + tokens, kind };
    return trainedRuns(
      g,
      { model: { name: "token_mixer", options: mixer } },
      {
        ...{ task, batch: 32, steps: 400, warmup: 50, rates: [0.02] },
        scoredOn: (seed) =>
          g.job("generate", { task, instance: 0, data: 5000 + seed, sequences: 400 }, {}, {
            ...{ steps, bits, seed, result: "data" },
          }),
      },
      stated.seeds,
      tags,
    ).filter(({ tags }) => tags.result === "score");
  }));

interface StepsRow extends Setting {
  chain: number;
  gapClosed: Values;
  accuracy: Values;
  given: Values;
  right: Values;
}

const share = { format: "percent", better: "higher" } as const;
const columns: TableColumn<StepsRow>[] = [
  { id: "model", label: "model", format: "text", of: ({ kind }) => kinds[kind] },
  { id: "setting", label: "steps", format: "text", of: (row) => steps[row.steps] },
  { id: "bits", label: "bits", of: ({ bits }) => bits },
  { id: "chain", label: "tokens written", of: ({ chain }) => chain },
  {
    ...{ id: "accuracy", label: "right answers", ...share },
    note: "After steps of its own; 50 % by guessing.",
    of: ({ accuracy }) => cellOf(accuracy),
  },
  { id: "gap_closed", label: "gap closed", ...share, of: ({ gapClosed }) => cellOf(gapClosed) },
  {
    ...{ id: "given", label: "right, steps given", ...share },
    of: ({ given }) => cellOf(given),
  },
  {
    ...{ id: "steps_right", label: "right steps", ...share },
    note: "Tokens written that are right where those before them are given.",
    of: ({ right }) => cellOf(right),
  },
];

/** The table: one row for each model, kind of steps and number of bits. */
export function summarize(runs: Runs): Summary {
  const scores = (setting: Setting) => runs.where({ ...setting, result: "score" });
  const closed = (kind: Kind, steps: StepKind) =>
    scores({ kind, steps, bits: longest })
      .each("seed", ({ scalars }) => scalars.gapClosed, "gapClosed");
  const rows = settings.map((setting): StepsRow => {
    const own = scores(setting);
    const detail = (of: keyof Details) =>
      own.each("seed", (run) => (run.json("scores.json") as Details)[of], of);
    return {
      ...setting,
      chain: detail("chain").values[0],
      gapClosed: own.each("seed", ({ scalars }) => scalars.gapClosed, "gapClosed"),
      ...{ accuracy: detail("accuracy"), given: detail("given"), right: detail("steps") },
    };
  });
  const of = (["none", "parity", "carry", "count"] as const).map((step) => closed("linear", step));
  const relu = closed("relu", "parity");
  const negated = (of: Values) => mapped(of, (value) => -value, "gapClosed, negated");
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(
      stated,
      [negated(of[0]), negated(of[1]), of[2], of[3], relu].map(plainEffect),
    ),
    findings: [
      `Of ${longest} bits a linear mixer closes ${
        percent(mean(of[0]))
      } of the gap between guessing and the parity without steps, ${
        percent(mean(of[1]))
      } with running parities, ${percent(mean(of[2]))} with conjunctions and parities, ${
        percent(mean(of[3]))
      } with running counts; with a ReLU and running parities it is ${percent(mean(relu))}.`,
    ],
    plots: [
      plotOver(stated.seeds.length, {
        ...{ id: "accuracy", title: "Right answers by bits", caption: "50 % is guessing." },
        x: { column: "bits", label: "bits", scale: "log" },
        y: { column: "accuracy", label: "right answers" },
        ...{ series: "setting", facet: "model" },
      }, "seed"),
    ],
  };
}
