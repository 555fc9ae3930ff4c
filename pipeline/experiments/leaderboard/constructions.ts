/** @file How many reflections a token takes to follow a group: the fewest that can do, weights set by hand, and what training finds with as many. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import { type GroupName, groupNames } from "../../../lib/groups/represented.ts";
import type { Grid } from "../../graph.ts";
import type { Profile } from "../../profiles.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { freshSeeds, verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, minus, type Values } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import { scalarOf, studyRuns, worst } from "../deep_linear_networks/shared/studies.ts";
import { cellRuns } from "./shared/cells.ts";
import type { Entry } from "./shared/entries.ts";
import type { TaskCase, Training } from "./shared/tasks.ts";

/** Of training sequences and of those that are scored. */
const lengths = { minimum: 2, maximum: 12, length: 48 };
const width = 32;

export const meta: ExperimentMeta = {
  id: "constructions",
  title: "Reflections that a group takes",
  question:
    "How many reflections a token does DeltaProduct need to follow words of a group, and does training find what weights set by hand do?",
  hypothesis:
    "Of parity, Z3, Z5, S3, S4, A5 and S5 weights set by hand follow words of 4,096 random elements with the fewest factors that any weights can do with. " +
    "Trained on words of S3, one layer with two factors closes at least 20 points more of the gap beyond the lengths of its training than with one, at this size and after this many steps.",
  method:
    "**By hand**: every element is an orthogonal matrix, of S4 and A5 a rotation in space (of a cube, of an icosahedron), and the product of as few reflections I - 2 k k' as I - M has rank; in float64. " +
    "**Fewest**: the matrix M of an element x whose order q is a power of a prime has an eigenvalue of order q, and so have its powers by all k for which x^k is conjugate to x or to its inverse. Each of these eigenvalues takes one rank of I - M, whatever the " +
    "weights, provided that words with equal products leave equal states and others different ones. " +
    "DeltaProduct (Siems et al., arXiv 2502.10297) reports S3, S4 and A5 learned with 2 and S5 with 4. " +
    `**Trained**: one layer of width ${width} without MLP, with ${lengths.minimum} to ${lengths.maximum} symbols and a target after each, rates by successive halving on a seed that is not judged, scored at the last step on ` +
    `positions ${
      lengths.maximum + 1
    } to ${lengths.length}; the gap closed is (floor - error) / floor, where the floor is the likeliest state at every position. Other numbers of factors and groups are shown and not judged. Steps and rates were chosen after a look at seed 0, which is none of those that judge.`,
  from: "standard",
};

/** Shown by name. */
const labels: Record<GroupName, string> = {
  ...{ parity: "parity", z3: "Z3", z5: "Z5", s3: "S3", s4: "S4", a5: "A5", s5: "S5" },
};
/** Groups that are trained on, as automata, and the numbers of factors. */
const trained: { group: GroupName; options: Record<string, unknown>; factors: number[] }[] = [
  { group: "parity", options: { automaton: "parity" }, factors: [1] },
  { group: "z3", options: { automaton: "sum", modulus: 3 }, factors: [1, 2] },
  { group: "s3", options: { automaton: "s3" }, factors: [1, 2, 3] },
];
const counts = [1, 2, 3, 4];

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  amendments: [freshSeeds(7)],
  clauses: [
    {
      what:
        "half minus the largest difference of the factors that are enough by hand and the fewest",
      metric: "factors",
      scale: "plain",
    },
    {
      what: "gap closed with two factors minus that with one, S3",
      metric: "gap closed",
      scale: "points",
      margin: 0.2,
    },
  ],
};

const between = "words are scored at lengths between those of training and those of the test data";
/** What the grid makes of its lengths. */
export const tied = {
  "task.options.maximum": between,
  "task.options.length": between,
  "protocol.from": between,
  "protocol.to": between,
};

function caseOf({ group, options }: typeof trained[number], profile: Profile): TaskCase {
  const task = { name: "automaton", options: { ...options, ...lengths } };
  const sequences = profile.pick({ smoke: 16, standard: 512 });
  return {
    ...{ id: group, task, ends: {}, batch: 128, instanceOf: () => 0 },
    training: profile.pick<Training>({
      smoke: { steps: 6, batch: 2, warmup: 2, rates: [3e-3, 6e-3], rungs: [3] },
      standard: {
        ...{ steps: 1600, batch: 32, warmup: 50, weightDecay: 0 },
        ...{ rates: [5e-3, 1e-2, 2e-2], rungs: [100, 200] },
      },
    }),
    protocol: { from: lengths.maximum + 1, to: lengths.length },
    data: (g) => ({
      test: g.job("generate", { task, instance: 0, data: 2000, sequences }, {}, {
        task: group,
        result: "data",
      }),
    }),
  };
}

