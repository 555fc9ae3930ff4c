/** @file The tables that compare patch sizes (patching, observation-dimension), from scores made by hand. */
import assert from "node:assert/strict";
import * as dimension from "../../../../pipeline/experiments/transformer_filters/observation_dimension.ts";
import * as patching from "../../../../pipeline/experiments/transformer_filters/patching.ts";
import type { Row } from "../../../../pipeline/results.ts";
import type { Experiment } from "../grids.ts";
import {
  assertRow,
  computed,
  type Kind,
  leavingOpen,
  little,
  type MadeTable,
  madeTable,
  ratesOf,
} from "./made_scores.ts";

/** A setting of a grid: what its rows are called, and what its runs are. */
interface Setting {
  row: Row;
  is: Partial<Kind>;
}

const patchOf = ({ options }: Kind) => (options.patch ?? 1) as number;

/** Every row of these settings: the zero predictor, and the Transformer with each patch size. */
function assertSizes(made: MadeTable, { row, is }: Setting, names: Record<number, string>) {
  const aligned = (patch: number) => ofPatch(patch, "aligned", "gapClosed");
  const ofPatch = (
    patch: number,
    part: "aligned" | "overall",
    field: "ratio" | "gapClosed",
  ) => made.score({ ...is, what: "one step", options: own(patch) }, part, field);
  const own = (patch: number) => ({ patch: patch === 1 ? undefined : patch });
  assertRow(made.table, { ...row, predictor: "zero" }, {
    aligned_ratio: made.score({ ...is, what: "near baseline", model: "zero" }, "overall", "zero"),
  });
  for (const [key, predictor] of Object.entries(names)) {
    const patch = Number(key);
    assertRow(made.table, { ...row, predictor, patch }, {
      aligned_ratio: ofPatch(patch, "aligned", "ratio"),
      aligned_gap: aligned(patch),
      ratio: ofPatch(patch, "overall", "ratio"),
      gap_closed: ofPatch(patch, "overall", "gapClosed"),
      ...ratesOf(made, { ...is, options: own(patch) }),
      ...(patch === 1 ? {} : { gained: computed((a, b) => a - b, aligned(patch), aligned(1)) }),
    });
  }
}

Deno.test("every row on patching holds the scores of its own runs", async () => {
  const made = await madeTable(patching, { keep: ({ lambda }) => lambda !== 0.99 });
  assert.deepEqual(made.table.names("lambda"), [0.68, 0.92]);
  const dense = "dense, condition 100, C matched";
  assert.deepEqual(made.table.names("structure"), ["diagonal", dense]);
  // All sizes at one lambda, what the verdict needs at the others.
  const sizes: Record<number, number[]> = { 0.68: [1, 8], 0.92: [1, 2, 4, 8, 16, 32] };
  for (const lambda of [0.68, 0.92]) {
    const found = made.table.summary.rows.filter((row) => row.lambda === lambda);
    assert.deepEqual([...new Set(found.map((row) => row.patch))], [undefined, ...sizes[lambda]]);
    const names = Object.fromEntries(sizes[lambda].map((patch) => [patch, "Transformer"]));
    const setting = (structure: string, is: Partial<Kind>) => ({
      row: { lambda, structure },
      is: { lambda, ...is },
    });
    assertSizes(made, setting("diagonal", { structure: "diagonal" }), names);
    assertSizes(made, setting(dense, { condition: 100 }), names);
  }
});

Deno.test("every row on observed dimensions holds the scores of its own runs", async () => {
  const made = await madeTable(dimension);
  assert.deepEqual(made.table.names("lambda"), [0.92]);
  assert.deepEqual(made.table.names("obs"), [1, 2, 4, 16]);
  const sizes = [1, 8, 32];
  assert.deepEqual(made.table.names("patch"), [undefined, ...sizes]);
  const names = Object.fromEntries(sizes.map((patch) => [patch, `Transformer, patch ${patch}`]));
  for (const obs of [1, 2, 4, 16]) {
    assertSizes(made, { row: { lambda: 0.92, obs }, is: { obs } }, names);
  }
});

/** The summary when models leave so much open at the boundaries that all patch sizes have; whole patches tell the opposite. */
async function judged(
  experiment: Experiment,
  of: (kind: Kind) => number,
  kept: number[] = [0.68, 0.92, 0.99],
) {
  const keep = ({ lambda }: Kind) => kept.includes(lambda);
  const own = leavingOpen(of, keep, ["aligned"]);
  const other = leavingOpen((kind) => 0.1 / of(kind), keep, ["overall"]);
  const score: typeof own.score = (...of) => own.score!(...of) ?? other.score!(...of);
  return (await madeTable(experiment, { keep, score })).table.summary;
}

/** Open fraction of 0.5 without patches; with patches of 8 it is less by a factor that varies; other sizes do not matter. */
const gaining = (by: (kind: Kind) => number) => (kind: Kind) =>
  patchOf(kind) === 1
    ? 0.5
    : patchOf(kind) === 8
    ? 0.5 / (by(kind) * Math.exp(little(kind) * kind.lambda * (1 + kind.condition / 200)))
    : 0.7;

