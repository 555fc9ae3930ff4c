/** @file What a sequence layer takes by the length of its sequences: training, and token by token. (leaderboard, layer-speed) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, TaggedJob } from "../../graph.ts";
import { kinds } from "../../../lib/layers/kinds.ts";
import { filteringTask } from "../../presets.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { verdictWhenPublished } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { architectureOf, type Entry, entryOf, parameters } from "./shared/entries.ts";
import { shown } from "./shared/shown.ts";

/** In a step, whatever the length of its sequences. */
const tokens = 4096;
const lengths = [64, 512, 4096];
const [first, , longest] = lengths;
/** Powers count from here on: what a step costs whatever its length is less of it. */
const from = 512;

const loadOf = (length: number, batch: number) => ({
  ...{ length, batch },
  task: filteringTask({ lambda: 0.92 }, length),
});
const loads = [...lengths.map((length) => loadOf(length, tokens / length)), loadOf(from, 1)];
const placeOf = (length: number, batch: number) =>
  loads.findIndex((load) => load.length === length && load.batch === batch);

const [alone, together] = ["power of one sequence", "power at equal tokens"];
const growths = [
  { name: alone, from: placeOf(from, 1), to: placeOf(longest, 1) },
  { name: together, from: placeOf(from, tokens / from), to: placeOf(longest, 1) },
];

/** Judged: layers of every kind that carry as much after any length. Others are shown. */
const judged = [
  ...["linear-attention", "lru", "bare-lru", "dense-recurrence", "bare-dense-recurrence"],
  ...["mingru", "gla", "deltanet", "deltanet-negative", "mamba2", "lstm", "gru", "e1"],
].map(entryOf);
/** Its state grows and its algebra is quadratic; measured as often as those that are judged. */
const growing = "softmax-attention";
/**
 * Not measured: two whose options give them room for 2^8 tokens, with more they would be other layers; and one whose program has a part for
 * every block of tokens, which takes minutes to make at this length.
 */
const short = ["log-linear", "monoid", "block-recurrent"];

/** Steps at every length whose median counts. */
const rounds = 9;
/** Of layers that are neither judged nor compared with: one process of a few steps. */
const glance = 3;
/** A measurement is a process. Eight: 2^-8 is below .025 / 2, so that each of two clauses can be refuted. */
const measurements = Array.from({ length: 8 }, (_, k) => k);
const [inMean, ofAny] = [0.15, 0.5];
const stated: Hypothesis = {
  unit: "seed",
  seeds: measurements,
  clauses: [
    ["mean", inMean] as const,
    ["largest", ofAny] as const,
  ].map(([which, bound]) => ({
    what:
      `minus the ${which} power of T by which the time of a training token of one sequence grows, of ${judged.length} layers`,
    ...{ metric: "power", scale: "plain" as const, margin: -bound },
  })),
};

const written = (n: number) => n.toLocaleString("en");

export const meta: ExperimentMeta = {
  id: "layer-speed",
  title: "What a layer takes by the length of its sequences",
  question: "How do training and single tokens slow down as sequences get longer?",
  hypothesis:
    `Of ${judged.length} layers whose state has a fixed size, the time of a training token of one sequence grows from ${from} to ${
      written(longest)
    } tokens by a power below ${inMean} in the mean, and of each by one below ${ofAny}, on this machine.`,
  method:
    `The stacks of the leaderboard (two residual blocks with MLPs, ${
      written(parameters)
    } parameters between embedding and head; bare recurrences) on its filtering task. A step is forwards, backwards and Adam; the median of ${rounds} rounds counts, ` +
    `each of which makes a step at every length. **Training tokens** a second are those of steps of ${
      written(tokens)
    } tokens: ${
      lengths.map((length) =>
        `${tokens / length} ${tokens === length ? "sequence" : "sequences"} of ${written(length)}`
      ).join(", ")
    }. The **power** is p where the time of a training token goes by T^p: 0 where a sequence of twice the length takes twice as long, 1 where it takes four times as long. ` +
    `Judged is that of one sequence at a time, which says what a layer's algebra does. At equal tokens a step has fewer sequences as they get longer, and what goes token by token has less to do at ` +
    "once: that power is shown, not judged, and says what longer sequences cost a training. Both lie below 0 where the fixed cost of a step still counts. " +
    `**A single token** is read by a model that has the state of one sequence and returns its prediction: the median of 32, after one that does not count; attention has room for as many tokens as the column says, ` +
    "and looks at all of that room. A measurement is a process of its own that runs alone, of all judged layers one after the other, so that their mean and their largest are of one process; of others each has its own. There are " +
    `${measurements.length} measurements of these and of attention, whose state grows and whose algebra is quadratic: intervals and the verdict are about these layers on one machine, not about layers at large. ` +
    `Every other layer of the leaderboard is measured once, in ${glance} rounds, and has no interval; but for log-linear attention and the learned monoid, whose number of levels there is for 256 tokens, and the block-recurrent Transformer, whose program grows with its sequence.`,
  from: "standard",
};

/** Layers that share a process. */
interface Together {
  /** Value of the tag `measured`. */
  id: string;
  entries: readonly Entry[];
  seeds: readonly number[];
  rounds: number;
}

