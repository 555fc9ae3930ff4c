/** @file The tasks of the leaderboard: their options, test data, and how long a profile trains on each. */
import type { Seed } from "../../../../lib/tasks/task.ts";
import type { GraphBuilder, JobRef } from "../../../graph.ts";
import type { Part } from "../../../parts.ts";
import { filteringTask } from "../../../presets.ts";
import type { Profile } from "../../../profiles.ts";
import type { Tags } from "../../../tags.ts";
import { seriesOf } from "../../../series.ts";

/** How long a model is trained, and which learning rates are tried. */
export interface Training {
  steps: number;
  /** Sequences of each seed in a step. */
  batch: number;
  warmup: number;
  /** One of them is taken as it is. */
  rates: readonly number[];
  /** Steps that a survivor has made at the end of each rung of successive halving. */
  rungs?: readonly number[];
  weightDecay?: number;
}

/** One task of the leaderboard. */
export interface TaskCase {
  /** Value of the tag `task`. */
  id: string;
  task: Part;
  /** Options of the ends of a stack. */
  ends: Part["options"];
  training: Training;
  protocol: Part["options"];
  /** Sequences that are evaluated at once. */
  batch: number;
  /** What test data are of: of filtering the system of a seed. */
  instanceOf(seed: number): number;
  /** What training and evaluation read. */
  data(g: GraphBuilder, seed: number): { training?: JobRef; test: JobRef };
}

/** A task whose options an experiment can change. */
interface SizedCase extends TaskCase {
  /** With other options of the task. @param tags of its test data */
  sized(options: Record<string, number>, tags: Tags): TaskCase;
}

/** The tasks that are published, in the order of the table: values of the tag `task`. */
export const taskIds = ["filtering", "forecasting", "parity", "automaton", "recall"] as const;
type TaskId = typeof taskIds[number];

/** The published ones in their order, then others, which are folders of lib/tasks. */
export const inOrder = (ids: readonly string[]): string[] => [
  ...taskIds.filter((id) => ids.includes(id)),
  ...ids.filter((id) => !taskIds.some((known) => known === id)),
];

/** The tuning seed; none of those that are reported. */
export const tuningSeed = 900;

/** Every seed has parameters and training data of its own. */
export const seedOf = ({ instanceOf }: Pick<TaskCase, "instanceOf">, seed: number): Seed => ({
  instance: instanceOf(seed),
  initialisation: seed,
  data: 1000 + seed,
});
const testData = 2000;

/** Test sequences that the task makes, one set for all seeds, or one for each instance. */
function generated(
  id: string,
  task: Part,
  sequences: number,
  { each = false, tags = {} }: { each?: boolean; tags?: Tags } = {},
): TaskCase["data"] {
  return (g, seed) => {
    const [instance, data] = each ? [seed, testData + seed] : [0, testData];
    const own = { task: id, ...tags, result: "data", ...(each ? { seed } : {}) };
    return { test: g.job("generate", { task, instance, data, sequences }, {}, own) };
  };
}

const between =
  "parity and automata are scored at lengths between those of their training and those of their test data";
/** What the grid of an experiment with parity or an automaton makes of its lengths. */
export const tied = {
  "task.options.maximum": between,
  "task.options.length": between,
  "protocol.from": between,
  "protocol.length": between,
  "protocol.to": between,
};

