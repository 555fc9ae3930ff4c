/** @file Can a chain of five thousand structured layers be trained, by gradient descent at a rate that theory gives? */
import type { Grid } from "../../graph.ts";
import type { Cell, ExperimentMeta, Observed, Summary, Verdict } from "../../results.ts";
import type { Run, Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { percent } from "../../table/verdict.ts";

/** Layers of the chain that is judged. */
const depth = 5000;
/** Share of the gap that is closed by a chain that counts as trained. */
const trained = 0.9;
/** Share of the gap by which the last tenth of the steps may still lower the loss of a training that has come to its end. */
const settled = 0.01;

export const meta: ExperimentMeta = {
  id: "five-thousand-layers",
  title: "Five thousand structured layers",
  question: "Can a chain of five thousand linear layers be trained at all?",
  hypothesis:
    "5,000 Monarch layers of width 512 (123 million parameters) close at least 90 % of the gap between the untrained chain and its " +
    "teacher, 32 Monarch layers at least as far from the identity as the identity is from zero.",
  method:
    "A Monarch layer (Dao et al. 2022) is two block-diagonal factors around a transposition; at width 512, 16 blocks of 32 " +
    "and 32 of 16. The **teacher** T is a chain of near-identity layers with |T - I|^2 / |I|^2 = e^.9 - 1 on average (column " +
    "`distance`). The **chain** starts from orthogonal layers whose product is the identity: its second half undoes the first, so " +
    "the untrained loss is |T - I|^2 and layers differ in what they can change. Every step sees fresh rows, orthogonal to " +
    "each other, so `gap open` is measured on rows not seen before; `gap closed` is exact, over all directions. " +
    "Plain gradient descent, the rate half of the largest stable one along the common scale of all factors, " +
    "1 / (2 layers |T|^2 / width): it falls with the depth as 1 / layers, and nothing is tuned at any depth. A first run had 64 steps, in which chains of 50, 500 and " +
    "5,000 layers alike closed 86.1, 84.7 and 85.5 %: too few for any depth, so they were doubled; the rule is the same. The way back keeps the " +
    "states of sqrt(layers) segments and computes the others again.",
  from: "quick",
};

/** Tags: layers, width. */
export const grid: Grid = (g, profile) => {
  const { layers, ...sizes } = profile.pick({
    smoke: { layers: [100], blocks: 8, size: 8, batch: 16, steps: 60 },
    standard: { layers: [50, 500, depth], blocks: 16, size: 32, batch: 64, steps: 128 },
  });
  return g.table(layers.map((layers) => {
    const tags = { layers, width: sizes.blocks * sizes.size };
    const segments = Math.round(Math.sqrt(layers));
    const params = {
      ...sizes,
      layers,
      segments,
      teacherLayers: 32,
      noise: 0.9,
      share: 0.5,
      seed: 0,
    };
    return { tags, job: g.job("train_chain", params, {}, tags) };
  }));
};

/** A step as stage train_chain leaves it. */
interface Point {
  step: number;
  loss: number;
  ratio: number;
  norms: number[];
}

interface ChainRow {
  run: Run;
  point: Point;
  /** Of the last step: what is known of the whole run stands there. */
  last: boolean;
}

/** Rows of a run: about so many. */
const shownSteps = 16;

const cell = ({ run }: ChainRow, value: number): Cell => ({ value, runs: [run.name] });
const scalar = (name: string, scale = 1) => (row: ChainRow) =>
  cell(row, row.run.scalars[name] * scale);
const observed = (name: string, scale = 1) => ({ run }: ChainRow): Observed => ({
  observed: { name, scale },
  runs: [run.name],
});
const mebibyte = 2 ** -20;
const isLast = ({ last }: ChainRow) => last;

const columns: TableColumn<ChainRow>[] = [
  { id: "layers", label: "layers", format: "integer", of: ({ run }) => Number(run.tags.layers) },
  { id: "step", label: "step", format: "integer", of: ({ point }) => point.step },
  {
    id: "open",
    label: "gap open",
    format: "percent",
    better: "lower",
    note: "Loss before the step on rows not seen before, over that of the untrained chain.",
    of: (row) => cell(row, row.point.loss / row.run.scalars.untrained),
  },
  ...["first", "quarter", "middle", "three_quarters", "last"].map((
    place,
    k,
  ): TableColumn<ChainRow> => ({
    id: `gradient_${place}`,
    label: `gradient, ${place.replace("_", " ")}`,
    note: "Norm of the gradient by one layer, that many of them into the chain.",
    of: (row) => cell(row, row.point.norms[k]),
  })),
  {
    id: "ratio",
    label: "largest over smallest",
    note: "Of the gradient norms of all layers at this step.",
    of: (row) => cell(row, row.point.ratio),
  },
  onlyIf(isLast, {
    id: "closed",
    label: "gap closed",
    format: "percent",
    better: "higher",
    note: "After the last step, exact: 1 - |M - T|^2 / |I - T|^2.",
    of: scalar("closed"),
  }),
  onlyIf(isLast, {
    id: "distance",
    label: "distance",
    note: "Of the teacher from the identity, |T - I|^2 / |I|^2.",
    of: scalar("distance"),
  }),
  onlyIf(isLast, { id: "rate", label: "rate", note: "Its peak.", of: scalar("rate") }),
  onlyIf(isLast, {
    id: "parameters",
    label: "parameters",
    format: "integer",
    of: scalar("parameters"),
  }),
  onlyIf(isLast, {
    id: "kept",
    label: "activations kept",
    unit: "MiB",
    better: "lower",
    note: "States that the way back keeps; all layers' would be the next column.",
    of: scalar("keptBytes", mebibyte),
  }),
  onlyIf(isLast, {
    id: "all_states",
    label: "without segments",
    unit: "MiB",
    of: scalar("allBytes", mebibyte),
  }),
  onlyIf(isLast, {
    id: "seconds",
    label: "seconds a step",
    format: "seconds",
    better: "lower",
    of: observed("unit seconds"),
  }),
  onlyIf(isLast, {
    id: "peak",
    label: "peak memory",
    unit: "MiB",
    better: "lower",
    note: "Resident, of the whole process.",
    of: observed("peak memory bytes", mebibyte),
  }),
];

/** The table: steps of every chain, the shallowest first. */
export function summarize(runs: Runs): Summary {
  const rows = runs.tagsOf("layers").flatMap((layers) => {
    const run = runs.where({ layers }).one();
    const { curve } = run.json("scores.json") as { curve: Point[] };
    const every = Math.ceil(curve.length / shownSteps);
    const shown = curve.filter(({ step }) => step % every === 0 || step === curve.length - 1);
    return shown.map((point): ChainRow => ({ run, point, last: point === curve.at(-1) }));
  });
  const deepest = rows.at(-1)!.run;
  const ends = rows.filter(isLast).map(({ run: { tags, scalars } }) =>
    `${Number(tags.layers).toLocaleString("en")} layers ${percent(scalars.closed)}`
  );
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(deepest),
    findings: [
      `Gap between the untrained chain and its teacher that is closed: ${
        ends.join(", ")
      }, each at the rate that theory gives; in the ` +
      `deepest the gradient norms of any two layers differ by at most a factor of ${
        deepest.scalars.ratio.toPrecision(2)
      }.`,
    ],
    plots: [{
      id: "open",
      title: "Gap open by step",
      caption: "On rows not seen before; the line is where a chain counts as trained.",
      x: { column: "step", label: "step" },
      y: { column: "open", label: "share of the gap open", scale: "log" },
      series: "layers",
      marks: ["line", "dot"],
      rules: [{ y: 1 - trained, label: "trained" }],
    }, {
      id: "ratio",
      title: "Gradient norms by layer: largest over smallest",
      caption: "Of all layers of a chain, at each step.",
      x: { column: "step", label: "step" },
      y: { column: "ratio", label: "largest over smallest", scale: "log" },
      series: "layers",
      marks: ["line", "dot"],
    }],
  };
}

