/** @file The table of paths of regularisation, its rule in every outcome, and its grid. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/what_depth_buys.ts";
import { runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";

const sets = ["etth1", "etth2", "ettm1", "weather-filled", "exchange"];
const horizons = [24, 96];
/** What the best deep network has on each block, of errors of 1 on average. */
type Gain = (set: string, horizon: number) => number;

/** Twelve blocks about an error of 1, less a gain that varies by a tenth of the spread given. */
const blocksOf = (error: number, spread = 0.02) =>
  Array.from({ length: 12 }, (_, k) => error + (k % 2 ? spread : -spread));

function scores(error: number, validation: number, blocks: number[], fit: object) {
  return { test: { mse: error }, validation: { mse: validation }, blocks, fit };
}

/** All runs: depth 4 is the best network by validation and rank the best other; others are decoys with better test errors. */
function made(gain: Gain, twin: (seed: number) => number, some = sets) {
  const methods = (tags: Record<string, string | number>, deep: number) =>
    [
      ["OLS", scores(0.1, 0.01, blocksOf(0.1), {})],
      ["ridge", scores(1, 0.7, blocksOf(1), { strength: 0.5, edge: 0 })],
      ["reduced rank", scores(1, 0.6, blocksOf(1), { strength: 7, edge: 1 })],
      ["depth 1", scores(0.2, 0.65, blocksOf(0.2), { step: 50, edge: 0 })],
      ["depth 2", scores(0.2, 0.69, blocksOf(0.2), { step: 100, edge: 0 })],
      ["depth 4", scores(1 - deep, 0.68, blocksOf(1 - deep, 0.019), { step: 150, edge: 0 })],
    ].map(([method, found]) => {
      const depth = /^depth (\d+)/.exec(method as string)?.[1];
      return {
        tags: { ...tags, method: method as string, ...(depth ? { depth: Number(depth) } : {}) },
        scores: found,
      };
    });
  return [
    ...some.flatMap((set) =>
      horizons.flatMap((horizon) => methods({ set, horizon }, gain(set, horizon)))
    ),
    ...[0, 1, 2, 3, 4, 5].flatMap((seed) =>
      methods({ set: "twin", horizon: 24, seed }, twin(seed))
    ),
  ];
}
const helps = (_seed: number) => 0.1;
const outcome = async (gain: Gain, twin = helps, some = sets) =>
  (await tableOf(experiment, made(gain, twin, some))).outcome;

Deno.test("rows are methods, with what was chosen; the gain stands beside the best network, of blocks", async () => {
  const found = await tableOf(experiment, made(() => 0.03, (seed) => 0.1 + seed / 100));
  assert.deepEqual(found.names("set"), [...sets, "twin"]);
  const at = (method: string) => ({ set: "ettm1", horizon: 96, method });
  assert.deepEqual(found.names("method").length, 6);
  assert.equal(found.cell(at("depth 4"), "mse").value, 0.97);
  assert.equal(found.cell(at("reduced rank"), "validation").value, 0.6);
  assert.deepEqual(
    ["ridge", "reduced rank", "depth 4"].map((method) => found.cell(at(method), "chosen").value),
    [0.5, 7, 150],
  );
  assert.equal(found.cell(at("reduced rank"), "edge").value, 1);
  assert.ok(!("chosen" in found.row(at("OLS"))));
  const gain = found.cell(at("depth 4"), "gain");
  // Six blocks of .031 and six of .029; t of 11 degrees is 2.200985.
  const half = 2.200985160 * 0.001 * Math.sqrt(12 / 11) / Math.sqrt(12);
  const close = (value: number, wanted: number) => assert.ok(Math.abs(value - wanted) < 1e-9);
  close(gain.value, 0.03);
  close(gain.low!, 0.03 - half);
  close(gain.high!, 0.03 + half);
  assert.ok(!("gain" in found.row(at("depth 2"))));
  const twin = found.cell({ set: "twin", horizon: 24, method: "ridge" }, "gain");
  assert.ok(Math.abs(twin.value - 0.125) < 1e-12);
  assert.equal(twin.n, 6);
  assert.equal(found.cell({ set: "twin", horizon: 24, method: "depth 4" }, "mse").n, 6);
});

Deno.test("depth wins where it wins at every horizon of four series; it is refuted where four gain nothing", async () => {
  const none = () => 0;
  assert.equal(await outcome(() => 0.03), "supported");
  assert.equal(await outcome((set) => set === "etth2" ? -0.03 : 0.03), "supported");
  // One horizon of a second series is enough to spoil it.
  const spoilt: Gain = (set, horizon) =>
    set === "etth2" || set === "etth1" && horizon === 96 ? 0 : 0.03;
  assert.equal(await outcome(spoilt), "undecided");
  assert.equal(await outcome(none), "refuted");
  assert.equal(await outcome((set) => set === "exchange" ? 0.03 : -0.01), "refuted");
  assert.equal(await outcome(() => 0.0047), "supported", "small gains that are certain are gains");
  assert.equal(await outcome((_set, horizon) => horizon === 24 ? 0.03 : 0), "undecided");
});

Deno.test("without the twin's gain nothing is decided, without five series nothing judged", async () => {
  assert.equal(await outcome(() => 0.03, () => 0), "undecided");
  assert.equal(await outcome(() => 0.03, (seed) => seed === 0 ? -0.1 : 0.01), "undecided");
  assert.equal(await outcome(() => 0.03, helps, sets.slice(0, 4)), "illustration");
});

Deno.test("cells follow from what is published", async () => {
  const found = await tableOf(experiment, made(() => 0.03, (seed) => 0.1 + seed / 100));
  const { cells } = await assertFollows(new Map([["what-depth-buys", found]]));
  assert.ok(cells > 100, `${cells}`);
});

Deno.test("words", async () => {
  const { summary } = await tableOf(experiment, made((set) => set === "etth1" ? 0.03 : 0, helps));
  assert.match(
    summary.verdict.reason,
    /^Gains, p after Holm: etth1 24: 3\.0 % \(p = 0\.0024\); .*twin: 10\.0 %/,
  );
  assert.match(
    summary.findings[0],
    /on 1 of 5 series .* on 4; its largest gain is 3\.0 % \(etth1, horizon 24\)/,
  );
});

Deno.test("the grid: every series and seed has every method, on the same windows", () => {
  for (const profile of ["quick", "standard"]) {
    const runs = runsOf(experiment, profile);
    const methods = new Map<string, string[]>();
    for (const { tags: { set, horizon, seed = "", method }, job } of runs) {
      // deno-lint-ignore no-explicit-any -- parameters of any stage
      const { task, initialisation } = job.params as any;
      assert.equal(task.options.horizon, horizon);
      if (initialisation !== undefined) assert.equal(initialisation, seed || 0);
      const key = `${set} ${horizon} ${seed} ${task.options.lookback}`;
      methods.set(key, [...methods.get(key) ?? [], String(method)]);
    }
    assert.equal(new Set([...methods.values()].map(String)).size, 1);
    assert.equal(methods.size, profile === "quick" ? 2 : 20);
  }
});
