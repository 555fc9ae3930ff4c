/** @file The table of variances, from scores made by hand. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/variances.ts";
import { spread } from "../../../../pipeline/experiments/transformer_filters/shared/systems.ts";
import { seedOf } from "../../../../pipeline/experiments/transformer_filters/shared/seeds.ts";
import type { Cell } from "../../../../pipeline/results.ts";
import { type Kind, madeTable } from "./made_scores.ts";

const models = {
  "diagonal recurrence (LRU)": "lru",
  "dense recurrence": "dense_recurrence",
  "Transformer": "transformer",
};
const isSecond = ({ initialisation, lambda, system }: Kind) =>
  initialisation === seedOf({ lambda }, system, 1).initialisation;

/** Log open fractions: a number of the system, and for the second initialisation so much more. */
const table = (profile: string, own: (kind: Kind) => number, more: (kind: Kind) => number) =>
  madeTable(experiment, {
    score: (kind, part, field) => {
      if (kind.what !== "one step" || part !== "overall") return;
      const gap = 0.02 * (1 + kind.rank);
      const open = Math.exp(own(kind) + (isSecond(kind) ? more(kind) : 0));
      if (field === "zero") return 1 + gap;
      if (field === "ratio") return 1 + open * gap;
      if (field === "ratioError") return 0.05 * open * gap;
    },
  }, profile);

Deno.test("variances are those of the logarithm of the open fraction, by their source", async () => {
  const ranks = [1, 3, 6, 8, 11, 13, 16, 18];
  const own = ({ rank }: Kind) => -2 + 0.1 * rank;
  const more = ({ rank, lambda }: Kind) => (rank % 2 ? 0.4 : -0.2) * (lambda === 0.99 ? 2 : 1);
  const { table: made } = await table("standard", own, more);
  assert.deepEqual(made.names("lambda"), [0.68, 0.92, 0.99]);
  assert.deepEqual(made.names("predictor"), Object.keys(models));
  for (const lambda of [0.68, 0.92, 0.99]) {
    const pairs = ranks.map((rank) => {
      const kind = { rank, lambda } as Kind;
      return [own(kind), own(kind) + more(kind)];
    });
    const between = pairs.reduce((sum, [a, b]) => sum + (a - b) ** 2 / 2, 0) / 8;
    const means = pairs.map(([a, b]) => (a + b) / 2);
    const centre = means.reduce((a, b) => a + b, 0) / 8;
    const all = means.reduce((sum, x) => sum + (x - centre) ** 2, 0) / 7;
    const systems = all - between / 2;
    const want: Record<string, number> = {
      between_systems: systems,
      between_initialisations: between,
      sampling: 0.05 ** 2,
      twenty_systems: Math.sqrt((systems + between) / 20),
      five_systems: Math.sqrt((systems + between / 4) / 5),
    };
    for (const predictor of Object.keys(models)) {
      const row = made.row({ lambda, predictor });
      assert.deepEqual(
        Object.keys(row).sort(),
        ["lambda", "predictor", ...Object.keys(want)].sort(),
      );
      for (const [column, value] of Object.entries(want)) {
        const cell = row[column] as Cell;
        assert.ok(Math.abs(cell.value - value) < 1e-9, `${column} at ${lambda}: ${cell.value}`);
        assert.deepEqual([cell.n, cell.runs.length], [8, 16]);
      }
    }
  }
  assert.equal(made.outcome, "illustration");
  assert.match(
    made.summary.findings[0],
    /^Transformer: variance .* of sampling: .* \/ 0\.0025 at lambda 0\.68; .* at lambda 0\.99\.$/,
  );
});

Deno.test("both initialisations are of the same systems, on the same sequences", async () => {
  const { kinds } = await table("standard", () => 0, () => 0);
  const of = (
    second: boolean,
  ) => [...new Set([...kinds.values()].filter((k) => isSecond(k) === second).map((k) => k.system))];
  assert.deepEqual(of(false), spread(8));
  assert.deepEqual(of(true), spread(8));
});

Deno.test("one system has no variance between systems", async () => {
  const { table: made } = await table("smoke", () => -1, () => 0.2);
  const row = made.row({ predictor: "diagonal recurrence (LRU)" });
  assert.deepEqual(Object.keys(row).sort(), [
    ...["between_initialisations", "lambda", "predictor", "sampling"],
  ]);
});
