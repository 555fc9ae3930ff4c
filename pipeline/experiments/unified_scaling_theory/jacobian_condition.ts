/** @file Does the condition number of a stack grow as the power of that of its layers? (unified-scaling-theory, jacobian-condition) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, TaggedJob } from "../../graph.ts";
import type { Part } from "../../parts.ts";
import { filteringTask } from "../../presets.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { freshSeeds, verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, type Values } from "../../table/values.ts";
import { percent, plotOver } from "../../table/verdict.ts";

const depths = [1, 2, 4, 8, 16, 32];
const deepest = depths.at(-1)!;
const width = 16;
/** Of the stream whose Jacobian is taken: with the width 64 numbers. */
const tokens = 4;

type Kind = "bare" | "residual";
/**
 * Layer after layer the E1 of the formulas, whose state is gated; in blocks that of the code, whose output is: without norms that is
 * a product of two numbers of the size of its input, and after a few layers there is nothing left of it.
 */
const kinds: Record<Kind, { label: string; layer: string; options: Part["options"] }> = {
  bare: { label: "layer after layer", layer: "e1_lean", options: { block: "bare" } },
  residual: {
    ...{ label: "residual blocks", layer: "e1" },
    options: { block: "residual", mlp: false },
  },
};
const ids = Object.keys(kinds) as Kind[];
const times = ["fresh", "trained"] as const;
type Time = typeof times[number];

/** Of the sum, from which the product of the powers starts to be a fair word. */
const share = 0.9;

/** Stated before the runs; a trial had the seeds below 10, a first run 10 to 17. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  amendments: [freshSeeds(8)],
  clauses: ids.flatMap((kind) =>
    times.map((time) => ({
      what: `log condition number of ${deepest} layers over the sum of those of the layers, ${
        kinds[kind].label
      }, ${time}`,
      ...{ metric: "share", scale: "plain" as const, margin: share },
    }))
  ),
};

export const meta: ExperimentMeta = {
  id: "jacobian-condition",
  title: "The condition number of a stack, by its depth",
  question: "Is the condition number of a stack of E1 layers the product of those of its layers?",
  hypothesis:
    `The log condition number of ${deepest} layers is at least ${share} of the sum of those of its layers, layer after layer and in residual blocks, fresh and trained.`,
  method:
    "A page of theory has the effective condition number of a network as that of a layer to the power of the layers. The product of the layers' own numbers is a bound, " +
    "which is attained only where the singular directions of every layer meet those of the next; tests hold to it. How far from it are networks? " +
    `**E1** of width ${width}, ${
      depths.join(", ")
    } layers: as the formulas have it, an Elman network whose state is multiplied by a gate, one layer after the other; and as its code has it, with the gate on what it shows, in residual blocks (norm, layer, sum; no MLP). As they start and after 200 steps on the filtering task (lambda .92, a system for each seed, 8 sequences of 32 a step, Adam, ` +
    `rate 0.003). The Jacobian is that of the stream, ${tokens} tokens of ${width} channels of a test sequence, from behind the embedding to before the last norm: of each block by reverse differentiation in single precision, of ` +
    "the stack as their product in double precision, its norm and that of the product of inverses kept as logarithms, since the ratio is soon beyond any floating-point number. The slope is that of the log condition number over the layers, by least squares.",
  from: "standard",
};

const task = filteringTask({ lambda: 0.92, obsDim: 2 }, 32);

/** Tags: kind, layers, seed, result. */
export const grid: Grid = (g) =>
  g.table(ids.flatMap((kind) =>
    depths.flatMap((layers): TaggedJob[] => {
      const tags = { kind, layers };
      const parts = {
        task,
        model: {
          name: "stack",
          options: { ...kinds[kind].options, width, patch: 1, norm: "fixed" },
        },
        layers: Array<Part>(layers).fill({ name: kinds[kind].layer, options: {} }),
      };
      const seeds = stated.seeds.map((seed) => ({
        ...{ instance: seed, initialisation: seed, data: 1000 + seed },
      }));
      const trained = g.job(
        "train",
        {
          ...{ ...parts, seeds, batch: 8, steps: 200, warmup: 20, weightDecay: 0 },
          learningRate: 3e-3,
        },
        {},
        { ...tags, result: "training" },
      );
      return stated.seeds.flatMap((seed, index): TaggedJob[] => {
        const own = { ...tags, seed, result: "condition" };
        const data = g.job(
          "generate",
          { task, instance: seed, data: 2000 + seed, sequences: 2 },
          {},
          { seed, result: "data" },
        );
        const params = { ...parts, instance: seed, initialisation: seed, index, tokens };
        return [
          { tags: { ...tags, seed, result: "training" }, job: trained },
          { tags: own, job: g.job("stack_jacobian", params, { model: trained, data }, own) },
        ];
      });
    })
  ));

