/** @file Scores that papers print, of layers that are here too, and the pairs that they tell apart. */

/** Scores of one task in one paper, all on one scale. */
export interface Published {
  /** Value of the tag `task`. */
  readonly id: string;
  /** What the table calls it. */
  readonly label: string;
  /** Where the scores are printed. */
  readonly source: string;
  /** What they are. */
  readonly metric: string;
  /** Whether that is the share of right answers; otherwise the share of the gap that is closed. */
  readonly accuracy?: true;
  /** By the ids of entries of the leaderboard. */
  readonly scores: Readonly<Record<string, number>>;
}

/** Two layers whose published scores differ. */
export interface Pair {
  readonly task: string;
  /** Ids of entries. */
  readonly better: string;
  readonly worse: string;
  /** By so much. */
  readonly published: number;
}

const grazzi = "Grazzi et al., arXiv 2411.12537, table 3, best of three";
const scaled = "scaled accuracy at the end of longer sequences";
const recall = "readme of berlino/seq_icl, the code of Akyürek et al. (arXiv 2401.12973)";

/** In the order of the table. */
export const published: readonly Published[] = [
  {
    id: "parity-at-end",
    label: "parity",
    source: grazzi,
    metric: scaled,
    scores: {
      "softmax-attention": 0.022,
      mlstm: 0.087,
      slstm: 1,
      mamba: 0,
      "mamba-negative": 1,
      deltanet: 0.017,
      "deltanet-negative": 1,
    },
  },
  {
    id: "arithmetic-at-end",
    label: "modular arithmetic without brackets",
    source: grazzi,
    metric: scaled,
    scores: {
      "softmax-attention": 0.031,
      slstm: 0.787,
      deltanet: 0.314,
      "deltanet-negative": 0.971,
    },
  },
  {
    id: "selective-copying",
    label: "selective copying",
    source:
      "Feng et al., arXiv 2410.01201, and of S4 and S6 Gu & Dao, arXiv 2312.00752; as others quote them",
    ...{ metric: "accuracy", accuracy: true },
    scores: { mamba: 0.998, mingru: 0.995, minlstm: 0.96, s4: 0.183 },
  },
  {
    id: "recall",
    label: "associative recall",
    source: recall,
    ...{ metric: "accuracy", accuracy: true },
    scores: { "softmax-attention": 1, lstm: 0.362, s4d: 0.324, lru: 0.116 },
  },
  {
    id: "induction",
    label: "induction",
    source: recall,
    ...{ metric: "accuracy", accuracy: true },
    scores: { "softmax-attention": 0.972, lstm: 0.048, s4d: 0.088, lru: 0.048 },
  },
];

/** Least published difference that makes a pair. */
export const apart = 0.2;

/** All pairs of a task, larger differences first. */
export function pairsOf({ id, scores }: Published): Pair[] {
  const layers = Object.entries(scores);
  return layers.flatMap(([better, high]) =>
    layers.filter(([, low]) => high - low >= apart - 1e-9)
      .map(([worse, low]) => ({ task: id, better, worse, published: high - low }))
  ).sort((a, b) => b.published - a.published);
}