/** DeltaProduct with so many factors. */
const entryOf = (factors: number): Entry => ({
  id: `deltaproduct-${factors}`,
  label: `DeltaProduct, ${factors}`,
  width,
  layer: {
    name: "deltaproduct",
    options: { heads: 2, expandKey: 0.5, expandValue: 1, conv: 0, steps: factors, negative: true },
  },
});

/** Tags: group, seed; of trained layers task, layer, factors, seed, result. */
export const grid: Grid = (g, profile) =>
  g.table([
    ...studyRuns(
      g,
      "group_words",
      groupNames.map((group) => ({ tags: { group }, options: { group } })),
      stated.seeds,
    ),
    ...trained.flatMap((own) =>
      own.factors.flatMap((factors) =>
        cellRuns(
          g,
          entryOf(factors),
          caseOf(own, profile),
          profile.pick({ smoke: stated.seeds.slice(0, 1), standard: stated.seeds }),
          { factors },
        )
      )
    ),
  ]);

interface Row {
  group: GroupName;
  fewest: Values;
  enough: Values;
  /** By the number of factors. */
  followed: Record<number, Values>;
  learned: Record<number, Values>;
  rates: Record<number, Values>;
}

const columns: TableColumn<Row>[] = [
  { id: "words", label: "group", format: "text", of: ({ group }) => labels[group] },
  {
    id: "fewest",
    label: "fewest factors",
    note: "No weights of one layer do with less.",
    of: ({ fewest }) => cellOf(fewest),
  },
  {
    id: "enough",
    label: "by hand",
    note: "The least number of factors at which weights set by hand follow all words.",
    of: ({ enough }) => cellOf(enough),
  },
  ...counts.map((n): TableColumn<Row> => ({
    id: `followed_${n}`,
    label: `followed by hand, ${n}`,
    format: "percent",
    better: "higher",
    note: n === counts[0]
      ? "Share of positions; symbols that take more factors get the first ones."
      : undefined,
    of: ({ followed }) => cellOf(followed[n]),
  })),
  ...[1, 2, 3].map((n): TableColumn<Row> => ({
    id: `learned_${n}`,
    label: `learned, ${n}`,
    format: "percent",
    better: "higher",
    note: n === 1
      ? `Gap closed at positions ${lengths.maximum + 1} to ${lengths.length}.`
      : undefined,
    of: ({ learned }) => learned[n] && cellOf(learned[n]),
  })),
  ...[1, 2, 3].map((n): TableColumn<Row> => ({
    id: `rate_${n}`,
    label: `rate, ${n}`,
    note: n === 1 ? "Found by successive halving." : undefined,
    of: ({ rates }) => rates[n] && cellOf(rates[n]),
  })),
];

/** The table: one row for each group. */
export function summarize(runs: Runs): Summary {
  const cell = (group: GroupName, result: string, name: string): Record<number, Values> => {
    const own = trained.find((one) => one.group === group)?.factors ?? [];
    return Object.fromEntries(
      own.map((factors) => [
        factors,
        scalarOf(runs, { task: group, factors, result }, name),
      ]),
    );
  };
  const rows = groupNames.map((group): Row => ({
    group,
    fewest: scalarOf(runs, { group }, "fewest"),
    enough: scalarOf(runs, { group }, "enough"),
    followed: Object.fromEntries(
      counts.map((n) => [n, scalarOf(runs, { group }, `followed ${n}`)]),
    ),
    learned: cell(group, "score", "gapClosed"),
    rates: cell(group, "training", "learningRate"),
  }));
  const apart = worst(
    rows.map(({ enough, fewest }) => mapped(enough, (n, i) => Math.abs(n - fewest.values[i]))),
    "largest difference",
  );
  const [s3] = rows.filter(({ group }) => group === "s3");
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(stated, [
      plainEffect(mapped(apart, (difference) => 0.5 - difference, "half minus the difference")),
      plainEffect(minus(s3.learned[2], s3.learned[1])),
    ]),
    findings: [
      `By hand, with the fewest factors that can do: ${
        rows.map(({ group, enough }) => `${labels[group]} ${mean(enough)}`).join(", ")
      }.`,
      ...rows.filter(({ learned }) => Object.keys(learned).length > 0).map(({ group, learned }) =>
        `Gap closed of ${labels[group]} by training: ${
          Object.entries(learned).map(([n, values]) =>
            `${percent(mean(values))} with ${n} ${n === "1" ? "factor" : "factors"}`
          ).join(", ")
        }.`
      ),
    ],
    plots: [],
  };
}