/** Tags: measured (which layers), seed (which measurement). */
export const grid: Grid = (g, profile) => {
  const others = shown(profile).entries.filter(({ id }) =>
    !short.includes(id) && !judged.some((own) => own.id === id)
  );
  const sets: Together[] = [
    { id: "fixed", entries: judged, seeds: measurements, rounds },
    ...others.map((entry) => ({
      ...{ id: entry.id, entries: [entry] },
      ...(entry.id === growing
        ? { seeds: measurements, rounds }
        : { seeds: measurements.slice(0, 1), rounds: glance }),
    })),
  ];
  return g.table(
    sets.flatMap(({ id: measured, entries, seeds, rounds }) =>
      seeds.map((seed): TaggedJob => {
        const tags = { measured, seed };
        const params = {
          models: entries.map((entry) => ({
            id: entry.id,
            ...architectureOf(entry, { norm: "fixed" }),
          })),
          ...{ loads, growths, single: { tokens: 32, capacities: [first, longest] } },
          ...{ rounds, repetition: seed },
        };
        return { tags, job: g.job("length_cost", params, {}, tags) };
      })
    ),
  );
};

interface SpeedRow {
  entry: Entry;
  runs: string[];
  scalars: Record<string, number>;
}

const stateAt = ({ entry, scalars }: SpeedRow, length: number) =>
  scalars[`state of ${entry.id} at ${length}`];
const grows = (row: SpeedRow) => stateAt(row, first) !== stateAt(row, longest);

const observed =
  (name: string, scale?: number): TableColumn<SpeedRow>["of"] => ({ runs, entry }) => ({
    observed: { name: name.replace("ID", entry.id), ...(scale === undefined ? {} : { scale }) },
    runs,
  });

const columns: TableColumn<SpeedRow>[] = [
  { id: "layer", label: "layer", format: "text", of: ({ entry }) => entry.label },
  {
    ...{ id: "kind", label: "kind", format: "text" },
    of: ({ entry, scalars }) => kinds[scalars[`kind of ${entry.id}`]],
  },
  {
    ...{ id: "training", label: "parallel form", format: "text" },
    note:
      "Of its own for whole sequences; it may hold a loop for a part. The others are their recurrence.",
    of: ({ entry, scalars }) => scalars[`loops of ${entry.id}`] ? "no" : "yes",
  },
  {
    ...{ id: "grows", label: "state", format: "text" },
    of: (row) => grows(row) ? "grows" : "fixed",
  },
  {
    ...{ id: "numbers", label: "numbers in the state", format: "integer" },
    note: `Carried from token to token, after ${written(longest)} tokens.`,
    of: (row) => ({ value: stateAt(row, longest), runs: row.runs.slice(0, 1) }),
  },
  ...lengths.map((length): TableColumn<SpeedRow> => ({
    id: `tokens_${length}`,
    label: `training tokens a second, T ${written(length)}`,
    format: "integer",
    better: "higher",
    of: observed(`training tokens of ID at ${tokens / length} x ${length}`),
  })),
  {
    ...{ id: "power", label: "power of one sequence", better: "lower" },
    note: `Of a training token, from ${from} to ${written(longest)} tokens.`,
    of: observed(`${alone} of ID`),
  },
  {
    ...{ id: "power_together", label: "power at equal tokens", better: "lower" },
    note: `Likewise, in steps of ${written(tokens)} tokens.`,
    of: observed(`${together} of ID`),
  },
  ...[first, longest].map((length): TableColumn<SpeedRow> => ({
    id: `single_${length}`,
    label: `µs a single token, room for ${written(length)}`,
    better: "lower",
    of: observed(`single token seconds of ID at ${length}`, 1e6),
  })),
];

/** The table: one row for each layer, those whose state grows after the others. */
export function summarize(runs: Runs): Summary {
  const rows = runs.tagsOf<string>("measured").flatMap((measured) => {
    const own = [...runs.where({ measured })];
    const [{ scalars }] = own;
    return Object.keys(scalars).flatMap((name) => /^kind of (.*)$/.exec(name)?.[1] ?? [])
      .map((id): SpeedRow => ({
        ...{ entry: entryOf(id), scalars },
        runs: own.map(({ name }) => name),
      }));
  }).sort((a, b) => Number(grows(a)) - Number(grows(b))); // stable
  const fixed = [...runs.where({ measured: "fixed" })];
  const [at, names] = [fixed.map(({ tags }) => tags.seed), fixed.map(({ name }) => name)];
  const loops = rows.filter(({ entry, scalars }) => scalars[`loops of ${entry.id}`]);
  return {
    ...tableOf(rows, columns),
    verdict: verdictWhenPublished(
      stated,
      ["mean", "largest"].map((which) => ({ name: `minus ${which} ${alone}`, at, runs: names })),
    ),
    findings: [
      `Timed were ${rows.length} layers at up to ${
        written(longest)
      } tokens; ${loops.length} of them have no form for whole sequences, ${
        rows.filter(grows).length
      } with a state that grows.`,
    ],
    plots: [
      {
        id: "power",
        title: "How the time of a training token grows with its sequence",
        caption: `From ${from} to ${
          written(longest)
        } tokens, one sequence: T^p. Bars are 95 % intervals over processes.`,
        x: { column: "layer", label: "layer", scale: "band" },
        y: { column: "power", label: "power" },
        marks: ["dot", "interval"],
        rules: [{ y: 0, label: "linear" }, { y: 1, label: "quadratic" }],
      },
      {
        id: "single",
        title: `A single token, with room for ${written(longest)}`,
        caption: "Bars are 95 % intervals over processes.",
        x: { column: "layer", label: "layer", scale: "band" },
        y: { column: `single_${longest}`, label: "µs", scale: "log" },
        marks: ["dot", "interval"],
      },
    ],
  };
}
