/** @file Does a token of generation take time that grows with the square of the layers? (linear-language-models, language-latency) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, TaggedJob } from "../../graph.ts";
import type { Part } from "../../parts.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { verdictWhenPublished } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";

const depths = [1, 2, 4, 8, 16];
const [vocabulary, width, context] = [512, 256, 64];

interface Kind {
  label: string;
  depths: number[];
  of(depth: number): { model: Part; layers: Part[] };
}

const mixers = (kind: string) => (depth: number) => ({
  model: { name: "mixer_stack", options: { width, taps: context, depth, kind } },
  layers: [],
});
const kinds: Record<string, Kind> = {
  transformer: {
    label: "Transformer",
    depths,
    of: (depth) => ({
      model: { name: "stack", options: { width } },
      layers: Array<Part>(depth).fill({ name: "softmax_attention", options: { heads: 4 } }),
    }),
  },
  nearly: { label: "nearly linear mixers", depths, of: mixers("nearly linear") },
  linear: { label: "linear mixers, layer by layer", depths, of: mixers("linear") },
  collapsed: {
    label: "linear mixers, composed to one matrix",
    // Whatever was composed, its sizes are the same.
    depths: [depths[0], depths.at(-1)!],
    of: () => ({ model: { name: "one_matrix", options: { taps: context } }, layers: [] }),
  },
};
const layered = ["transformer", "nearly", "linear"];
const [one, all] = [depths[0], depths.at(-1)!];

/** A measurement is a process. */
const measurements = Array.from({ length: 12 }, (_, k) => k);
const stated: Hypothesis = {
  unit: "seed",
  seeds: measurements,
  clauses: [
    ...layered.map((id) => ({
      what: `1.5 minus the exponent by which time grows with layers, ${kinds[id].label}`,
      ...{ metric: "exponent", scale: "plain" as const },
    })),
    {
      what: `time of one matrix that ${one} layer was composed to over that of ${all} layers`,
      ...{ metric: "seconds", scale: "factor", margin: Math.log(0.8) },
    },
  ],
};
/** What jobs observed of each clause. */
const observed = [
  ...layered.map((id) => `open exponent of ${id}`),
  "minus log growth of collapsed",
];

export const meta: ExperimentMeta = {
  id: "language-latency",
  title: "What a layer costs a language model that generates",
  question: "Does the time of a token grow with the number of layers, or with its square?",
  hypothesis:
    "The time of a token grows with the number of layers by a power below 1.5, in Transformers and in mixers layer by layer, and of linear mixers that are composed to one matrix not at all.",
  method:
    "A page on linear language models has generation cost n²dl² for n tokens, d units and l layers: the square of l, since layers wait for one another. To wait is to add, so the power should be one, and that is what is tried: " +
    `a token after the other, each with all that the model keeps of those before it (keys and values; the last ${context} tokens of every mixing), one sequence, ${width} units, ${vocabulary} tokens. ` +
    "**Transformers** are residual blocks of softmax attention and an MLP; **linear mixers** are a weight for each distance and a matrix of units by units a layer, **nearly linear** ones mix, apply a GELU and mix again. " +
    "Some time is spent whatever the layers (embedding, head, the call itself), which draws a slope of logarithms towards zero; judged is therefore the power p of a + b l^p, by least squares of relative errors with a and b from " +
    "zero on; the slope stands beside it. Every round each model writes eight tokens, and the median of 15 rounds counts. A measurement is a process of its own that runs alone; there are " +
    `${measurements.length}. One thread on one machine: with as many processors as layers have work for, a layer still waits for the one before it.`,
  from: "standard",
};

/** Tags: seed (which measurement). */
export const grid: Grid = (g) =>
  g.table(stated.seeds.map((seed): TaggedJob => {
    const tags = { seed };
    const params = {
      ...{ vocabulary, context, repetition: seed },
      kinds: Object.entries(kinds).map(([id, { depths, of }]) => ({
        id,
        depths: depths.map((depth) => ({ depth, ...of(depth) })),
      })),
    };
    return { tags, job: g.job("generation_cost", params, {}, tags) };
  }));

interface LatencyRow {
  id: string;
  depth: number;
  runs: string[];
  scalars: Record<string, number>;
}

const deepest = ({ id, depth }: LatencyRow) => layered.includes(id) && depth === all;

const columns: TableColumn<LatencyRow>[] = [
  { id: "model", label: "model", format: "text", of: ({ id }) => kinds[id].label },
  { id: "layers", label: "layers", format: "integer", of: ({ depth }) => depth },
  {
    ...{ id: "parameters", label: "parameters", format: "integer" },
    of: ({ id, depth, runs, scalars }) => ({
      value: scalars[`parameters of ${id} at ${depth}`],
      runs: runs.slice(0, 1),
    }),
  },
  {
    ...{ id: "milliseconds", label: "ms a token", better: "lower" },
    note: "Median of 15 rounds; mean over processes.",
    of: ({ id, depth, runs }) => ({
      observed: { name: `seconds of ${id} at ${depth}`, scale: 1000 },
      runs,
    }),
  },
  onlyIf(deepest, {
    ...{ id: "exponent", label: "exponent" },
    note: "p of a + b l^p over all depths; 1 where every layer adds the same.",
    of: ({ id, runs }) => ({ observed: { name: `exponent of ${id}` }, runs }),
  }),
  onlyIf(deepest, {
    ...{ id: "slope", label: "slope" },
    note: "Of log time over log layers.",
    of: ({ id, runs }) => ({ observed: { name: `slope of ${id}` }, runs }),
  }),
];

/** The table: one row for each kind and number of layers. */
export function summarize(runs: Runs): Summary {
  const measured = runs.tagsOf("seed").map((seed) => runs.where({ seed }).one());
  const names = measured.map(({ name }) => name);
  const [{ scalars }] = measured;
  const rows = Object.entries(kinds).flatMap(([id, { depths }]) =>
    depths.map((depth): LatencyRow => ({ id, depth, runs: names, scalars }))
  );
  const at = measured.map(({ tags }) => tags.seed);
  return {
    ...tableOf(rows, columns),
    verdict: verdictWhenPublished(
      stated,
      observed.map((name) => ({ name, at, runs: names })),
    ),
    findings: [],
    plots: [{
      id: "milliseconds",
      title: "Time of a token by layers",
      caption: "Bars are 95 % intervals over processes.",
      x: { column: "layers", label: "layers", scale: "log" },
      y: { column: "milliseconds", label: "ms a token", scale: "log" },
      series: "model",
      marks: ["line", "dot", "interval"],
    }],
  };
}
