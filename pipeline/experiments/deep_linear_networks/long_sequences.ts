/** @file What a layer costs on sequences of 1,000 to 100,000 times: recurrent, chunked, through the Fourier transform, and quadratic. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, TaggedJob } from "../../graph.ts";
import type { Part } from "../../parts.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { verdictWhenPublished } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";

/** Slopes of log cost over log length count from here on, where what a program costs whatever its length is small. */
const from = 8000;
const lengths = [1000, 4000, 8000, 16000, 32000, 64000, 100_000];

interface Form {
  /** Value of the tag `form`. */
  id: string;
  label: string;
  layer: Part;
  mixing?: true;
  /** The largest slope that the hypothesis allows; none for the baseline. */
  bound?: number;
}

const forms: readonly Form[] = [
  {
    ...{ id: "recurrent", label: "recurrent (LRU)", bound: 1.05 },
    layer: { name: "lru", options: { state: 16 } },
  },
  {
    ...{ id: "gla", label: "in chunks (GLA)", bound: 1.05 },
    layer: { name: "gla", options: { heads: 2 } },
  },
  {
    ...{ id: "deltanet", label: "in chunks (DeltaNet)", bound: 1.05 },
    layer: { name: "deltanet", options: { heads: 2 } },
  },
  {
    ...{ id: "fourier", label: "convolution through FFT (Toeplitz)", bound: 1.15 },
    ...{ layer: { name: "toeplitz", options: {} }, mixing: true },
  },
  {
    ...{ id: "quadratic", label: "softmax attention" },
    layer: { name: "softmax_attention", options: { heads: 2 } },
  },
];
const bounded = forms.filter((form): form is Form & { bound: number } => form.bound !== undefined);

/**
 * Stated before the runs. A measurement is a process; eight of them: 2^-8 is below .025 / 4, so that one clause of four can also be
 * refuted. (T log T has a slope of 1.098 between 8,000 and 100,000.)
 */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [0, 1, 2, 3, 4, 5, 6, 7],
  clauses: bounded.map(({ label, bound }) => ({
    what: `minus the steeper slope of time and memory, ${label}`,
    metric: "slope of log cost over log length",
    scale: "plain",
    margin: -bound,
  })),
};

export const meta: ExperimentMeta = {
  id: "long-sequences",
  title: "Sequences of 100,000 times",
  question: "How do time and memory of a layer grow with the length of the sequence?",
  hypothesis:
    "Beyond 8,000 times both grow with an exponent of at most 1.05 in recurrent and chunked forms and of at most 1.15 through the Fourier " +
    "transform.",
  method:
    "One forward pass of one layer over one sequence of eight channels, fresh parameters, after a pass that does not count; the table shows means " +
    "over eight processes, each of which runs alone. Exponents are slopes of the logarithms by least squares over 8,000 to 100,000 times. " +
    "Memory is parameters plus the most that values take that are alive at once, from the program's graph: it is the same on every machine. " +
    "Softmax attention, the quadratic baseline, is shown as far as its masks and scores are expected to need less than 256 MiB. Where the " +
    "convolution is too short to be worth a transform nothing is switched: every length goes through the same program.",
  from: "standard",
};

/** Tags: form, seed (which measurement). */
export const grid: Grid = (g) =>
  g.table(stated.seeds.flatMap((seed) =>
    forms.map(({ id, layer, mixing = false }): TaggedJob => {
      const tags = { form: id, seed };
      const params = { layer, mixing, lengths, from, passes: 1, repetition: seed };
      return { tags, job: g.job("sequence_cost", params, {}, tags) };
    })
  ));

interface LengthRow {
  form: Form;
  length: number;
  longest: boolean;
  runs: string[];
  scalars: Record<string, number>;
}

const columns: TableColumn<LengthRow>[] = [
  { id: "form", label: "layer", format: "text", of: ({ form }) => form.label },
  { id: "length", label: "times", format: "integer", of: ({ length }) => length },
  {
    id: "seconds",
    label: "seconds",
    format: "seconds",
    better: "lower",
    note: "Of one forward pass, alone on the machine.",
    of: ({ length, runs }) => ({ observed: { name: `seconds at ${length}` }, runs }),
  },
  {
    id: "mebibytes",
    label: "MiB",
    better: "lower",
    note: "Parameters, and the most that is alive at once.",
    of: ({ length, runs, scalars }) => ({
      value: scalars[`bytes at ${length}`] / 2 ** 20,
      runs: runs.slice(0, 1),
    }),
  },
  onlyIf(({ longest, form }) => longest && form.bound !== undefined, {
    id: "time_slope",
    label: "exponent of time",
    better: "lower",
    note: "From 8,000 times on.",
    of: ({ runs }) => ({ observed: { name: "time slope" }, runs }),
  }),
  onlyIf(({ longest, form }) => longest && form.bound !== undefined, {
    id: "memory_slope",
    label: "exponent of memory",
    better: "lower",
    note: "From 8,000 times on.",
    of: ({ runs, scalars }) => ({ value: scalars["memory slope"], runs: runs.slice(0, 1) }),
  }),
];

/** The table: one row for each layer and length that it was run at. */
export function summarize(runs: Runs): Summary {
  const measured = forms.map((form) => {
    const own = [...runs.where({ form: form.id })];
    return {
      form,
      seeds: own.map(({ tags }) => tags.seed),
      names: own.map(({ name }) => name),
      own,
    };
  });
  const rows = measured.flatMap(({ form, names, own: [{ scalars }] }) =>
    lengths.filter((length) => length <= scalars.longest).map((length): LengthRow => ({
      ...{ form, length, runs: names, scalars },
      longest: length === scalars.longest,
    }))
  );
  const effects = measured.filter(({ form }) => form.bound !== undefined)
    .map(({ seeds, names }) => ({ name: "minus steeper slope", at: seeds, runs: names }));
  const [steepest] = bounded.map(({ id, label }) => {
    const { own: [{ scalars }] } = measured.find(({ form }) => form.id === id)!;
    return { label, slope: scalars["memory slope"] };
  }).sort((a, b) => b.slope - a.slope);
  const quadratic = measured.at(-1)!.own[0].scalars;
  return {
    ...tableOf(rows, columns),
    verdict: verdictWhenPublished(stated, effects),
    findings: [
      `From 8,000 to 100,000 times memory grows with an exponent of at most ${
        steepest.slope.toFixed(2)
      } (${steepest.label}).`,
      `Softmax attention stops at ${quadratic.longest.toLocaleString("en")} times, with ${
        (quadratic[`bytes at ${quadratic.longest}`] / 2 ** 20).toFixed(0)
      } MiB for eight channels.`,
    ],
    plots: [
      {
        id: "seconds",
        title: "Seconds of a forward pass by length",
        caption: "Eight channels; bars are 95 % intervals over processes.",
        x: { column: "length", label: "times", scale: "log" },
        y: { column: "seconds", label: "seconds", scale: "log" },
        series: "form",
        marks: ["line", "dot", "interval"],
      },
      {
        id: "memory",
        title: "Memory of a forward pass by length",
        caption: "Parameters, and the most that is alive at once.",
        x: { column: "length", label: "times", scale: "log" },
        y: { column: "mebibytes", label: "MiB", scale: "log" },
        series: "form",
        marks: ["line", "dot"],
      },
    ],
  };
}
