/** @file Does a gated Elman network train twice as fast as Mamba-2 of its size? (unified-scaling-theory, e1-throughput) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, TaggedJob } from "../../graph.ts";
import type { Part } from "../../parts.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { verdictWhenPublished } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";

const blocks = 4;
const lengths = [128, 512];
/** In a step, whatever the length. */
const tokens = 2048;

const stack = (layer: Part, width: number) => ({
  model: { name: "stack", options: { block: "residual", mlp: false, width } },
  layers: Array<Part>(blocks).fill(layer),
});

/** The second one's seconds are divided by the first one's; widths at which their parameters differ by less than 2 %. */
const contenders = [
  { id: "e1", label: "E1", ...stack({ name: "e1", options: {} }, 128) },
  {
    id: "mamba2",
    label: "Mamba-2",
    ...stack({ name: "mamba2", options: { state: 64 } }, 104),
  },
];
const [first, second] = contenders;

/** A measurement is a process. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: Array.from({ length: 12 }, (_, k) => k),
  clauses: lengths.map((length) => ({
    what: `seconds of a step of ${second.label} over those of ${first.label}, ${length} tokens`,
    ...{ metric: "seconds", scale: "factor" as const, margin: Math.log(2) },
  })),
};

export const meta: ExperimentMeta = {
  id: "e1-throughput",
  title: "Training steps of E1 and Mamba-2 of one size",
  question: "Does E1 train twice as fast as Mamba-2?",
  hypothesis:
    `A training step of Mamba-2 takes at least twice the time of one of E1 with as many parameters, of sequences of ${
      lengths.join(" and of ")
    } tokens, on this machine.`,
  method:
    "A page of theory has E1, an Elman network with a gate on what it shows, train twice as fast as Mamba-2; its E1 had 224 million parameters and its Mamba-2 407. " +
    `Here both are ${blocks} residual blocks (norm, layer, sum; no MLP) with as many parameters but for 2 %: E1 of width ${first.model.options.width}, Mamba-2 of width ${second.model.options.width} with a state of 64, expansion 2 and chunks. ` +
    `A step is forwards, backwards and Adam on ${tokens.toLocaleString("en")} tokens: ${
      lengths.map((length) => `${tokens / length} sequences of ${length}`).join(", ")
    } (of parity, which costs nothing to draw). Every round each model makes one step, and the median of 9 rounds counts. A measurement is a process of its own that runs alone; there are ` +
    `${stated.seeds.length}. What a loop over tokens costs is the machine's and the engine's: this is no word on a GPU with kernels written for either layer.`,
  from: "standard",
};

/** Tags: seed (which measurement). */
export const grid: Grid = (g) =>
  g.table(stated.seeds.map((seed): TaggedJob => {
    const tags = { seed };
    const params = {
      contenders: contenders.map(({ label: _, ...own }) => own),
      loads: lengths.map((length) => ({
        length,
        task: {
          name: "automaton",
          options: { automaton: "parity", minimum: length, maximum: length, length },
        },
        batch: tokens / length,
      })),
      repetition: seed,
    };
    return { tags, job: g.job("step_cost", params, {}, tags) };
  }));

interface StepRow {
  id: string;
  label: string;
  length: number;
  runs: string[];
  scalars: Record<string, number>;
}

const columns: TableColumn<StepRow>[] = [
  { id: "model", label: "model", format: "text", of: ({ label }) => label },
  { id: "length", label: "tokens of a sequence", format: "integer", of: ({ length }) => length },
  {
    ...{ id: "parameters", label: "parameters", format: "integer" },
    of: ({ id, length, runs, scalars }) => ({
      value: scalars[`parameters of ${id} at ${length}`],
      runs: runs.slice(0, 1),
    }),
  },
  {
    ...{ id: "milliseconds", label: "ms a step", better: "lower" },
    note: "Median of 9 rounds; mean over processes.",
    of: ({ id, length, runs }) => ({
      observed: { name: `seconds of ${id} at ${length}`, scale: 1000 },
      runs,
    }),
  },
  {
    ...{ id: "rate", label: "tokens a second", better: "higher" },
    of: ({ id, length, runs }) => ({
      observed: { name: `tokens of ${id} at ${length}` },
      runs,
    }),
  },
  onlyIf(({ id }) => id === second.id, {
    ...{ id: "log_ratio", label: `log of its time over ${first.label}'s` },
    note: "0.69 is a factor of two; below 0 it is the faster one.",
    of: ({ length, runs }) => ({ observed: { name: `log ratio at ${length}` }, runs }),
  }),
];

/** The table: one row for each model and length. */
export function summarize(runs: Runs): Summary {
  const measured = runs.tagsOf("seed").map((seed) => runs.where({ seed }).one());
  const names = measured.map(({ name }) => name);
  const [{ scalars }] = measured;
  const rows = lengths.flatMap((length) =>
    contenders.map(({ id, label }): StepRow => ({ id, label, length, runs: names, scalars }))
  );
  const at = measured.map(({ tags }) => tags.seed);
  const sizes = contenders.map(({ id }) => scalars[`parameters of ${id} at ${lengths[0]}`]);
  return {
    ...tableOf(rows, columns),
    verdict: verdictWhenPublished(
      stated,
      lengths.map((length) => ({ name: `log ratio at ${length}`, at, runs: names })),
    ),
    findings: [
      `Timed were ${
        contenders.map(({ label }, i) => `${label} of ${sizes[i].toLocaleString("en")}`).join(
          " and ",
        )
      } parameters.`,
    ],
    plots: [{
      id: "milliseconds",
      title: "Time of a training step by the length of its sequences",
      caption: `${
        tokens.toLocaleString("en")
      } tokens a step. Bars are 95 % intervals over processes.`,
      x: { column: "length", label: "tokens of a sequence", scale: "log" },
      y: { column: "milliseconds", label: "ms a step", scale: "log" },
      series: "model",
      marks: ["line", "dot", "interval"],
    }],
  };
}
