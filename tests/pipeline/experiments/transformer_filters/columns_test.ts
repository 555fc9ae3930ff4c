/** @file Where there is too little to learn, no share of it is told. */
import assert from "node:assert/strict";
import {
  closedCell,
  differenceFrom,
  leastGap,
} from "../../../../pipeline/experiments/transformer_filters/shared/columns.ts";
import type {
  Pick,
  Predictor,
  Score,
} from "../../../../pipeline/experiments/transformer_filters/shared/predictors.ts";
import type { Values } from "../../../../pipeline/table/values.ts";

/** A predictor on systems with these gaps, of which it closes half. */
const on = (...gaps: (number | null)[]) => (pick: Pick): Values => {
  const scores = gaps.map((gap) =>
    ({
      zero: 1 + (gap ?? 0),
      ratio: 1 + (gap ?? 0) / 2,
      gapClosed: gap === null ? null : 0.5,
    }) as unknown as Score
  );
  const runs = gaps.map((_, i) => `run ${i}`);
  return { tag: "seed", at: gaps.map((_, i) => i), values: scores.map(pick), runs };
};

Deno.test("a gap is told by its mean over systems: from a thousandth of the filter's loss on", () => {
  assert.equal(leastGap, 1e-3);
  assert.equal(closedCell(on(0.0015, 0.0015))!.value, 0.5);
  assert.equal(closedCell(on(0.0001, 0.0021))!.value, 0.5, "some may have less");
  assert.equal(closedCell(on(0.0001, 0.0017)), undefined);
  assert.equal(closedCell(on(1e-9, 1e-9)), undefined);
  assert.equal(closedCell(on(null, 0.5)), undefined, "one system has no gap at all");
});

Deno.test("a difference of shares is told where both are", () => {
  const predictor = (...gaps: number[]) => ({ oneStep: on(...gaps) }) as Predictor;
  const column = differenceFrom("difference", (row: [Predictor, Predictor]) => row);
  assert.notEqual(column.of([predictor(0.01, 0.02), predictor(0.01, 0.02)]), undefined);
  assert.equal(column.of([predictor(0.01, 0.02), predictor(1e-4, 1e-4)]), undefined);
  assert.equal(column.of([predictor(1e-4, 1e-4), predictor(0.01, 0.02)]), undefined);
});
