/** @file What a layer takes by the length of its sequences: the grid, what is read when it is published, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/leaderboard/layer_speed.ts";
import { leavesOf } from "../../../../lib/tensor/trees.ts";
import { entries } from "../../../../pipeline/experiments/leaderboard/shared/entries.ts";
import type { Params } from "../../../../pipeline/stages/length_cost.ts";
import { verdictOf } from "../../../../pipeline/table/judged.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";

const runs = runsOf(experiment, "standard");
const paramsOf = (at: number) => runs[at].job.params as Params;
const fixed = paramsOf(0).models.map(({ id }) => id);
const eight = [0, 1, 2, 3, 4, 5, 6, 7];

Deno.test("the grid: eight measurements of judged layers in one process, and of attention; one of every other", () => {
  assert.equal(graphOf(experiment, "quick").later.get("layer-speed"), "standard");
  const of = (measured: string) => runs.filter(({ tags }) => tags.measured === measured);
  const others = entries.map(({ id }) => id)
    .filter((id) =>
      !fixed.includes(id) && !["log-linear", "monoid", "block-recurrent"].includes(id)
    );
  assert.deepEqual(
    [...new Set(runs.map(({ tags }) => tags.measured))],
    ["fixed", ...others],
  );
  for (const measured of ["fixed", ...others]) {
    const often = ["fixed", "softmax-attention"].includes(measured);
    assert.deepEqual(of(measured).map(({ tags }) => tags.seed), often ? eight : [0], measured);
    for (const { job, tags } of of(measured)) {
      const { models, loads, growths, single, rounds, repetition } = job.params as Params;
      assert.deepEqual([rounds, repetition], [often ? 9 : 3, tags.seed]);
      assert.equal(models.length, measured === "fixed" ? 13 : 1);
      assert.deepEqual(
        loads.map(({ length, batch, task }) => [length, batch, task.options.length]),
        [[64, 64, 64], [512, 8, 512], [4096, 1, 4096], [512, 1, 512]],
      );
      assert.deepEqual(single, { tokens: 32, capacities: [64, 4096] });
      // One sequence at both ends, and as many tokens at both ends.
      assert.deepEqual(growths.map(({ from, to }) => [from, to]), [[3, 2], [1, 2]]);
    }
  }
});

Deno.test("what is judged carries as much after any number of tokens, and attention does not", async () => {
  const growing: string[] = [];
  for (
    const { id, layers: [{ name, options }] } of [...paramsOf(0).models, ...paramsOf(8).models]
  ) {
    const { layer } = await import(`../../../../lib/layers/sequence/${name}.ts`);
    const config = layer.configure(options, 24);
    const [short, long] = [64, 4096].map((capacity) =>
      leavesOf(layer.initialState(config, 1, capacity))
        .reduce((sum, { data }) => sum + data.length, 0)
    );
    if (short !== long) growing.push(id);
  }
  assert.deepEqual(growing, ["softmax-attention"]);
});

/** Attention first, whose state grows, and kinds by number. */
const table = () =>
  tableOf(
    experiment,
    runs.map(({ tags, job }) => ({
      tags,
      scalars: Object.fromEntries(
        (job.params as Params).models.flatMap(({ id }, i) => [
          [`state of ${id} at 64`, 10 + i],
          [`state of ${id} at 4096`, id === "softmax-attention" ? 640 : 10 + i],
          [`kind of ${id}`, { "softmax-attention": 2, lru: 0, gla: 1 }[id] ?? 2],
          [`loops of ${id}`, Number(["lstm", "gru"].includes(id))],
        ]),
      ),
    })),
  );

Deno.test("a row is a layer, those that grow last; times and powers are read when it is published", async () => {
  const made = await table();
  // Three are not measured.
  assert.deepEqual(made.names("layer").length, entries.length - 3);
  assert.equal(made.names("layer").at(-1), "softmax attention");
  const says = (layer: string) => {
    const { kind, training, grows } = made.row({ layer });
    return [kind, training, grows, made.cell({ layer }, "numbers").value];
  };
  assert.deepEqual(says("softmax attention"), ["nonlinear", "yes", "grows", 640]);
  assert.deepEqual(says("LRU"), ["linear map", "yes", "fixed", 10 + fixed.indexOf("lru")]);
  assert.deepEqual(says("GLA").slice(0, 2), ["linear in the state", "yes"]);
  assert.deepEqual(says("LSTM").slice(0, 3), ["nonlinear", "no", "fixed"]);
  const read = (layer: string, column: string) => made.observed({ layer }, column).observed;
  assert.deepEqual(read("GLA", "tokens_64"), { name: "training tokens of gla at 64 x 64" });
  assert.deepEqual(read("GLA", "tokens_4096"), { name: "training tokens of gla at 1 x 4096" });
  assert.deepEqual(read("LRU", "power"), { name: "power of one sequence of lru" });
  assert.deepEqual(read("LRU", "power_together"), { name: "power at equal tokens of lru" });
  assert.deepEqual(read("softmax attention", "single_4096"), {
    name: "single token seconds of softmax-attention at 4096",
    scale: 1e6,
  });
  // What is observed of a layer is asked of its own jobs.
  for (const [layer, measured] of [["LRU", "fixed"], ["softmax attention", "softmax-attention"]]) {
    const { runs: asked } = made.observed({ layer }, "power");
    assert.deepEqual([asked.length, asked.every((name) => name.includes(measured))], [8, true]);
  }
  assert.deepEqual(
    made.summary.columns.map(({ id, better }) => [id, better]).filter(([, better]) => better),
    [
      ...[64, 512, 4096].map((length) => [`tokens_${length}`, "higher"]),
      ...["power", "power_together", "single_64", "single_4096"].map((id) => [id, "lower"]),
    ],
  );
  assert.match(
    made.summary.findings[0],
    new RegExp(`^Timed were ${entries.length - 3} layers .* 2 of them .*, 1 with a state`),
  );
});

/** What jobs observe of every growth is what its names say, by the growths of the grid. */
const observable = new Set(
  paramsOf(0).growths.flatMap(({ name }) => [`minus mean ${name}`, `minus largest ${name}`]),
);

/** The verdict on this mean and this largest power, as measurements scatter. */
async function outcome(mean: (k: number) => number, largest: (k: number) => number) {
  const { hypothesis, effects } = (await table()).summary.verdict.observed!;
  return verdictOf(
    hypothesis,
    effects.map(({ name, at, runs: asked }) => {
      assert.ok(observable.has(name) && name.endsWith("power of one sequence"), name);
      assert.deepEqual([at, asked.length], [eight, 8]);
      assert.ok(asked.every((run) => run.includes("fixed")));
      const of = name.startsWith("minus mean") ? mean : largest;
      return { at, values: at.map((_, k) => -of(k)), terms: [] };
    }),
  ).outcome;
}

Deno.test("supported where both powers are small, refuted by either, undecided where measurements differ", async () => {
  const at = (power: number) => (k: number) => power + 0.001 * k;
  assert.equal(await outcome(at(0.1), at(0.4)), "supported");
  assert.equal(await outcome(at(0.16), at(0.4)), "refuted");
  assert.equal(await outcome(at(0.1), at(0.51)), "refuted");
  assert.equal(await outcome((k) => k % 2 ? 0 : 0.35, at(0.4)), "undecided");
  assert.equal(await outcome(at(0.1), (k) => k % 2 ? 0.3 : 0.8), "undecided");
});
