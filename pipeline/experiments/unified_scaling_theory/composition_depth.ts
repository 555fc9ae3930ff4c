/** @file Can a layer that is linear in its state compose more than one permutation? (unified-scaling-theory, composition-depth) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { Part } from "../../parts.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import { rateColumns } from "../../table/rate_columns.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mean, minus, type Values } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import { trainedRuns } from "../../trained.ts";

/** Permutations that are composed at most. */
const longest = 32;
/** From which on accuracy judges: more than half of them. */
const from = 17;
/** Positions that share a point of the curve of the scores. */
const blocks = [[1, 8], [9, 16], [17, 24], [25, 32]] as const;

interface Layer {
  label: string;
  /** How the state goes from one symbol to the next. */
  transition: string;
  layer: Part;
  judged: boolean;
}
const part = (name: string, options: Part["options"] = {}): Part => ({ name, options });
const delta = (negative: boolean) => ({ heads: 2, negative });
const layers: Record<string, Layer> = {
  lru: { label: "LRU", transition: "the same for all symbols", layer: part("lru"), judged: true },
  s4d: {
    label: "S4D",
    transition: "the same for all symbols",
    layer: part("s4d", { state: 8 }),
    judged: false,
  },
  positive: {
    label: "DeltaNet [0, 1]",
    transition: "of the symbol, no reflection",
    layer: part("deltanet", delta(false)),
    judged: true,
  },
  negative: {
    label: "DeltaNet [-1, 1]",
    transition: "of the symbol, one reflection",
    layer: part("deltanet", delta(true)),
    judged: true,
  },
  product: {
    label: "DeltaProduct [-1, 1]",
    transition: "of the symbol, two reflections",
    layer: part("deltaproduct", delta(true)),
    judged: false,
  },
  e1: { label: "E1", transition: "nonlinear", layer: part("e1"), judged: false },
};

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [1, 2, 3, 4, 5, 6, 7, 8],
  clauses: [
    {
      what:
        `gap closed by DeltaNet with eigenvalues in [-1, 1], ${from} to ${longest} permutations`,
      ...{ metric: "gap closed", scale: "points", margin: 0.5 },
    },
    {
      what: "the same minus that of the LRU",
      ...{ metric: "gap closed", scale: "points", margin: 0.2 },
    },
    {
      what: "the same minus that of DeltaNet with eigenvalues in [0, 1]",
      ...{ metric: "gap closed", scale: "points", margin: 0.2 },
    },
  ],
};
/** Of what is not judged. */
const fewer = 3;

export const meta: ExperimentMeta = {
  id: "composition-depth",
  title: "Composition by one layer that is linear in its state",
  question: "Is the composition depth of a recurrence that is linear in its state one?",
  hypothesis:
    `One layer of DeltaNet with eigenvalues in [-1, 1], which is linear in its state, closes at least half of the gap on compositions of ${from} to ${longest} permutations, and at least 20 points more than the LRU, ` +
    "whose transition is the same for all symbols, and than DeltaNet with eigenvalues in [0, 1].",
  method:
    "A page of theory says that a linear recurrence has composition depth one however long it runs, that linear attention has, too, and that only nonlinear layers add depth. Its proof is of h_t = A h_{t-1} + B x_t with the same A at all times; " +
    "where A depends on the symbol the product of the A is a composition. A swap of two things is a reflection, so one layer of DeltaNet with eigenvalues in [-1, 1] can follow words of swaps at any length (Grazzi et al., arXiv 2411.12537, figure 4; the tests show it with weights set by hand), while " +
    `eigenvalues in [0, 1], the usual ones and those of its author's comparisons, allow no reflection. **Words of S3**: up to ${longest} swaps of three things, or none; after every symbol the network says in which of six orders they are, so the answer at position k is a composition of k permutations. ` +
    "One residual block of 8,000 parameters with an MLP, whatever the layer; 800 steps of 16 words of 1 to 32 symbols, the rate found for each layer on a seed that is not judged, scored at the last step on 1,024 other words. " +
    "**Gap closed** is (floor - error) / floor, where the floor is the likeliest order at every position, exactly. Shown and not judged: S4D, two reflections a symbol, and E1, which is nonlinear.",
  from: "standard",
};

const compositions = "a position is a number of permutations, and the table names them";
/** What the method says of the lengths. */
export const tied = {
  "task.options.minimum": compositions,
  "task.options.maximum": compositions,
  "task.options.length": compositions,
  "protocol.from": compositions,
  "protocol.to": compositions,
};

