/** @file The stage tune on several seeds, in its last rung, and from the winner of the rungs on, against candidates trained by hand. */
import assert from "node:assert/strict";
import * as tune from "../../../pipeline/stages/tune.ts";
import { trainByHand } from "../../train/affine_model.ts";
import { runStage } from "./run_stage.ts";
import {
  distribution,
  kinds,
  length,
  lossesOf,
  mean,
  near,
  parallel,
  params,
  seed,
  size,
} from "./tuned_by_hand.ts";

interface Trial {
  learningRate: number;
  steps: number;
  losses: (number | null)[];
  loss: number | null;
}
const seeds = [seed, { instance: 4, initialisation: 6, data: 7 }, {
  instance: 3,
  initialisation: 8,
  data: 9,
}];

/** What a candidate is judged by at the end of a search with these rungs. */
const judged = (rate: number, [before, until]: [number, number], of: typeof seed[]) =>
  of.map((one) =>
    mean(lossesOf(rate, until, size.warmup, one).slice(Math.floor((before + until) / 2)))
  );

for (const [kind, module] of kinds) {
  Deno.test(`a candidate is judged by its mean over the seeds, in one program or in several: ${kind}`, async () => {
    const rates = [0.003, 0.03, 0.1];
    const search = (together?: number) =>
      runStage(tune, { ...params, seeds, rates, rungs: [2, 6], keep: 0.7, together }, {
        modules: { model: module },
      });
    const all = await search();
    const trials = all.json("trials.json") as Trial[];
    trials.slice(3).forEach(({ learningRate, losses, loss }) => {
      const want = judged(learningRate, [2, 6], seeds);
      losses.forEach((got, i) => near(got!, want[i], `rate ${learningRate}, seed ${i}`));
      near(loss!, mean(want), `rate ${learningRate}`);
    });
    const total = (3 * 2 + 2 * 4) * 3;
    assert.deepEqual(all.progress.at(-1), [total, total]);
    for (const together of [1, 2, 4]) {
      const split = await search(together);
      const [own, theirs] = [split.json("trials.json") as Trial[], trials];
      own.forEach((trial, i) => near(trial.loss!, theirs[i].loss!, `${together} together, ${i}`));
      assert.equal(split.scalars.learningRate, all.scalars.learningRate);
      assert.deepEqual(split.progress.at(-1), [total, total]);
      const curves = [all, split].map((found) => found.curve("loss, rate 0.03"));
      curves[0].forEach(({ step, value }, i) => {
        assert.equal(curves[1][i].step, step);
        near(curves[1][i].value, value, `curve at ${step}`);
      });
    }
  });
}

Deno.test("in the last rung the rate falls to its floor, and constant candidates are not judged by their noise", async () => {
  const [rates, floor] = [[0.05, 0.1], 0.2];
  const search = (rungs: number[], more: object = {}) =>
    runStage(tune, { ...params, rates, rungs, keep: 0.9, floor, ...more }, {
      modules: { model: parallel },
    });
  /** Losses when the rate falls along a cosine from step `from` to the last one. */
  const byHand = (rate: number, from: number, until: number) =>
    trainByHand({
      ...{ ...size, distribution, length, patch: 2, seed, steps: until },
      rateOf: (step) => {
        const warm = Math.min(1, (step + 1) / size.warmup);
        if (step < from) return rate * warm;
        const along = (1 + Math.cos(Math.PI * (step - from) / (until - 1 - from))) / 2;
        return rate * warm * (floor + (1 - floor) * along);
      },
    }).losses;
  for (const [rungs, from] of [[[4, 9], 4], [[7], 0]] as const) {
    const found = await search([...rungs]);
    const until = rungs.at(-1)!;
    for (const rate of rates) {
      const want = byHand(rate, from, until);
      const curve = found.curve(`loss, rate ${rate}`);
      assert.equal(curve.length, until);
      curve.forEach(({ value }, step) => near(value, want[step], `rate ${rate}, step ${step}`));
    }
  }
  // Neighbours too, those that were dropped and those that are new.
  const { scalars } = await search([4, 9], { moves: 9, keep: 0.5 });
  const judge = (rate: number) => mean(byHand(rate, 4, 9).slice(6));
  near(scalars.loss, judge(scalars.learningRate), "loss");
  near(scalars.lossAtHalf, judge(scalars.learningRate / 2), "half");
  near(scalars.lossAtTwice, judge(scalars.learningRate * 2), "twice");
});

