/** @file The tables that compare patch sizes (patching, observation-dimension), from scores made by hand. */
import assert from "node:assert/strict";
import * as dimension from "../../../../pipeline/experiments/transformer_filters/observation_dimension.ts";
import * as patching from "../../../../pipeline/experiments/transformer_filters/patching.ts";
import type { Row } from "../../../../pipeline/results.ts";
import type { Experiment } from "../grids.ts";
import {
  around,
  assertRow,
  computed,
  type Kind,
  type MadeTable,
  madeTable,
  type Making,
  reach,
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
      learning_rate: made.scalar({ ...is, options: own(patch) }, "learningRate"),
      ...(patch === 1 ? {} : { gained: computed((a, b) => a - b, aligned(patch), aligned(1)) }),
    });
  }
}

Deno.test("every row on patching holds the scores of its own runs", async () => {
  const made = await madeTable(patching, { keep: ({ lambda }) => lambda !== 0.92 });
  assert.deepEqual(made.table.names("lambda"), [0.68, 0.99]);
  assert.deepEqual(made.table.names("structure"), ["diagonal", "dense, condition 100"]);
  const sizes = [1, 2, 4, 8, 16, 32];
  assert.deepEqual(made.table.names("patch"), [undefined, ...sizes]);
  const names = Object.fromEntries(sizes.map((patch) => [patch, "Transformer"]));
  for (const lambda of [0.68, 0.99]) {
    const setting = (structure: string, is: Partial<Kind>) => ({
      row: { lambda, structure },
      is: { lambda, ...is },
    });
    assertSizes(made, setting("diagonal", { structure: "diagonal" }), names);
    assertSizes(made, setting("dense, condition 100", { condition: 100 }), names);
  }
});

Deno.test("every row on observed dimensions holds the scores of its own runs", async () => {
  const made = await madeTable(dimension, { keep: ({ lambda }) => lambda !== 0.92 });
  assert.deepEqual(made.table.names("lambda"), [0.68, 0.99]);
  assert.deepEqual(made.table.names("obs"), [1, 2, 4, 8, 16]);
  const sizes = [1, 8, 32];
  assert.deepEqual(made.table.names("patch"), [undefined, ...sizes]);
  const names = Object.fromEntries(sizes.map((patch) => [patch, `Transformer, patch ${patch}`]));
  for (const lambda of [0.68, 0.99]) {
    for (const obs of [1, 2, 4, 8, 16]) {
      assertSizes(made, { row: { lambda, obs }, is: { lambda, obs } }, names);
    }
  }
});

/** Gaps closed one step ahead at the boundaries that all patch sizes have; those of whole patches tell the opposite. */
function aligned(of: (kind: Kind) => number, kept: number[]): Making {
  return {
    keep: ({ lambda }) => kept.includes(lambda),
    score: (kind, part, field) => {
      if (kind.what !== "one step" || field !== "gapClosed") return;
      // Systems differ more from each other than patch sizes do.
      if (part === "aligned") return kind.system + of(kind);
      if (part === "overall") return -kind.system - of(kind);
    },
  };
}

const judged = async (
  experiment: Experiment,
  of: (kind: Kind) => number,
  kept: number[],
) => (await madeTable(experiment, aligned(of, kept))).table;

/** A little that differs between systems. */
const little = around(0, 0.01);

Deno.test("patching must gain more with memory, and more on dense systems", async () => {
  /** What patches of 8 gain, by lambda and structure; other patch sizes gain what does not matter. */
  const outcome = async (gained: (kind: Kind) => number) =>
    (await judged(patching, (kind) => {
      if (patchOf(kind) === 1) return 0;
      return patchOf(kind) === 8 ? gained(kind) + little[kind.system] * kind.lambda : 7;
    }, [0.68, 0.99])).outcome;
  const by = (memory: number, density: number) => ({ lambda, condition, system }: Kind) =>
    (lambda === 0.99 ? memory : 0) + (condition === 100 ? density * (1 + little[system]) : 0);
  assert.equal(await outcome(by(0.2, 0.3)), "supported");
  assert.equal(await outcome(by(-0.2, 0.3)), "refuted");
  assert.equal(await outcome(by(0.2, -0.3)), "refuted");
  assert.equal(await outcome(by(0, 0.3)), "undecided");
  assert.equal(await outcome(by(0.2, 0)), "undecided");
});

