/** @file What a known equation is worth to a linear map that is learned from few frames of a field. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, TaggedJob } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, minus, type Values } from "../../table/values.ts";
import { plotOver } from "../../table/verdict.ts";

const equations = { heat: 0.2, wave: 0.25 } as const;
const equationNames = Object.keys(equations) as (keyof typeof equations)[];
/** As many frames are fewer than the 32 unknown numbers of a point with their validation; three thousand are plenty. */
const counts = [24, 48, 100, 1000, 3000];
const few = 24;

export const meta: ExperimentMeta = {
  id: "known-dynamics",
  title: "Known physics and a learned residual",
  question:
    "What is the heat or the wave equation worth to a linear map that is learned from data?",
  hypothesis:
    `Learned from ${few} frames, a linear residual beside the equation has less than half the excess error of a linear map that is learned without ` +
    "it, for the heat and for the wave equation.",
  method:
    "Fields on a ring of 16 points, pushed by noise, whose equation is known but for what textbooks leave out: strength that varies by 20 % from " +
    "point to point, damping, a drift. The next frame is predicted by a linear map of the last two: 512 numbers, by ridge least squares in closed form with the " +
    "ridge chosen on the last quarter of the frames, shrunk towards the equation or towards nothing. Both can be every linear map of two frames, so with " +
    "enough frames they agree. Excess: mean squared error of the next frame above that of the true map, over that of repeating the last " +
    "frame; eight places.",
  from: "standard",
};

/** Stated before the runs; places 0 to 2 were looked at while the experiment was written, and are not judged. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [10, 11, 12, 13, 14, 15, 16, 17],
  clauses: equationNames.map((equation) => ({
    what: `excess without the equation over excess with it, ${equation}, ${few} frames`,
    metric: "excess",
    scale: "factor",
    margin: Math.log(2),
  })),
};

/** Tags: equation, seed (the place). */
export const grid: Grid = (g) =>
  g.table(equationNames.flatMap((equation) =>
    stated.seeds.map((seed): TaggedJob => {
      const tags = { equation, seed };
      const params = { equation, strength: equations[equation], frames: counts, place: seed };
      return { tags, job: g.job("known_dynamics", params, {}, tags) };
    })
  ));

interface FramesRow {
  equation: string;
  frames: number;
  /** Over that of repeating the last frame. */
  known: Values;
  free: Values;
  /** log(free / known) */
  gain: Values;
}

const columns: TableColumn<FramesRow>[] = [
  { id: "equation", label: "equation", format: "text", of: ({ equation }) => equation },
  { id: "frames", label: "frames", format: "integer", of: ({ frames }) => frames },
  {
    id: "known",
    label: "with the equation",
    format: "percent",
    better: "lower",
    note: "Excess error, of that of repeating the last frame.",
    of: ({ known }) => cellOf(known),
  },
  {
    id: "free",
    label: "without",
    format: "percent",
    better: "lower",
    of: ({ free }) => cellOf(free),
  },
  {
    id: "gain",
    label: "log ratio",
    format: "fixed3",
    better: "higher",
    note: "Of the excess without the equation to that with it.",
    of: ({ gain }) => cellOf(gain),
  },
];

/** The table: one row for each equation and number of frames. */
export function summarize(runs: Runs): Summary {
  const rows = equationNames.flatMap((equation) => {
    const own = runs.where({ equation });
    return counts.map((frames): FramesRow => {
      const share = (how: "known" | "free") =>
        own.each(
          "seed",
          ({ scalars }) => scalars[`excess ${how} ${frames}`] / scalars["excess floor"],
          `excess ${how}, ${frames} frames`,
        );
      const [known, free] = [share("known"), share("free")];
      const logOf = (of: Values, how: string) =>
        mapped(of, Math.log, `log excess ${how}, ${frames} frames`);
      return {
        equation,
        frames,
        known,
        free,
        gain: minus(logOf(free, "free"), logOf(known, "known")),
      };
    });
  });
  const at = (frames: number) => rows.filter((row) => row.frames === frames);
  const factors = (frames: number) =>
    at(frames).map(({ equation, gain }) => `${Math.exp(mean(gain)).toPrecision(3)} (${equation})`)
      .join(" and ");
  const most = counts.at(-1)!;
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(stated, at(few).map(({ gain }) => plainEffect(gain))),
    findings: [
      `Knowing the equation divides the excess error of a linear map learned from ${few} frames by ${
        factors(few)
      }, and from ` +
      `${most.toLocaleString("en")} frames by ${factors(most)}.`,
    ],
    plots: [
      plotOver(runs.tagsOf("seed").length, {
        id: "gain",
        title: "What the equation is worth, by frames",
        caption: "",
        x: { column: "frames", label: "frames learned from", scale: "log" },
        y: { column: "gain", label: "log(excess without / with the equation)" },
        series: "equation",
        rules: [{ y: 0, label: "nothing" }],
      }, "seed"),
    ],
  };
}
