/** @file Seconds that jobs take, while they run: by their units, by what like ones took, by what the stage took earlier. */
import assert from "node:assert/strict";
import type { JobNode } from "../../../pipeline/graph.ts";
import { WorkEstimate } from "../../../pipeline/estimate/work.ts";

const node = (stage: string, params: object = {}) =>
  ({ label: "e/a", stage: { name: stage }, params, inputs: {} }) as unknown as JobNode;

const pilots = {
  train: ({ steps, model }: { steps: number; model: string }) => ({
    ...{ class: model, params: {}, units: 1, of: steps, tokens: 1000 * steps },
  }),
  broken() {
    throw new Error("no");
  },
};
const train = (steps: number, model = "a") => node("train", { steps, model });
const near = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-9, `${found}, not ${expected}`);

Deno.test("before anything ran, longer trainings are more work than short ones, and all than nothing", () => {
  const work = new WorkEstimate(pilots);
  assert.ok(work.seconds(train(1000)) > 5 * work.seconds(train(100)));
  assert.ok(work.seconds(train(1)) > 0);
  // A stage without a pilot, and one whose pilot fails.
  assert.equal(work.seconds(node("download")), work.seconds(node("broken")));
});

Deno.test("earlier runs say what a stage takes, until this one does", () => {
  const work = new WorkEstimate(pilots, new Map([["train", 7]]));
  assert.equal(work.seconds(train(100)), 7);
  const [short, long] = [train(100), train(1000)];
  const ratio = new WorkEstimate(pilots).seconds(long) / new WorkEstimate(pilots).seconds(short);
  work.took(short, 30);
  near(work.seconds(short), 30);
  near(work.seconds(long), 30 * ratio);
});

Deno.test("jobs of one class are the measure for each other, those of the stage for the rest", () => {
  const work = new WorkEstimate(pilots);
  work.took(train(100, "slow"), 90);
  work.took(train(100, "fast"), 10);
  near(work.seconds(train(100, "slow")), 90);
  near(work.seconds(train(100, "fast")), 10);
  near(work.seconds(train(100, "new")), 50);
});