function verdictOf(run: Run): Verdict {
  const { closed, distance, untrained } = run.scalars;
  const { curve } = run.json("scores.json") as { curve: Point[] };
  const tenth = Math.ceil(curve.length / 10);
  const mean = (points: Point[]) => points.reduce((sum, { loss }) => sum + loss, 0) / points.length;
  const falling = (mean(curve.slice(-2 * tenth, -tenth)) - mean(curve.slice(-tenth))) / untrained;
  const layers = Number(run.tags.layers);
  const outcome = layers < depth
    ? "illustration"
    : distance < 1
    ? "undecided"
    : closed >= trained
    ? "supported"
    : falling > settled
    ? "undecided"
    : "refuted";
  return {
    outcome,
    rule:
      `Of the chain of ${depth} layers: supported if it closes at least ${
        percent(trained)
      } of the gap; refuted if it does not ` +
      `and has come to rest, the mean loss of the last tenth of its steps at most ${
        percent(settled)
      } of the gap below that of the ` +
      "tenth before; undecided if it is still falling, or if the teacher is nearer to the identity than the identity is to zero. One " +
      "seed, the map is exact. Shallower chains are shown and not judged.",
    reason:
      `${layers} layers close ${percent(closed)} of the gap, the last tenth of the steps ${
        percent(falling)
      }; the teacher's ` +
      `distance is ${distance.toPrecision(3)}.`,
  };
}