Deno.test("patching is judged by means over structures and over lambdas", async () => {
  const table = (gained: (kind: Kind) => number) =>
    judged(patching, (kind) => patchOf(kind) === 8 ? gained(kind) : 0, [0.68, 0.99]);
  // Memory counts on diagonal systems only, density at the larger lambda only.
  const one = await table(({ lambda, condition, system }) =>
    lambda === 0.68 ? 0 : (condition === 100 ? 0.5 : 0.3) + little[system]
  );
  const { reason } = one.summary.verdict;
  assert.match(reason, /^Importance of patching at lambda 0\.99 minus at 0\.68: 40\.0 % \(/);
  assert.match(reason, /; importance of patching, dense minus diagonal: 10\.0 % \(/);
  assert.equal(one.outcome, "supported");
});

Deno.test("with one lambda only the structures are judged", async () => {
  const table = await judged(
    patching,
    (kind) => patchOf(kind) === 8 && kind.condition === 100 ? 0.5 + little[kind.system] : 0,
    [0.92],
  );
  assert.equal(table.outcome, "supported");
  assert.match(
    table.summary.verdict.reason,
    /^Importance of patching, dense minus diagonal: 50\.0 %/,
  );
});

Deno.test("the finding on patching names the best patch size of every setting", async () => {
  const best: Record<string, number> = { "0.68 1": 32, "0.68 100": 1, "0.99 1": 8, "0.99 100": 2 };
  const table = await judged(patching, (kind) => {
    const patch = patchOf(kind);
    if (patch === best[`${kind.lambda} ${kind.condition}`]) return 0.75;
    return patch === 1 ? 0.25 : 0.5;
  }, [0.68, 0.99]);
  assert.equal(
    table.summary.findings[0],
    "The patch size that closes most of the gap one step ahead: " +
      "32 at lambda 0.68, diagonal (275.0 % against 225.0 % without); " +
      "1 at lambda 0.68, dense, condition 100 (275.0 % against 275.0 % without); " +
      "8 at lambda 0.99, diagonal (275.0 % against 225.0 % without); " +
      "2 at lambda 0.99, dense, condition 100 (275.0 % against 225.0 % without).",
  );
  // Five systems of two structures and two lambdas with six patch sizes.
  assert.match(table.summary.findings[1], /^Over 120 scored runs/);
});

Deno.test("fewer dimensions must be harder, and gain more by patches", async () => {
  /** Of 1 and of 16 dimensions, without patches and with patches of 8. */
  const outcome = async (few: [number, number], many: [number, number]) =>
    (await judged(dimension, (kind) => {
      const { obs, system } = kind;
      if (obs !== 1 && obs !== 16) return 9 * (system - 2) * obs;
      if (patchOf(kind) === 32) return 5;
      const vary = little[system] * (patchOf(kind) === 8 ? obs / 8 : 1 / obs);
      return (obs === 1 ? few : many)[Number(patchOf(kind) === 8)] + vary;
    }, [0.92])).outcome;
  assert.equal(await outcome([0.2, 0.6], [0.5, 0.6]), "supported");
  assert.equal(await outcome([0.5, 0.9], [0.2, 0.3]), "refuted"); // easier
  assert.equal(await outcome([0.5, 0.9], [0.5, 0.6]), "undecided");
  assert.equal(await outcome([0.2, 0.3], [0.5, 0.9]), "refuted"); // less gained
  assert.equal(await outcome([0.2, 0.3], [0.5, 0.6]), "undecided");
});

Deno.test("the fewest and the most dimensions are judged, by the mean over lambdas", async () => {
  const table = await judged(dimension, (kind) => {
    const { obs, lambda, system } = kind;
    if (patchOf(kind) === 1) return (lambda === 0.68 ? 0.01 : 0.03) * obs + little[system] * obs;
    return patchOf(kind) === 8 ? 0.6 : 0;
  }, [0.68, 0.99]);
  const { verdict, findings } = table.summary;
  // (.01 + .03) / 2 * (16 - 1)
  assert.match(
    verdict.reason,
    /^Gap closed without patches, 16 observed dimensions minus 1: 30\.0 %/,
  );
  assert.match(verdict.reason, /; importance of patching, 1 observed dimensions minus 16: 30\.0 %/);
  assert.match(
    findings[0],
    /^At lambda 0\.68 .* closes 201\.0 % .* with 1 observed dimension and 216\.0 % with 16; .* of 8 it is 260\.0 % and 260\.0 %\. At lambda 0\.99 .* 203\.0 % .* 248\.0 % with 16;/,
  );
  // Five systems of five dimensions and two lambdas with three patch sizes.
  assert.match(findings[1], /^Over 150 scored runs/);
});

Deno.test("an interval that just misses zero decides, one that just holds it does not", async () => {
  const outcome = async (distance: number) => {
    const differences = around(distance * 0.01, 0.01);
    const table = await judged(
      patching,
      (kind) => patchOf(kind) === 8 && kind.condition === 100 ? differences[kind.system] : 0,
      [0.92],
    );
    return table.outcome;
  };
  assert.equal(await outcome(reach + 0.02), "supported");
  assert.equal(await outcome(reach - 0.02), "undecided");
  assert.equal(await outcome(-reach - 0.02), "refuted");
});
