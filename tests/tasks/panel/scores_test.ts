/** @file Scores of a panel, against numbers by hand. */
import assert from "node:assert/strict";
import type { PanelForecaster } from "../../../lib/tasks/panel/forecaster.ts";
import { scorePanel, seasonalError } from "../../../lib/tasks/panel/scores.ts";
import { earlier, history, originsOf, type Panel } from "../../../lib/tasks/panel/series.ts";

const close = (a: number | undefined, b: number, what = "") =>
  assert.ok(Math.abs(a! - b) < 1e-12, `${what} ${a}, ${b}`);

const one = { name: "one", values: Float64Array.of(1, 3, 2, 6, 4, 0) };
const two = { name: "two", values: Float64Array.of(10, 10, 14, 20, 20, 22, -20, 0) };
const panel: Panel = { series: [one, two], season: 2, horizon: 2, windows: 1, levels: [] };
/** The same value whatever was asked for. */
const constant = (value: number, quantiles?: number[]): PanelForecaster => ({
  forecast: () => ({
    point: Float64Array.of(value, value),
    ...(quantiles ? { quantiles: Float64Array.from(quantiles) } : {}),
  }),
});

Deno.test("origins count back from the end of each series, and the panel before is the same without its test rows", () => {
  const two_windows = { ...panel, windows: 2 };
  assert.deepEqual(originsOf(two_windows, one), [2, 4]);
  assert.deepEqual(originsOf(two_windows, two), [4, 6]);
  assert.deepEqual([...history(two_windows, one)], [1, 3]);
  const before = earlier(panel);
  assert.deepEqual([...before.series[0].values], [1, 3, 2, 6]);
  assert.deepEqual(originsOf(before, before.series[1]), [4]);
});

Deno.test("the seasonal error is the mean distance over a season, and needs more rows than one", () => {
  close(seasonalError(Float64Array.of(1, 3, 2, 6), 2), (1 + 3) / 2);
  close(seasonalError(Float64Array.of(1, 3, 2, 6), 1), (2 + 1 + 4) / 3);
  assert.throws(() => seasonalError(Float64Array.of(1, 3), 2), /2 rows .* season of 2/);
  assert.throws(() => seasonalError(Float64Array.of(), 1), /0 rows/);
});

Deno.test("MASE is scaled by the history of each series up to each origin, sMAPE counts zeros as no error", async () => {
  // Scales before the origins: of one 2; of two |14-10|, |20-10|, |20-14|, |22-20|: 22 / 4.
  const { mase, smape, sql, windows } = await scorePanel(panel, constant(0));
  close(mase, (4 / 2 + 0 / 2 + 20 / 5.5 + 0) / 4, "mase");
  close(smape, (200 + 0 + 200 + 0) / 4, "smape");
  assert.equal(sql, undefined);
  assert.equal(windows.length, 1);
  const both = await scorePanel({ ...panel, series: [two], windows: 2 }, constant(10));
  // Window 1: rows 4 and 5 by (4 + 10) / 2; window 2: rows 6 and 7 by 22 / 4.
  close(both.windows[0].mase, (10 + 12) / 2 / 7);
  close(both.windows[1].mase, (30 + 10) / 2 / 5.5);
  close(both.series[0], both.mase);
  const { series } = await scorePanel(panel, constant(0));
  close(series[0], 4 / 2 / 2);
  close(series[1], 20 / 5.5 / 2);
  close(both.mase, (both.windows[0].mase + both.windows[1].mase) / 2);
  close(both.windows[0].smape, (200 * 10 / 30 + 200 * 12 / 32) / 2);
});

Deno.test("the scaled quantile loss is twice the pinball loss over the same errors, mean over levels", async () => {
  const levels = [0.2, 0.5];
  const scored = { ...panel, series: [one], levels };
  // Actual values 4 and 0; quantiles by step: 1, 5 and 2, -1.
  const { sql, mase } = await scorePanel(scored, constant(3, [1, 5, 2, -1]));
  const pinball = [0.2 * 3, 0.5 * 1, 0.8 * 2, 0.5 * 1];
  close(sql, 2 * pinball.reduce((a, b) => a + b) / 4 / 2);
  close(mase, (1 + 3) / 2 / 2);
});

Deno.test("what cannot be scored is refused by name", async () => {
  const flat = { name: "flat", values: Float64Array.of(1, 2, 1, 2, 5, 6) };
  const score = (changed: Partial<Panel>, forecaster = constant(0)) =>
    scorePanel({ ...panel, ...changed }, forecaster);
  await assert.rejects(score({ series: [flat] }), /series flat repeats its season of 2 exactly/);
  await assert.rejects(score({ series: [one], season: 4 }), /series one has 4 rows.*needs 5/);
  await assert.rejects(score({ series: [one], windows: 4 }), /series one has 0 rows/);
  await assert.rejects(score({ levels: [0.5] }), /series one: 0 quantiles, expected 2 x 1/);
  await assert.rejects(score({ levels: [0.5] }, constant(0, [1])), /1 quantiles, expected 2 x 1/);
});