const task: Part = {
  name: "automaton",
  options: { automaton: "s3_swaps", minimum: 1, maximum: longest, length: longest },
};

/** Tags: layer, seed, result. */
export const grid: Grid = (g) => {
  const test = g.job("generate", { task, instance: 0, data: 2000, sequences: 1024 }, {}, {
    result: "data",
  });
  return g.table(
    Object.entries(layers).flatMap(([id, { layer, judged }]) =>
      trainedRuns(
        g,
        { model: { name: "stack", options: { parameters: 8_000 } }, layers: [layer] },
        {
          ...{ task, batch: 16, steps: 800, warmup: 50, scoredOn: () => test },
          ...{ rates: [2.5e-3, 5e-3, 1e-2], rungs: [100, 200] },
          protocol: { from, to: longest },
        },
        judged ? stated.seeds : stated.seeds.slice(0, fewer),
        { layer: id },
      )
    ),
  );
};

interface Curve {
  curve: { from: number; to: number; error: number }[];
}

interface Row extends Layer {
  inside: Values;
  gap: Values;
  /** Accuracy at the positions of each block. */
  accuracy: Values[];
  learningRate: Values;
  edge: Values;
}

const columns: TableColumn<Row>[] = [
  { id: "layer", label: "layer", format: "text", of: ({ label }) => label },
  { id: "transition", label: "transition", format: "text", of: ({ transition }) => transition },
  {
    ...{ id: "parameters", label: "parameters", format: "integer" },
    note: "Between embedding and head.",
    of: ({ inside }) => cellOf(inside),
  },
  {
    ...{ id: "gap_closed", label: "gap closed", format: "percent", better: "higher" },
    note: `${from} to ${longest} permutations.`,
    of: ({ gap }) => cellOf(gap),
  },
  ...blocks.map(([first, last], b): TableColumn<Row> => ({
    ...{ id: `right_${last}`, label: `right, ${first} to ${last}`, format: "percent" },
    ...{ better: "higher", note: "Accuracy by the number of permutations; a sixth is chance." },
    of: ({ accuracy }) => cellOf(accuracy[b]),
  })),
  ...rateColumns<Row>(),
];

/** The table: one row for each layer. */
export function summarize(runs: Runs): Summary {
  const rows = Object.fromEntries(
    Object.entries(layers).map(([id, layer]): [string, Row] => {
      // Layers differ in their seeds.
      const own = runs.only("layer", [id]);
      const scored = own.where({ result: "score" });
      const trained = (name: string, otherwise?: number) =>
        own.where({ result: "training" })
          .each("seed", ({ scalars }) => scalars[name] ?? otherwise, name);
      return [id, {
        ...layer,
        inside: minus(trained("parameters"), trained("endParameters")),
        gap: scored.each("seed", ({ scalars }) => scalars.gapClosed, "gap closed"),
        accuracy: blocks.map(([first, last]) =>
          scored.each(
            "seed",
            (run) => 1 - blockOf(run.json("scores.json"), first, last).error,
            `accuracy, ${first} to ${last}`,
          )
        ),
        ...{ learningRate: trained("learningRate"), edge: trained("edge", 0) },
      }];
    }),
  );
  const { lru, positive, negative } = rows;
  return {
    ...tableOf(Object.values(rows), columns),
    verdict: verdictOf(
      stated,
      [negative.gap, minus(negative.gap, lru.gap), minus(negative.gap, positive.gap)]
        .map(plainEffect),
    ),
    findings: [
      `Gap closed by one layer on compositions of ${from} to ${longest} permutations: ${
        Object.values(rows).map(({ label, gap }) => `${label} ${percent(mean(gap))}`).join(", ")
      }.`,
    ],
    plots: [{
      id: "gap-closed",
      title: `Compositions of ${from} to ${longest} permutations by one layer`,
      caption: "Gap closed; 0 is the likeliest order. Bars are 95 % intervals over seeds.",
      x: { column: "layer", label: "layer", scale: "band" },
      y: { column: "gap_closed", label: "gap closed" },
      marks: ["dot", "interval"],
      rules: [{ y: 1, label: "always right" }],
    }],
  };
}

/** @throws {Error} where the scores have other blocks */
function blockOf({ curve }: Curve, first: number, last: number) {
  const found = curve.find(({ from, to }) => from === first && to === last);
  if (found) return found;
  throw new Error(`the curve of the scores has no positions ${first} to ${last}`);
}
