/**
 * @file One configuration of transformer-filters at the full size of the paper profile, trained on a processor: what the paper profile costs, and
 * whether size changes the picture.
 */
import type { GraphBuilder, JobRef } from "../graph.ts";
import { type Profile, profileOf } from "../profiles.ts";
import type { ExperimentMeta, Row, Summary } from "../results.ts";
import {
  baselineRuns,
  type Contender,
  horizons,
  modelRuns,
  transformer,
} from "./shared/filtering.ts";
import {
  agreement,
  type Baseline,
  cellOf,
  type Evaluated,
  gapColumn,
  horizonColumns,
  judge,
  measured,
  percent,
  ratioColumn,
  rawRatioColumn,
  ruleOf,
  type Runs,
  scalars,
  valuesOf,
} from "./shared/scores.ts";

export const meta: ExperimentMeta = {
  id: "full-size",
  title: "Full size, once",
  question:
    "Does a Transformer of 4 layers and width 256 do better than the small ones of the other experiments?",
  hypothesis: "A larger Transformer that sees more sequences closes more of the gap.",
  method:
    "One configuration of the paper profile (4 layers, width 256, 4 heads, sequences of 256, patches of 16, 2,000 steps of 32 " +
    "sequences, learning rate by successive halving, 8,192 rollouts), on one diagonal system, beside the small Transformer of " +
    "the same patch size. The other configurations of that profile differ in lambda, structure, patch and observed " +
    "dimensions; `deno task pipeline --profile paper --estimate` prints what they would cost on the machine at hand.",
  command: "deno task pipeline --only full-size",
};

const lambda = 0.99;
const at = `lambda=${lambda}`;
const models = [
  { id: "small", label: "Transformer of the other experiments" },
  { id: "full", label: "Transformer of full size" },
];

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  const patch = 16;
  const size = profileOf(profile.pick({ smoke: "smoke", quick: "quick", standard: "paper" }));
  const setting = { at, law: { lambda }, seeds: [0] };
  const run = (contender: Contender, id: string) =>
    modelRuns(g, { ...setting, contender: { ...contender, id }, rollouts: "own" });
  const inputs = {
    ...baselineRuns(g, setting, { far: true }),
    ...run(transformer(profile, { patch }), "small"),
    ...run(transformer(size, { patch }), "full"),
  };
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/full_size.ts" },
    inputs,
    "table",
  );
}

const rule = ruleOf("gap closed of the next patch, full size minus small.");

export function summarize(runs: Runs): Summary {
  const seeds = valuesOf(runs, "seed");
  const gap = (id: string) =>
    measured(runs, seeds, at, `${id}/one-step`, (s: Evaluated) => s.overall.gapClosed);
  const far = (pick: (b: Baseline) => number) =>
    cellOf(measured(runs, seeds, at, "baseline-far", pick));
  const zero: Row = {
    predictor: "zero",
    aligned_ratio: cellOf(
      measured(runs, seeds, at, "baseline", (b: Baseline) => b.zero.oneStep.zero),
    ),
  };
  const rows = models.map(({ id, label }): Row => {
    const of = (pick: (s: Evaluated) => number) =>
      cellOf(measured(runs, seeds, at, `${id}/one-step`, pick));
    const about = (name: string) => cellOf(scalars(runs, seeds, at, `${id}/model`, name));
    const row: Row = {
      predictor: label,
      aligned_ratio: of((s) => s.aligned.ratio),
      ratio: of((s) => s.overall.ratio),
      raw_ratio: of((s) => s.overall.rawRatio),
      gap_closed: of((s) => s.overall.gapClosed),
      parameters: about("parameters"),
      tokens: about("tokens"),
      steps: about("steps"),
      learning_rate: about("learningRate"),
      seconds: {
        observed: { name: "step seconds", times: "steps" },
        runs: seeds.map((seed) => `${at}/seed=${seed}/${id}/model`),
      },
    };
    horizons.forEach((h, i) => {
      row[`h${h}`] = cellOf(
        measured(runs, seeds, at, `${id}/rollout`, (s: Evaluated) => s.byHorizon[i].ratio),
      );
      zero[`h${h}`] = far((b) => b.zero.rollout[i].zero);
    });
    return row;
  });
  const scored = Object.keys(runs).filter((name) => name.endsWith("/one-step"));
  const [small, full] = ["small", "full"].map(gap);
  return {
    columns: [
      { id: "predictor", label: "predictor", format: "text" },
      {
        id: "aligned_ratio",
        label: "one step: loss / Kalman",
        format: "fixed3",
        better: "lower",
        note: "After 32, 64, ... 224 observations; that of zero at all tokens.",
      },
      { ...ratioColumn, note: `Of the next patch, all offsets. ${ratioColumn.note}` },
      rawRatioColumn,
      gapColumn,
      ...horizonColumns,
      { id: "parameters", label: "parameters", format: "integer" },
      { id: "tokens", label: "tokens", format: "integer", note: "Observations trained on." },
      { id: "steps", label: "steps", format: "integer" },
      { id: "learning_rate", label: "learning rate", note: "Found by successive halving." },
      { id: "seconds", label: "seconds to train", format: "seconds", note: "On one core." },
    ],
    rows: [zero, ...rows],
    verdict: judge(rule, [{
      what: "gap closed, full size minus small",
      differences: full.values.map((x, i) => x - small.values[i]),
    }]),
    findings: [
      `On one system at lambda ${lambda} the Transformer of full size closes ${
        percent(full.values[0])
      } of the next patch's gap, ` +
      `the small one ${percent(small.values[0])}.`,
      agreement(scored.map((name) => (runs[name].json("scores.json") as Evaluated).overall)),
    ],
    plots: [{
      id: "gap-closed",
      title: "Gap closed of the next patch",
      caption: "One system, an illustration.",
      x: { column: "predictor", label: "predictor", scale: "band" },
      y: { column: "gap_closed", label: "gap closed" },
      marks: ["dot"],
    }],
  };
}
