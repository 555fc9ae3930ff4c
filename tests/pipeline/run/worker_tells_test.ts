/** @file What a worker tells of a job while it runs: progress, points of curves, and the seconds that it measures for a stage. */
import assert from "node:assert/strict";
import { addStage, makeStage, resultOf } from "./helpers.ts";

Deno.test("a unit is timed from the first report of progress to the last, unless the stage says it itself", async () => {
  const body = (more: string) => `
    const wait = () => new Promise((go) => setTimeout(go, 30));
    const times = []; const progress = (done) => {
      times.push(performance.now()); ctx.progress(done, 30); times.push(performance.now());
    };
    await wait(); progress(10); await wait(); progress(11); await wait(); progress(14);
    ctx.observe("at least", (times.at(-2) - times[1]) / 4000);
    ctx.observe("at most", (times.at(-1) - times[0]) / 4000);
    await wait(); await wait(); ${more}`;
  await using own = makeStage(body(""));
  addStage(own.demo, "says", body('ctx.observe("unit seconds", 7);'));
  addStage(own.demo, "stays", "ctx.progress(3, 4); ctx.progress(3, 4);");
  const observed = async (stage: string) =>
    resultOf((await own.run({}, stage)).outcome).observations;
  const { "unit seconds": unit, ...bounds } = await observed("own");
  assert.ok(unit >= bounds["at least"] && unit <= bounds["at most"], `${unit} s`);
  assert.equal((await observed("says"))["unit seconds"], 7);
  assert.equal("unit seconds" in await observed("stays"), false);
});

Deno.test("ticks of a stage are timed by the worker, and no stage needs a clock", async () => {
  await using own = makeStage(`
    const wait = (ms) => new Promise((go) => setTimeout(go, ms));
    const times = []; const tick = (count) => {
      times.push(performance.now()); ctx.tick("token", count); times.push(performance.now());
    };
    tick(0); await wait(200); tick(5); await wait(40); tick(5);
    // The first count took longer, and is not counted.
    ctx.observe("at least", (times[4] - times[3]) / 5000);
    ctx.observe("at most", (times[5] - times[2]) / 5000);`);
  const observed = resultOf((await own.run()).outcome).observations;
  const token = observed["token seconds"];
  assert.ok(token >= observed["at least"] && token <= observed["at most"], `${token} s`);
});

Deno.test("progress is told at once, then ten times a second, and always at the end", async () => {
  await using own = makeStage(`
    for (let i = 1; i <= 50; i++) ctx.progress(i, 50);
    await new Promise((go) => setTimeout(go, 120));
    ctx.progress(20, 60); ctx.progress(21, 60); ctx.progress(60, 60);`);
  const { heard, outcome } = await own.run();
  resultOf(outcome);
  // A slow machine may take more than a tenth of a second over the loop.
  const told = heard.progress.filter(([done, total]) =>
    total === 60 ? done !== 21 : done === 1 || done === 50
  );
  assert.deepEqual(told, [[1, 50], [50, 50], [20, 60], [60, 60]]);
  assert.ok(heard.progress.length < 12, `${heard.progress.length} reports`);
});

Deno.test("points of curves are sent while a job runs where somebody wants them, otherwise not", async () => {
  await using own = makeStage(`
    ctx.metric("loss", 1, 3); ctx.metric("loss", 2, 2);
    await new Promise((go) => setTimeout(go, 300));
    ctx.metric("loss", 3, 1);`);
  const points = [["loss", 1, 3], ["loss", 2, 2], ["loss", 3, 1]];
  for (const stream of [undefined, true]) {
    const { heard, outcome } = await own.run({ stream });
    assert.deepEqual(resultOf(outcome).metrics, points);
    assert.deepEqual(heard.metrics, stream ? [[points[0]], points.slice(1)] : []);
  }
});