/** The tasks at the sizes of a profile. */
export function taskCases(profile: Profile): Record<TaskId, TaskCase> & { recall: SizedCase } {
  const smoke = { steps: 6, batch: 2, warmup: 2, rates: [3e-3, 6e-3], rungs: [3] };
  const one = { instanceOf: () => 0 };

  const filtering = filteringTask({ lambda: 0.92 }, profile.pick({ smoke: 64, standard: 128 }));
  const lengths = profile.pick({
    smoke: { trained: 20, scored: 128 },
    standard: { trained: 40, scored: 256 },
  });
  const { trained: maximum, scored: length } = lengths;
  const parity = { name: "parity", options: { minimum: 3, maximum, length } };
  // Of a group that is not commutative little is learned from long sequences in so few steps.
  const words = { maximum: 16, length: 64 };
  const automaton = { name: "automaton", options: { automaton: "s3", minimum: 3, ...words } };
  const recall = {
    name: "recall",
    options: profile.pick({
      smoke: { vocabulary: 64, length: 32, pairs: 4 },
      standard: { vocabulary: 256, length: 64, pairs: 4 },
    }),
  };
  const recallCase = (task: Part, tags: Tags = {}): TaskCase => ({
    ...one,
    id: "recall",
    task,
    // As in the published code: what is read is written with the same table.
    ends: { tie: true },
    training: profile.pick<Training>({
      smoke,
      quick: { steps: 150, batch: 32, warmup: 20, rates: [2e-2], weightDecay: 0 },
      standard: {
        ...{ steps: 400, batch: 16, warmup: 30, weightDecay: 0 },
        ...{ rates: [5e-3, 1e-2, 2e-2], rungs: [60, 120] },
      },
    }),
    protocol: {},
    batch: 256,
    data: generated(
      "recall",
      task,
      profile.pick({ smoke: 16, quick: 512, standard: 1024 }),
      { tags },
    ),
  });
  return {
    filtering: {
      id: "filtering",
      task: filtering,
      ends: { norm: "fixed" },
      training: profile.pick<Training>({
        smoke,
        quick: { steps: 100, batch: 8, warmup: 20, rates: [5e-3] },
        standard: {
          ...{ steps: 350, batch: 8, warmup: 40 },
          ...{ rates: [3e-3, 1e-2, 3e-2], rungs: [50] },
        },
      }),
      protocol: {},
      batch: 128,
      instanceOf: (seed) => seed,
      data: generated(
        "filtering",
        filtering,
        profile.pick({ smoke: 16, quick: 128, standard: 256 }),
        { each: true },
      ),
    },
    // Looked up when it is asked for: the other tasks do without data/datasets.json.
    get forecasting() {
      return {
        ...one,
        id: "forecasting" as const,
        // The profiles that need packages only have a series that one of them ships.
        ...profile.pick({
          smoke: seriesCase("seattle-weather", { lookback: 60, horizon: 14, patch: 4 }),
          standard: seriesCase("etth1", { lookback: 96, horizon: 96, patch: 8 }),
        }),
        training: profile.pick<Training>({
          smoke,
          quick: { steps: 100, batch: 32, warmup: 20, rates: [3e-3] },
          standard: {
            ...{ steps: 400, batch: 32, warmup: 40 },
            ...{ rates: [5e-4, 2e-3, 8e-3, 3e-2], rungs: [60] },
          },
        }),
        protocol: {},
        batch: 512,
      };
    },
    parity: {
      ...one,
      id: "parity",
      task: parity,
      ends: {},
      training: profile.pick<Training>({
        smoke,
        quick: { steps: 150, batch: 32, warmup: 20, rates: [1e-2], weightDecay: 0 },
        standard: {
          ...{ steps: 800, batch: 8, warmup: 50, weightDecay: 0 },
          ...{ rates: [5e-3, 1e-2, 2e-2], rungs: [100, 200] },
        },
      }),
      // Lengths beyond all that were trained on.
      protocol: { from: maximum + 1, length },
      batch: 256,
      data: generated(
        "parity",
        parity,
        profile.pick({ smoke: 16, quick: 512, standard: 4096 }),
      ),
    },
    automaton: {
      ...one,
      id: "automaton",
      task: automaton,
      ends: {},
      training: profile.pick<Training>({
        smoke,
        quick: { steps: 150, batch: 32, warmup: 20, rates: [1e-2], weightDecay: 0 },
        standard: {
          ...{ steps: 800, batch: 16, warmup: 50, weightDecay: 0 },
          ...{ rates: [5e-3, 1e-2], rungs: [150] },
        },
      }),
      protocol: { from: words.maximum + 1, to: words.length },
      batch: 256,
      data: generated(
        "automaton",
        automaton,
        profile.pick({ smoke: 16, quick: 512, standard: 1024 }),
      ),
    },
    recall: {
      ...recallCase(recall),
      sized: (options, tags) =>
        recallCase({ ...recall, options: { ...recall.options, ...options } }, tags),
    },
  };
}

/** A task that nobody listed, with its default options, on test data that it makes. */
function unlisted(id: string, like: TaskCase, sequences: number): TaskCase {
  const task = { name: id, options: {} };
  return { ...like, id, task, protocol: {}, data: generated(id, task, sequences) };
}

/** The task of that name, published or any other folder of lib/tasks. */
export function taskCase(profile: Profile, id: string): TaskCase {
  const cases: Record<string, TaskCase> = taskCases(profile);
  const sequences = profile.pick({ smoke: 16, quick: 512 });
  return cases[id] ?? unlisted(id, cases.parity, sequences);
}

/** Forecasting a series of data/datasets.json, read in patches. */
export function seriesCase(
  dataset: string,
  { patch, ...window }: { lookback: number; horizon: number; patch: number },
): Pick<TaskCase, "task" | "ends" | "data"> {
  const { task, download } = seriesOf(dataset, window);
  return {
    task,
    ends: { patch, norm: "last" },
    data(g) {
      const data = download(g, { task: "forecasting", result: "download" });
      return { training: data, test: data };
    },
  };
}
