/** @file What a sequence and a forecast cost, as the stages measure it: bytes exactly, seconds as far as they can be known. */
import assert from "node:assert/strict";
import * as forecastCost from "../../../pipeline/stages/forecast_cost.ts";
import * as sequenceCost from "../../../pipeline/stages/sequence_cost.ts";
import { runStage } from "./run_stage.ts";

const close = (a: number, b: number, bound = 1e-12) =>
  assert.ok(Math.abs(a - b) < bound, `${a} ${b}`);

Deno.test("a slope of logarithms is the exponent of a power law, by least squares otherwise", () => {
  const { logSlope } = sequenceCost;
  close(logSlope([[10, 3], [100, 30], [1000, 300]])!, 1);
  close(logSlope([[2, 5], [8, 80]])!, 2);
  // Logs (0, 0), (1, 1), (2, 0) have no slope.
  close(logSlope([[1, 1], [Math.E, Math.E], [Math.E ** 2, 1]])!, 0);
  assert.equal(logSlope([[5, 1]]), undefined);
});

Deno.test("what a length will need is read off the last two", () => {
  const { expected } = sequenceCost;
  assert.equal(expected([], 10), 0);
  assert.equal(expected([[10, 4]], 20), 0);
  close(expected([[1, 99], [10, 5], [20, 20]], 40), 80, 1e-9);
});

Deno.test("costs of a sequence: bytes by length, exponents from where they are asked for", async () => {
  const params = {
    layer: { name: "toeplitz", options: {} },
    ...{ mixing: true, width: 2, lengths: [8, 16, 32, 64], from: 16, passes: 2 },
  };
  const { scalars, observed, progress } = await runStage(sequenceCost, params);
  assert.equal(scalars.longest, 64);
  const { logSlope } = sequenceCost;
  const points = [16, 32, 64].map((n) => [n, scalars[`bytes at ${n}`]] as const);
  assert.equal(scalars["memory slope"], logSlope(points));
  // At least the kernel, the sequence and the result.
  assert.ok(scalars["bytes at 64"] > 3 * 64 * 2 * 4);
  const seconds = [16, 32, 64].map((n) => [n, observed[`seconds at ${n}`]] as const);
  assert.ok(observed["seconds at 8"] > 0);
  assert.equal(observed["time slope"], logSlope(seconds));
  const steeper = Math.max(observed["time slope"], scalars["memory slope"]);
  assert.equal(observed["minus steeper slope"], -steeper);
  assert.deepEqual(progress.at(-1), [4, 4]);
  const again = await runStage(sequenceCost, { ...params, repetition: 3 });
  assert.deepEqual(again.scalars, scalars); // no seconds in what a job leaves
});

Deno.test("a length that would need too much is not run, nor any after it", async () => {
  const params = {
    layer: { name: "softmax_attention", options: { heads: 1 } },
    ...{ width: 2, lengths: [64, 128, 256, 512], from: 64, passes: 1 },
  };
  const all = (await runStage(sequenceCost, params)).scalars;
  assert.equal(all.longest, 512);
  assert.ok(all["memory slope"] > 1.3, `${all["memory slope"]}`);
  const mostBytes = Math.round(0.8 * all["bytes at 512"]);
  const { scalars, observed } = await runStage(sequenceCost, { ...params, mostBytes });
  assert.equal(scalars.longest, 256);
  assert.ok(!("bytes at 512" in scalars) && !("seconds at 512" in observed));
});

Deno.test("lengths ascend, and layers are files of their folder", () => {
  const params = (more: object) =>
    sequenceCost.params().safeParse({ layer: { name: "lru" }, lengths: [1, 2], ...more });
  assert.match(params({ lengths: [2, 1] }).error!.message, /ascending/);
  assert.match(params({ lengths: [1] }).error!.message, />=2/);
  const of = (mixing: boolean) => sequenceCost.modules(params({ mixing }).data!).layer;
  assert.deepEqual(of(true), { path: "lib/layers/mixing/lru.ts", exports: ["mixing"] });
  assert.deepEqual(of(false), { path: "lib/layers/sequence/lru.ts", exports: ["layer"] });
});

Deno.test("costs of a forecast: parameters and bytes of a matrix, ratios of others to it", async () => {
  const [lookback, horizon] = [6, 4];
  const others = [
    { id: "two", model: { name: "deep_linear", options: { depth: 2 } } },
    {
      id: "attention",
      model: { name: "stack", options: { width: 4, patch: 2 } },
      layers: [{ name: "softmax_attention", options: { heads: 2 } }],
    },
  ];
  const params = { lookback, horizon, others, batches: [1, 5], rounds: 3 };
  const { scalars, observed } = await runStage(forecastCost, params);
  assert.equal(scalars["parameters of collapsed"], 6 * 4 + 4);
  assert.equal(scalars["parameters of two"], 6 * 4 + 16);
  for (const batch of [1, 5]) {
    // The matrix, and the product beside the forecast; the windows count for nobody.
    assert.equal(scalars[`bytes of collapsed at ${batch}`], 4 * (28 + 2 * 4 * batch));
    const two = scalars[`bytes of two at ${batch}`];
    assert.equal(two, 4 * (40 + 2 * 4 * batch));
    close(
      observed[`log memory ratio of two at ${batch}`],
      Math.log(two / scalars[`bytes of collapsed at ${batch}`]),
    );
    for (const id of ["two", "attention"]) {
      const ratio = observed[`seconds of ${id} at ${batch}`] /
        observed[`seconds of collapsed at ${batch}`];
      close(observed[`log time ratio of ${id} at ${batch}`], Math.log(ratio));
      assert.ok(Number.isFinite(observed[`resident bytes of ${id} at ${batch}`]));
    }
  }
  assert.ok(scalars["bytes of attention at 5"] > scalars["bytes of attention at 1"]);
  assert.deepEqual(
    Object.keys(forecastCost.modules(forecastCost.params().parse(params))).sort(),
    ["layer softmax_attention", "model deep_linear", "model stack"],
  );
  assert.ok(Object.keys(scalars).every((name) => !name.startsWith("seconds")));
});