Deno.test("from the winner on the search goes to half or twice the rate as long as that is better at the last rung", async () => {
  const rungs: [number, number] = [2, 6];
  const search = (rates: number[], more: object) =>
    runStage(tune, { ...params, seeds: seeds.slice(0, 2), rates, rungs, keep: 0.5, ...more }, {
      modules: { model: parallel },
    });
  const lossOf = (rate: number) => mean(judged(rate, rungs, seeds.slice(0, 2)));
  // By hand, from far below: which rates are better than their neighbours?
  const grid = Array.from({ length: 12 }, (_, i) => 0.002 * 2 ** i);
  const losses = grid.map(lossOf);
  const top = losses.findIndex((loss, i) => loss <= losses[i + 1]);
  assert.ok(top > 3 && top < 11, `the optimum ${top} is beyond the grid of the search`);
  const low = grid.slice(0, 3);
  const found = await search(low, { moves: 20 });
  const { scalars } = found;
  assert.equal(scalars.learningRate, grid[top]);
  assert.equal(scalars.edge, 0);
  near(scalars.loss, losses[top], "loss");
  near(scalars.lossAtHalf, losses[top - 1], "loss at half the rate");
  near(scalars.lossAtTwice, losses[top + 1], "loss at twice the rate");
  assert.equal(scalars.trials, top + 2);
  // From above, and from within where the neighbours were dropped at the first rung.
  const trained = (result: typeof found) => {
    const trials = result.json("trials.json") as Trial[];
    return [...new Set(trials.map(({ learningRate }) => learningRate))].reduce(
      (sum, rate) =>
        sum + Math.max(...trials.filter((t) => t.learningRate === rate).map((t) => t.steps)),
      0,
    );
  };
  for (const rates of [grid.slice(top + 1, top + 3), grid.slice(top - 1, top + 3)]) {
    const other = await search(rates, { moves: 20 });
    assert.equal(other.scalars.learningRate, grid[top], `from ${rates}`);
    near(other.scalars.lossAtHalf, losses[top - 1], "half");
    near(other.scalars.lossAtTwice, losses[top + 1], "twice");
    // Nothing is trained twice: what was dropped goes on from where it was.
    assert.equal(other.scalars.tokens, trained(other) * 2 * size.batch * length);
    const [[done, total]] = other.progress.slice(-1);
    assert.equal(done, total);
    assert.deepEqual(other.curve(`loss, rate ${grid[top]}`).map(({ step }) => step), [
      0,
      1,
      2,
      3,
      4,
      5,
    ]);
  }
});

Deno.test("a search that would go on at its last move says so, and what it would gain", async () => {
  const own = { ...params, rates: [0.001, 0.002], rungs: [6], moves: 1 };
  const { scalars, logged } = await runStage(tune, own, { modules: { model: parallel } });
  assert.deepEqual([scalars.learningRate, scalars.edge], [0.004, 1]);
  assert.ok(scalars.lossAtTwice < scalars.loss && scalars.loss < scalars.lossAtHalf);
  assert.deepEqual(logged, ["twice the rate 0.004 is better still, after 1 moves"]);
});

Deno.test("a neighbour that diverges has no loss, and the search goes the other way", async () => {
  // After the first step predictions are of the order of the rate; squares beyond 3.4e38 are infinite.
  const [finite, most] = [2 ** 50, 2 ** 70];
  const own = { ...params, warmup: 0, rungs: [2] };
  const search = async (rates: number[], moves: number) => {
    const result = await runStage(tune, { ...own, rates, moves }, { modules: { model: parallel } });
    return { ...result, trials: result.json("trials.json") as Trial[] };
  };
  const trials = (await search([finite, most], 0)).trials;
  assert.ok(trials[0].loss !== null && trials[1].loss === null);
  let rate = finite;
  while ((await search([0.1, 2 * rate], 0)).trials[1].loss !== null) rate *= 2;
  const found = await search([rate], 1);
  const at = (learningRate: number) => found.trials.find((t) => t.learningRate === learningRate)!;
  assert.deepEqual([at(2 * rate).loss, at(2 * rate).losses], [null, [null]]);
  assert.deepEqual([found.scalars.learningRate, found.scalars.edge], [rate / 2, 1]);
  assert.equal(found.scalars.lossAtTwice, at(rate).loss);
  const unmoved = await search([rate, 2 * rate], 0);
  assert.deepEqual([unmoved.scalars.learningRate, unmoved.scalars.lossAtTwice], [rate, undefined]);
});
