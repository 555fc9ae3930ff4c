/** @file The architectures that are compared with the optimum of their class: what each is, and how it is trained. */
import type { GraphBuilder, TaggedJob } from "../../../graph.ts";
import type { Part } from "../../../parts.ts";
import { seriesOf } from "../../../series.ts";

/** Classes of maps of a window, each with its optimum: a file in lib/tasks/forecasting/references. */
export const optima = {
  all: "ols",
  toeplitz: "toeplitz",
  scales: "multi_scale",
} as const;
export type ClassName = keyof typeof optima;
/** What tables call them. */
export const classLabels: Record<ClassName, string> = {
  all: "all matrices",
  toeplitz: "Toeplitz maps",
  scales: "averages at three scales",
};

/** One network. */
export interface Architecture {
  /** Value of the tag `model`. */
  readonly id: string;
  readonly label: string;
  readonly model: Part;
  /** The maps that it can be; absent where it is no linear map. */
  readonly within?: ClassName;
  /** Which clause of the hypothesis it belongs to; the others are shown only. */
  readonly clause?: "mixing" | "structured" | "scales";
  readonly steps: number;
  /** Peak of the learning rate, chosen on the training loss of ETTh1. */
  readonly rate: number;
  /** Windows in a step of a network that is no matrix. */
  readonly batch?: number;
}

const timeSeries = (options: Part["options"]): Part => ({
  name: "deep_linear_time_series",
  options,
});
const structured = (options: Part["options"]): Part => ({
  name: "structured_deep_linear",
  options,
});

/** On hours of electricity transformers: 96 rows to 24. */
export const general: readonly Architecture[] = [
  {
    ...{ id: "toeplitz", label: "Toeplitz, 2 + 1 + 2 layers" },
    ...{ model: timeSeries({ mixing: "toeplitz" }), within: "toeplitz", clause: "mixing" },
    ...{ steps: 500, rate: 0.01 },
  },
  {
    ...{ id: "toeplitz-deep", label: "Toeplitz, 10 + 5 + 10 layers" },
    model: timeSeries({ mixing: "toeplitz", encoder: 10, temporal: 5, decoder: 10 }),
    ...{ within: "toeplitz", clause: "mixing", steps: 500, rate: 0.005 },
  },
  {
    ...{ id: "fourier", label: "Fourier, 2 + 1 + 2 layers" },
    ...{ model: timeSeries({ mixing: "fourier" }), within: "toeplitz", clause: "mixing" },
    ...{ steps: 500, rate: 0.01 },
  },
  {
    ...{ id: "state-space", label: "state space (S4D), 2 + 1 + 2 layers" },
    ...{ model: timeSeries({ mixing: "state_space" }), within: "toeplitz", clause: "mixing" },
    ...{ steps: 500, rate: 0.01 },
  },
  {
    ...{ id: "monarch-1", label: "Monarch, 1 layer" },
    ...{ model: structured({ factor: "monarch", depth: 1 }), within: "all" },
    ...{ steps: 500, rate: 0.01 },
  },
  {
    ...{ id: "monarch", label: "Monarch, 4 layers" },
    ...{ model: structured({ factor: "monarch", depth: 4 }), within: "all", clause: "structured" },
    ...{ steps: 500, rate: 0.01 },
  },
  {
    ...{ id: "butterfly", label: "butterfly, 4 layers" },
    ...{
      model: structured({ factor: "butterfly", depth: 4 }),
      within: "all",
      clause: "structured",
    },
    ...{ steps: 400, rate: 0.01 },
  },
  {
    ...{ id: "linear-attention", label: "linear attention, 2 + 1 + 2 layers" },
    ...{ model: timeSeries({ mixing: "linear_attention" }), steps: 1500, rate: 0.005, batch: 64 },
  },
];

/** On trading days of a volatility index: 66 rows to 5. */
export const finance: readonly Architecture[] = [
  {
    ...{ id: "multi-scale", label: "multi-scale, 2 matrices a scale" },
    ...{ model: { name: "multi_scale_linear", options: { depth: 2 } }, within: "scales" },
    ...{ clause: "scales", steps: 3000, rate: 0.03 },
  },
];

/** A series, its windows and the networks on it. */
export interface Setting {
  readonly dataset: string;
  readonly lookback: number;
  readonly horizon: number;
  readonly networks: readonly Architecture[];
  readonly classes: readonly ClassName[];
}

/** Both settings. */
export const settings: readonly Setting[] = [
  {
    ...{ dataset: "etth1", lookback: 96, horizon: 24 },
    ...{ networks: general, classes: ["all", "toeplitz"] },
  },
  {
    ...{ dataset: "vix", lookback: 66, horizon: 5 },
    ...{ networks: finance, classes: ["all", "scales"] },
  },
];

/**
 * The optimum of every class, and every network trained from each seed: those that are one matrix on all windows at once, by the
 * window itself (no rotation of it: a kernel of times is none of frequencies).
 * @returns with the tags dataset, model, and result: "optimum", "training", or "score" with the seed
 */
export function architectureRuns(
  g: GraphBuilder,
  { dataset, lookback, horizon, networks, classes }: Setting,
  seeds: readonly number[],
): TaggedJob[] {
  const { task: series, download } = seriesOf(dataset, { lookback, horizon });
  const data = download(g, { dataset, result: "download" });
  const references = classes.map((model): TaggedJob => {
    const tags = { dataset, model, result: "optimum" };
    const params = { task: series, reference: { name: optima[model] } };
    return { tags, job: g.job("reference", params, { data }, tags) };
  });
  return [
    ...references,
    ...networks.flatMap(({ id, model, within, steps, rate, batch, clause }): TaggedJob[] => {
      const loss = within ? { loss: "gram", basis: "window" } : { loss: "windows" };
      const task = { ...series, options: { ...series.options, ...loss } };
      // One start is enough to show what no clause speaks of.
      const own = clause ? seeds : seeds.slice(0, 1);
      const how = {
        seeds: own.map((seed) => ({ instance: 0, initialisation: seed, data: seed })),
        ...{ steps, learningRate: rate, warmup: 50, floor: 0, weightDecay: 0, clipNorm: null },
        ...(batch ? { batch } : {}),
      };
      const tags = { dataset, model: id };
      const training = { ...tags, result: "training" };
      const trained = g.job("train", { task, model, ...how }, { data }, training);
      return [
        { tags: training, job: trained },
        ...own.map((seed, index): TaggedJob => {
          const scored = { ...tags, seed, result: "score" };
          const params = { task, model, index };
          return { tags: scored, job: g.job("evaluate", params, { model: trained, data }, scored) };
        }),
      ];
    }),
  ];
}
