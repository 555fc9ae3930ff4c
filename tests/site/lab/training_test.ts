/** @file The page on training: its exact losses and eigenvalues are those of the parameters, and the filter's are the filter's. */
import assert from "node:assert/strict";
import { compile } from "../../../lib/engine/engines/jax.ts";
import { emptyDocument } from "../../../lib/plot/document.ts";
import { task } from "../../../lib/tasks/filtering/filtering.ts";
import { expectedExcess, steadyState } from "../../../lib/ssm/mod.ts";
import { discChart, lossChart } from "../../../site/lab/training/charts.ts";
import {
  type Moment,
  type Part,
  type Question,
  type Start,
  trainOnce,
} from "../../../site/lab/training/training.ts";

const question: Question = { what: "filtering", lambda: 0.9, seed: 1, steps: 6, rate: 0.02 };

Deno.test("a training tells its exact loss before the first step and after every second one", async () => {
  const parts: Part[] = [];
  const last = await trainOnce(question, compile, (part) => parts.push(part));
  const [first, ...moments] = parts as [Start, ...Moment[]];
  assert.deepEqual(moments.map(({ step }) => step), [0, 2, 4, 6]);
  assert.equal(moments.at(-1), last);
  const filter = task.configure({ latentDim: 4, obsDim: 1, lambda: 0.9, length: 64 }).filterOf(1);
  // Nothing is observed without noise of the state: predicting zero loses what the observations vary.
  assert.equal(first.floor, expectedExcess(filter, { shape: [1, 1, 1], data: [0] }));
  assert.ok(moments[0].loss > 0 && last.loss < moments[0].loss);
  for (const { eigenvalues: [eigenvalues, ...rest] } of moments) {
    assert.deepEqual([eigenvalues.length, rest.length], [4, 0]);
    for (const [re, im] of eigenvalues) assert.ok(Math.hypot(re, im) < 1 && im >= 0);
  }
  assert.notDeepEqual(moments[0].eigenvalues, last.eigenvalues);
  // Its transition D (I - K H) has rank n - 1, since what is observed is known; and its trace is the sum of all eigenvalues.
  const { K } = steadyState(filter.system);
  const { H, modes } = filter.system;
  assert.ok(first.optimum.some(([re, im]) => Math.hypot(re, im) < 1e-6));
  assert.ok(first.optimum.every(([re, im]) => Math.hypot(re, im) < 1 && im >= -1e-9));
  assert.ok(K.length === H.length && modes.size === 4);
  const count = first.optimum.reduce((sum, [, im]) => sum + (im > 1e-9 ? 2 : 1), 0);
  assert.equal(count, 4, "with the conjugates there are as many as states");
});

Deno.test("drawings of a training: the loss falls on a logarithmic axis, dots stand in the disc", () => {
  const place = { width: 350, document: emptyDocument() };
  const moments: Moment[] = [
    { step: 0, loss: 0.1, eigenvalues: [[[0.5, 0], [0, 0.9]]] },
    { step: 2, loss: 0.01, eigenvalues: [[[0.6, 0.1], [-0.1, 0.8]]] },
  ];
  const scale = { floor: 0.2, name: "predicting zero", described: "Loss" };
  const loss = lossChart(moments, scale, 10, place);
  const disc = discChart(moments, { optimum: [[0.5, 0.5]], trails: true }, place);
  assert.ok(!/NaN|undefined|Infinity/.test(loss + disc));
  assert.equal(loss.match(/<circle/g)!.length, 1);
  assert.equal(disc.match(/<circle/g)!.length, 3, "two of the recurrence and one of the filter");
  assert.ok(loss.includes("predicting zero") && loss.includes('aria-label="Loss"'));
  // Of two symbols in two colours, without the way that they came.
  const two = moments.map((m) => ({ ...m, eigenvalues: [...m.eigenvalues, [[-0.9, 0] as const]] }));
  const without = discChart(two, { optimum: [], trails: false }, place);
  assert.equal(without.match(/<circle/g)!.length, 3);
  assert.ok(without.includes("var(--series-4)") && !without.includes("stroke-opacity"));
  const far = discChart(
    [{ step: 0, loss: 1, eigenvalues: [[[2, 0]]] }],
    { optimum: [], trails: true },
    place,
  );
  const [, at] = /<circle[^>]* cx="([\d.]+)"/.exec(far)!;
  assert.ok(Number(at) < 350, `outside of the drawing: ${at}`);
  const ways = discChart(two, { optimum: [], trails: true }, place);
  assert.equal(ways.match(/stroke-opacity="0.5"/g)!.length, 2, "of each symbol");
});
