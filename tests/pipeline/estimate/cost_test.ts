/** @file What a job costs by its pilot, which jobs cost the same, and what they take side by side. */
import assert from "node:assert/strict";
import { classId } from "../../../pipeline/estimate/classes.ts";
import { extrapolate, meanCost, measurement } from "../../../pipeline/estimate/cost.ts";
import type { JobEstimate, Source } from "../../../pipeline/estimate/estimate.ts";
import { report, reportText } from "../../../pipeline/estimate/report.ts";
import type { JobNode } from "../../../pipeline/graph.ts";

Deno.test("a whole job from its pilot", () => {
  const observed = {
    "load seconds": 0.5,
    "unit seconds": 0.2,
    "cpu seconds": 3,
    "peak memory bytes": 9,
  };
  const measured = measurement(2.5, observed, [{ bytes: 3 }, { bytes: 4 }]);
  assert.deepEqual([measured.seconds, measured.load, measured.disk], [2, 0.5, 7]);
  const base = { class: 0, params: {}, units: 5, of: 100 };
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);
  const whole = extrapolate(measured, { ...base, disk: 10, memory: (o) => o["peak memory bytes"] });
  close(whole.seconds, 1 + 100 * 0.2);
  close(whole.cpuSeconds, 1.5 * whole.seconds);
  assert.deepEqual([whole.memory, whole.disk], [18, 17]);
  close(extrapolate(measured, { ...base, of: 5 }).seconds, 2);
  const silent = { ...measured, unit: undefined };
  assert.throws(() => extrapolate(silent, base), /reported no units/);
  close(extrapolate(silent, { ...base, of: 5 }).seconds, 2);
  // Units that were timed longer than the whole pilot took: no set-up is left, not a negative one.
  close(extrapolate({ ...measured, unit: 1 }, base).seconds, 100);
  assert.throws(() => meanCost([]), RangeError);
  assert.equal(meanCost([whole, { ...whole, memory: 20 }]).memory, 20);
});

Deno.test("classes: equal cost is equal whatever the order of fields; code and units tell apart", () => {
  const here = { stage: "s", code: "c", packages: {}, engine: null };
  const pilot = { class: { a: 1, b: 2 }, params: {}, units: 2, of: 9 };
  const id = classId(here, pilot);
  assert.equal(classId(here, { ...pilot, class: { b: 2, a: 1 }, params: { seed: 1 }, of: 8 }), id);
  assert.notEqual(classId(here, { ...pilot, class: { a: 1, b: 3 } }), id);
  assert.notEqual(classId(here, { ...pilot, units: 3 }), id);
  assert.notEqual(classId({ ...here, code: "d" }, pilot), id);
  assert.notEqual(classId({ ...here, engine: "ort" }, pilot), id);
  assert.notEqual(classId(here, undefined), id);
});

Deno.test("jobs slow down by the factor of their class, and those of unmeasured classes by the mean", () => {
  let input: JobNode | undefined;
  const chained = (stage: string, slowdown?: number, source: Source = "pilot") => {
    const node = { kind: "job", stage: { name: stage }, label: stage, inputs: { input } };
    if (!input) node.inputs = {} as typeof node.inputs;
    input = node as unknown as JobNode;
    const cost = { seconds: 10, cpuSeconds: 10, memory: 1, disk: 0 };
    const job: JobEstimate = { node: input, source, cost, tokens: 0 };
    return { stage, label: stage, jobs: [job], load: 0, slowdown };
  };
  const classes = [chained("streams", 1.5), chained("computes", 1), chained("little")];
  classes.push(chained("recorded", undefined, "catalogue"));
  classes.forEach(({ jobs }, index) => Object.assign(jobs[0].node, { index }));
  const measured = [{ label: "streams", factor: 1.5 }, { label: "computes", factor: 1 }];
  const context = { profile: "quick", workers: 2, machine: "here" };
  const pilots = { jobs: 0, seconds: 0 };
  const slowdown = { factor: 1.3, workers: 2, measured };
  const slowed = report({ classes, pilots, samples: [], slowdown }, context);
  assert.equal(slowed.wallSeconds, 15 + 10 + 13 + 10);
  assert.match(
    reportText(slowed),
    /1\.30 times as long as alone .*: 1\.50 on streams, 1\.00 on computes/,
  );
  for (const one of classes) one.slowdown = undefined;
  const alone = report({ classes, pilots, samples: [] }, context);
  assert.equal(alone.wallSeconds, 40);
  assert.doesNotMatch(reportText(alone), /times as long/);
});
