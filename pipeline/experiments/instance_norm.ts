/**
 * @file Which statistics should reversible instance normalisation put back at the output? A small ablation; its winner is
 * the default of lib/models/transformer.ts.
 */
import { meanInterval, pairedInterval } from "../../lib/analysis/intervals.ts";
import type { GraphBuilder, JobRef } from "../graph.ts";
import type { Profile } from "../profiles.ts";
import type { ExperimentMeta, Row, Summary } from "../results.ts";
import type { ArtifactReaderSync } from "../stage.ts";
import {
  gridOf,
  horizons,
  percent,
  type Score,
  seedCell,
  transformerRuns,
} from "./shared/filtering.ts";

export const meta: ExperimentMeta = {
  id: "instance-norm",
  title: "Instance normalisation",
  question: "Does normalising each sequence by its own past help a Transformer to filter?",
  hypothesis:
    "No: the systems are stationary and scaled to unit variance, so the statistics of a short past " +
    "add noise and no information. Fixed training statistics do at least as well.",
  method:
    "The Transformer of the eigenvalue sweep on diagonal systems, with two modes of reversible instance " +
    "normalisation: `fixed` (training statistics are put back at the output) and `causal` (statistics of the " +
    "observations so far, with a prior worth 8 observations, frozen after the warm-up in rollouts). The third mode, " +
    "`none`, is the same function as `fixed` here: the systems are scaled to mean 0 and variance 1, so there is " +
    "nothing to put back (a test holds the two equal). " +
    "Systems, initialisations and data are the same for both modes, so differences are paired.",
  command: "deno task pipeline --only instance-norm",
};

const modes = ["fixed", "causal"] as const;

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  const lambdas = profile.pick({ smoke: [0.96], standard: [0.84, 0.96, 0.99] });
  const seeds = profile.pick({ smoke: 1, quick: 2, standard: 5 });
  const inputs: Record<string, JobRef> = {};
  for (const lambda of lambdas) {
    for (let seed = 0; seed < seeds; seed++) {
      for (const norm of modes) {
        const at = `lambda=${lambda}/seed=${seed}/norm=${norm}`;
        const { [`${at}/baseline`]: _, ...runs } = transformerRuns(
          g,
          profile,
          at,
          { key: seed, lambda },
          { norm },
        );
        Object.assign(inputs, runs);
      }
    }
  }
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/instance_norm.ts" },
    inputs,
    "table",
  );
}

const rule =
  "With at least 5 systems a lambda: refuted if the 95 % paired interval of gap closed, causal minus fixed, " +
  "lies above 0 at any lambda; supported if its upper end lies below 1 % at every lambda; undecided " +
  "otherwise. With fewer systems nothing is judged.";

export function summarize(runs: Record<string, ArtifactReaderSync>): Summary {
  const { lambdas, seeds } = gridOf(Object.keys(runs));
  const oneStep = (lambda: number, seed: number, mode: string) => {
    const run = `lambda=${lambda}/seed=${seed}/norm=${mode}/one-step`;
    return { run, score: runs[run].json("scores.json").overall as Score };
  };
  const gaps = (lambda: number, mode: string) =>
    seeds.map((seed) => oneStep(lambda, seed, mode).score.gapClosed);

  const rows = lambdas.flatMap((lambda) =>
    modes.map((mode): Row => {
      const of = (pick: (s: Score) => number) =>
        seedCell(seeds.map((seed) => {
          const { run, score } = oneStep(lambda, seed, mode);
          return { value: pick(score), run };
        }));
      const row: Row = {
        lambda,
        mode,
        ratio: of((s) => s.ratio),
        gap_closed: of((s) => s.gapClosed),
      };
      horizons.forEach((h, i) => {
        row[`h${h}`] = seedCell(seeds.map((seed) => {
          const run = `lambda=${lambda}/seed=${seed}/norm=${mode}/rollout`;
          return { value: (runs[run].json("scores.json").byHorizon as Score[])[i].ratio, run };
        }));
      });
      return row;
    })
  );

  const differences = lambdas.map((lambda) =>
    pairedInterval(gaps(lambda, "causal"), gaps(lambda, "fixed"))
  );
  const enough = seeds.length >= 5 && differences.every((d) => d.low !== undefined);
  const outcome = !enough
    ? "illustration"
    : differences.some((d) => d.low! > 0)
    ? "refuted"
    : differences.every((d) => d.high! < 0.01)
    ? "supported"
    : "undecided";
  const average = (mode: string) => meanInterval(lambdas.flatMap((l) => gaps(l, mode))).mean;
  const best = modes.reduce((a, b) => (average(b) > average(a) ? b : a));
  const systems = `${seeds.length} ${seeds.length === 1 ? "system" : "systems"} a lambda`;
  return {
    columns: [
      { id: "lambda", label: "lambda" },
      { id: "mode", label: "mode", format: "text" },
      { id: "ratio", label: "loss / Kalman", format: "fixed3", better: "lower" },
      { id: "gap_closed", label: "gap closed", format: "percent", better: "higher" },
      ...horizons.map((h) => ({
        id: `h${h}`,
        label: `t+${h}`,
        format: "fixed3" as const,
      })),
    ],
    rows,
    verdict: {
      outcome,
      rule,
      reason: `Gap closed, causal minus fixed: ` +
        lambdas.map((lambda, i) => {
          const { mean, low, high } = differences[i];
          const spread = low === undefined ? "" : ` (${percent(low)} to ${percent(high!)})`;
          return `${percent(mean)}${spread} at lambda ${lambda}`;
        }).join("; ") +
        `, ${systems}.${enough ? "" : " Too few systems for a verdict: this only illustrates."}`,
    },
    findings: [
      `Of the two modes of instance normalisation that differ, "${best}" closes most of the gap: ` +
      `${modes.map((mode) => `${mode} ${percent(average(mode))}`).join(", ")} (${systems}).`,
    ],
    plots: [{
      id: "gap-closed",
      title: "Gap closed by mode",
      caption: enough
        ? "One step ahead. Bars are 95 % intervals over systems."
        : `One step ahead. Means of ${seeds.length} systems, an illustration; their intervals are in the table.`,
      x: { column: "mode", label: "mode", scale: "band" },
      y: { column: "gap_closed", label: "gap closed" },
      series: "lambda",
      marks: enough ? ["dot", "interval"] : ["dot"],
    }],
  };
}
