/** @file Hundreds of short series at once: the weekly and hourly parts of the M4 competition, by one matrix for all of them. */
import files from "../../../data/m4.json" with { type: "json" };
import published from "../../../data/published/m4.json" with { type: "json" };
import { pairedInterval } from "../../../lib/analysis/intervals.ts";
import type { GraphBuilder, Grid, TaggedJob } from "../../graph.ts";
import type { ExperimentMeta, Summary, Verdict } from "../../results.ts";
import type { Run, Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { trainingOf } from "./shared/forecasting.ts";

/** What the competition asked for, and lookbacks that its shortest series leave room for. */
const frequencies = {
  weekly: { season: 1, horizon: 13, lookbacks: [13, 26, 52] },
  hourly: { season: 24, horizon: 48, lookbacks: [48, 168, 336, 504] },
};
type Frequency = keyof typeof frequencies;
const depth = 4;

/** Values of the tag `model` that are benchmarks of the competition: file of the reference, name among the published. */
const benchmarks: Record<string, { reference: string; published: string }> = {
  "naive-2": { reference: "naive2", published: "Naive2" },
  "seasonal-naive": { reference: "seasonal_naive", published: "sNaive" },
  "ses": { reference: "ses", published: "SES" },
  "theta": { reference: "theta", published: "Theta" },
};
const network = `deep-linear-${depth}`;
/** What the ridge is held against. */
const rival = "theta";
/** The control: these must have their published scores. */
const controls = ["naive-2", "theta"];
const reproduced = 0.01;

export const meta: ExperimentMeta = {
  id: "m4",
  title: "M4, weekly and hourly, by one matrix",
  question: "What does one linear map for all series do where each is short?",
  hypothesis:
    "It beats the Theta method, the strongest of the competition's classical benchmarks: its MASE is lower on weekly and on hourly series.",
  method:
    "The 359 weekly and 414 hourly series of the M4 competition (Makridakis, Spiliotis and Assimakopoulos 2020), 13 weeks and 48 hours ahead, " +
    "each forecast once. **sMAPE** in percent, **MASE** by the error of the seasonal naive forecast within the history (season 1 and 24), " +
    "**OWA** the mean of both, each over that of Naive 2. Naive 2, SES and Theta are the competition's: of the seasonally adjusted series, " +
    "its season put back.\n\n" +
    "**ridge** is one matrix for all series of a frequency, in closed form, on windows about their mean, in standard deviations of each " +
    "history; its lookback was chosen on the rows before the test (weekly 13, 26, 52; hourly 48, 168, 336, 504). " +
    `**${network}** is a product of ${depth} matrices, trained by Adam on the exact training loss of the longest lookback and collapsed to one.\n\n` +
    `Published scores: ${published.source}. They stand by themselves where we have no such model.`,
  from: "standard",
};

const rule =
  `MASE of ridge minus that of Theta, paired by series, 95 % intervals: supported if both lie below 0, refuted if one lies above, ` +
  `undecided otherwise, and unless sMAPE and MASE of Naive 2 and Theta lie within ${reproduced} of the published ones.`;

/** Tags: frequency, model. */
export const grid: Grid = (g) =>
  g.table((Object.keys(frequencies) as Frequency[]).flatMap((frequency) => runsOf(g, frequency)));

function runsOf(g: GraphBuilder, frequency: Frequency): TaggedJob[] {
  const { season, horizon, lookbacks } = frequencies[frequency];
  const parts = files.filter(({ id }) => id.startsWith(`m4-${frequency}-`));
  const inputs = Object.fromEntries(
    parts.map((
      entry,
    ) => [
      entry.id,
      g.job("download", { entry }, {}, { frequency, dataset: entry.id, result: "download" }),
    ]),
  );
  const data = g.job(
    "panel",
    { files: parts.map(({ id }) => ({ dataset: id, form: "rows" })) },
    inputs,
    { frequency, result: "panel" },
  );
  const lookback = lookbacks.at(-1)!;
  const task = { name: "panel", options: { season, horizon, lookback } };
  const reference = (model: string, name: string, options: object): TaggedJob => {
    const tags = { frequency, model };
    const params = { task, reference: { name, options } };
    return { tags, job: g.job("reference", params, { data }, tags) };
  };
  const tags = { frequency, model: network };
  const deep = { task, model: { name: "deep_linear", options: { depth } } };
  const trained = g.job(
    "train",
    {
      ...deep,
      ...trainingOf({ lookback, horizon, depth, steps: 2000, tolerance: 1e-3 }),
    },
    { data },
    { ...tags, result: "training" },
  );
  return [
    ...Object.entries(benchmarks).map(([model, { reference: name }]) => reference(model, name, {})),
    reference("ridge", "ridge", { lookbacks }),
    { tags, job: g.job("evaluate", deep, { model: trained, data }, tags) },
  ];
}

/** What the panel task leaves. */
interface Scores {
  smape: number;
  mase: number;
  series: number[];
  fit: { lookback?: number; excess?: number };
}

/** A forecaster of ours, or one that was published. */
interface Entry {
  frequency: string;
  model: string;
  run?: Run;
  scores?: Scores;
  /** Naive 2 of the frequency. */
  base: { run: Run; scores: Scores };
  published?: { smape: number; mase: number; owa?: number };
}

/** The table: frequency by frequency, ours first. */
export function summarize(runs: Runs): Summary {
  const entries = runs.tagsOf<string>("frequency").flatMap((frequency) =>
    entriesOf(runs.where({ frequency }), frequency)
  );
  const one = (frequency: string, model: string) =>
    entries.find((entry) => entry.frequency === frequency && entry.model === model)!;
  const compared = Object.keys(frequencies).map((frequency) => ({
    frequency,
    ...pairedInterval(one(frequency, "ridge").scores!.series, one(frequency, rival).scores!.series),
  }));
  const checked = entries.filter(({ model }) => controls.includes(model));
  return {
    ...tableOf(entries, columns),
    verdict: verdict(compared, checked),
    findings: Object.keys(frequencies).map((frequency) => {
      const ridge = one(frequency, "ridge");
      return `M4 ${frequency}: one matrix for all series has an OWA of ${
        owaOf(ridge).toFixed(3)
      }, Theta ${owaOf(one(frequency, rival)).toFixed(3)}, the winner of the competition ${
        one(frequency, "Smyl").published!.owa
      }.`;
    }),
    plots: [{
      id: "owa",
      title: "OWA, ours and published",
      caption: "Naive 2 is at 1.",
      facet: "frequency",
      x: { column: "model", label: "model", scale: "band" },
      y: { column: "owa", label: "OWA" },
      marks: ["dot"],
      rules: [{ y: 1, label: "Naive 2" }],
    }],
  };
}

function entriesOf(runs: Runs, frequency: string): Entry[] {
  const read = (model: string) => {
    const run = runs.where({ model }).one();
    return { run, scores: run.json("scores.json") as Scores };
  };
  const base = read("naive-2");
  const theirs = published.rows.filter((row) => row.frequency === frequency);
  const own = [...Object.keys(benchmarks), "ridge", network].map((model): Entry => ({
    ...{ frequency, model, base },
    ...read(model),
    published: theirs.find((row) => row.model === benchmarks[model]?.published),
  }));
  const known = Object.values(benchmarks).map((of) => of.published);
  const others = theirs.filter(({ model }) => !known.includes(model))
    .map((row): Entry => ({ frequency, model: row.model, base, published: row }));
  return [...own, ...others];
}

const owaOf = ({ scores, base }: Entry) =>
  (scores!.smape / base.scores.smape + scores!.mase / base.scores.mase) / 2;
const ours = ({ run }: Entry) => run !== undefined;

const columns: TableColumn<Entry>[] = [
  { id: "frequency", label: "series", format: "text", of: ({ frequency }) => frequency },
  { id: "model", label: "model", format: "text", of: ({ model }) => model },
  {
    id: "smape",
    label: "sMAPE",
    format: "fixed3",
    better: "lower",
    note: "Models that we did not run have their published scores, as plain numbers.",
    of: ({ run, scores, published }) =>
      run ? { value: scores!.smape, runs: [run.name] } : published!.smape,
  },
  {
    id: "mase",
    label: "MASE",
    format: "fixed3",
    better: "lower",
    of: ({ run, scores, published }) =>
      run ? { value: scores!.mase, runs: [run.name] } : published!.mase,
  },
  {
    id: "owa",
    label: "OWA",
    format: "fixed3",
    better: "lower",
    of: (entry) =>
      entry.run
        ? { value: owaOf(entry), runs: [entry.run.name, entry.base.run.name] }
        : entry.published!.owa,
  },
  onlyIf((entry) => ours(entry) && entry.published !== undefined, {
    id: "over_published_smape",
    label: "sMAPE - published",
    format: "fixed3",
    of: ({ run, scores, published }) => ({
      value: scores!.smape - published!.smape,
      runs: [run!.name],
    }),
  }),
  onlyIf((entry) => ours(entry) && entry.published !== undefined, {
    id: "over_published_mase",
    label: "MASE - published",
    format: "fixed3",
    of: ({ run, scores, published }) => ({
      value: scores!.mase - published!.mase,
      runs: [run!.name],
    }),
  }),
  onlyIf(({ scores }) => scores?.fit.lookback !== undefined, {
    id: "rows_back",
    label: "lookback",
    format: "text",
    of: ({ scores }) => String(scores!.fit.lookback),
  }),
  onlyIf(({ scores }) => scores?.fit.excess !== undefined, {
    id: "training_excess",
    label: "excess training loss",
    note: "Of the network, over that of least squares.",
    of: ({ run, scores }) => ({ value: scores!.fit.excess!, runs: [run!.name] }),
  }),
];

function verdict(
  compared: readonly { frequency: string; mean: number; low?: number; high?: number }[],
  checked: readonly Entry[],
): Verdict {
  const off = Math.max(
    ...checked.flatMap(({ scores, published }) => [
      Math.abs(scores!.smape - published!.smape),
      Math.abs(scores!.mase - published!.mase),
    ]),
  );
  const said = compared.map(({ frequency, mean, low, high }) =>
    `${frequency}: ${mean.toFixed(3)} (95 % interval ${low!.toFixed(3)} to ${high!.toFixed(3)})`
  );
  return {
    outcome: !(off <= reproduced)
      ? "undecided"
      : compared.some(({ low }) => low! > 0)
      ? "refuted"
      : compared.every(({ high }) => high! < 0)
      ? "supported"
      : "undecided",
    rule,
    reason:
      `MASE of ridge minus Theta, ${said.join("; ")}. Naive 2 and Theta are off by at most ${
        off.toFixed(4)
      } ` +
      "from their published scores.",
  };
}