interface Row {
  kind: Kind;
  layers: number;
  condition: Record<Time, Values>;
  share: Record<Time, Values>;
  /** Of the log condition number over the layers, in the last row of a kind. */
  slope?: Record<Time, Values>;
  loss: Values;
}

const column = (
  id: string,
  label: string,
  of: (row: Row) => Values | undefined,
  more: Partial<TableColumn<Row>> = {},
): TableColumn<Row> => ({
  ...{ id, label, ...more },
  of: (row) => {
    const values = of(row);
    return values && cellOf(values);
  },
});

const columns: TableColumn<Row>[] = [
  { id: "stack", label: "stack", format: "text", of: ({ kind }) => kinds[kind].label },
  { id: "layers", label: "layers", of: ({ layers }) => layers },
  ...times.map((time) =>
    column(
      time,
      `log condition number, ${time}`,
      ({ condition }) => condition[time],
      { better: "lower" },
    )
  ),
  ...times.map((time) =>
    onlyIf(
      ({ layers }) => layers > 1,
      column(`share_${time}`, `of the sum of its layers, ${time}`, ({ share }) => share[time], {
        ...{ format: "percent", note: "100 % if the condition numbers multiply." },
      }),
    )
  ),
  ...times.map((time) =>
    column(`slope_${time}`, `a layer, ${time}`, ({ slope }) => slope?.[time], {
      note: "Slope of the log condition number over all depths.",
    })
  ),
  column("loss", "loss", ({ loss }) => loss, {
    ...{ format: "fixed3", better: "lower" },
    note: "Of the last training step, mean over seeds, over the Kalman filter's.",
  }),
];

/** The table: one row for each kind of stack and number of layers. */
export function summarize(runs: Runs): Summary {
  const scalar = (kind: Kind, layers: number, name: string) =>
    runs.where({ kind, layers, result: "condition" })
      .each("seed", ({ scalars }) => scalars[name], name);
  const each = <T>(of: (time: Time) => T): Record<Time, T> => ({
    fresh: of("fresh"),
    trained: of("trained"),
  });
  const shareOf = (kind: Kind, layers: number, time: Time): Values => {
    const sum = scalar(kind, layers, `${time}Blocks`);
    return mapped(
      scalar(kind, layers, time),
      (log, i) => log / sum.values[i],
      `share, ${time}`,
    );
  };
  const rows = ids.flatMap((kind) =>
    depths.map((layers): Row => ({
      ...{ kind, layers },
      condition: each((time) => scalar(kind, layers, time)),
      share: each((time) => shareOf(kind, layers, time)),
      ...(layers === deepest && {
        slope: each((time) =>
          slopeOf(depths.map((at) => scalar(kind, at, time)), `slope, ${time}`)
        ),
      }),
      loss: runs.where({ kind, layers, result: "training" })
        .each("seed", ({ scalars }) => scalars.lastLoss, "lastLoss"),
    }))
  );
  const at = (kind: Kind) => rows.find((row) => row.kind === kind && row.slope)!;
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(
      stated,
      ids.flatMap((kind) => times.map((time) => plainEffect(at(kind).share[time]))),
    ),
    findings: ids.map((kind) => {
      const { share, slope } = at(kind);
      return `${kinds[kind].label[0].toUpperCase()}${kinds[kind].label.slice(1)}: a layer adds ${
        times.map((time) => `${mean(slope![time]).toPrecision(2)} (${time})`).join(" and ")
      } to the log condition number; that of ${deepest} layers is ${
        times.map((time) => percent(mean(share[time]))).join(" and ")
      } of what powers would have.`;
    }),
    plots: times.map((time) =>
      plotOver(stated.seeds.length, {
        id: time,
        title: `Log condition number by layers, ${time}`,
        caption: "",
        x: { column: "layers", label: "layers", scale: "log" },
        y: { column: time, label: "log condition number", scale: "log" },
        series: "stack",
      }, "seed")
    ),
  };
}

/** Slope over {@linkcode depths} of each seed's numbers, by least squares. */
function slopeOf(byDepth: readonly Values[], metric: string): Values {
  const centre = depths.reduce((sum, x) => sum + x, 0) / depths.length;
  const squares = depths.reduce((sum, x) => sum + (x - centre) ** 2, 0);
  return mapped(
    byDepth[0],
    (_, i) => depths.reduce((sum, x, k) => sum + (x - centre) * byDepth[k].values[i], 0) / squares,
    metric,
  );
}