Deno.test("patching must gain more with memory, and more on dense systems", async () => {
  /** By what factor more patches of 8 gain at the largest lambda, and on dense systems. */
  const outcome = async (memory: number, density: number) =>
    (await judged(
      patching,
      gaining(({ lambda, condition }) =>
        (lambda === 0.99 ? memory : 1) * (condition === 100 ? density : 1)
      ),
    )).verdict.outcome;
  assert.equal(await outcome(2, 3), "supported");
  assert.equal(await outcome(0.5, 3), "refuted");
  assert.equal(await outcome(2, 0.3), "refuted");
  assert.equal(await outcome(1, 3), "undecided");
  assert.equal(await outcome(2, 1), "undecided");
});

Deno.test("patching is judged by means over structures and over lambdas", async () => {
  // Memory counts on diagonal systems more, density at the larger lambdas only.
  const { verdict } = await judged(
    patching,
    gaining(({ lambda, condition }) => lambda === 0.68 ? 1 : condition === 100 ? 8 : 2),
  );
  assert.equal(verdict.outcome, "supported");
  // The root of 8 times 2, and the third root of 1 times 4 times 4.
  assert.match(
    verdict.reason,
    /^Importance of patches of 8, at the largest over that at the smallest lambda, .*: 4 \(/,
  );
  assert.match(
    verdict.reason,
    /; importance of patches of 8, dense over diagonal, .*: 2\.52 \(.*; 20 systems\.$/,
  );
});

Deno.test("the finding on patching names the best patch size of every setting", async () => {
  const best: Record<string, number> = {
    ...{ "0.68 1": 8, "0.68 100": 1, "0.92 1": 32, "0.92 100": 2, "0.99 1": 8, "0.99 100": 1 },
  };
  const { findings } = await judged(patching, (kind) => {
    const patch = patchOf(kind);
    if (patch === best[`${kind.lambda} ${kind.condition}`]) return 0.25;
    return patch === 1 ? 0.75 : 0.5;
  }, [0.68, 0.92]);
  assert.equal(
    findings[0],
    "The patch size that closes most of the gap one step ahead: " +
      "8 at lambda 0.68, diagonal (75.0 % against 25.0 % without); " +
      "1 at lambda 0.68, dense, condition 100, C matched (75.0 % against 75.0 % without); " +
      "32 at lambda 0.92, diagonal (75.0 % against 25.0 % without); " +
      "2 at lambda 0.92, dense, condition 100, C matched (75.0 % against 25.0 % without).",
  );
  // Twenty systems of two structures with two patch sizes at one lambda and six at the other.
  assert.match(findings.at(-1)!, /^Leak test over 320 scored runs: no run/);
});

Deno.test("fewer dimensions must leave more open, and gain more by patches", async () => {
  /** What 1 and 16 dimensions leave open without patches, and by what factor less with patches of 8. */
  const of = async (few: [number, number], many: [number, number]) =>
    (await judged(dimension, (kind) => {
      const { obs } = kind;
      if (obs !== 1 && obs !== 16) return 0.001 * (1 + kind.rank);
      if (patchOf(kind) === 32) return 0.9;
      const [without, gained] = obs === 1 ? few : many;
      const vary = Math.exp(0.2 * little(kind) * (patchOf(kind) === 8 ? obs / 4 : 1 / obs));
      return (patchOf(kind) === 8 ? without / gained : without) * vary;
    })).verdict;
  const { outcome, reason } = await of([0.8, 4], [0.4, 2]);
  assert.equal(outcome, "supported");
  assert.match(
    reason,
    /^Open fraction without patches, with the fewest over that with the most observed dimensions: 2 \(/,
  );
  assert.match(reason, /; importance of patches of 8, .* observed dimensions: 2 \(/);
  assert.equal((await of([0.4, 4], [0.8, 2])).outcome, "refuted"); // easier
  assert.equal((await of([0.4, 4], [0.4, 2])).outcome, "undecided");
  assert.equal((await of([0.8, 2], [0.4, 4])).outcome, "refuted"); // less gained
  assert.equal((await of([0.8, 2], [0.4, 2])).outcome, "undecided");
});

Deno.test("the finding on dimensions says what is closed with the fewest and the most", async () => {
  const { findings } = await judged(
    dimension,
    ({ obs, ...kind }) => (patchOf({ obs, ...kind }) === 1 ? 0.8 : 0.4) / Math.sqrt(obs),
  );
  assert.match(
    findings[0],
    /^At lambda 0\.92 .* closes 20\.0 % .* with 1 observed dimension and 80\.0 % with 16; .* of 8 it is 60\.0 % and 90\.0 %\.$/,
  );
  // Twenty systems of four dimensions with three patch sizes.
  assert.match(findings.at(-1)!, /^Leak test over 240 scored runs: no run/);
});
