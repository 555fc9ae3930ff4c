/**
 * @file `--log tensorboard` on the real command line: live, later from the catalogue, and as far as a run
 * came that was killed.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cli, makeProbe, start } from "../../../pipeline/helpers.ts";
import { eventFile, scalarsOf } from "../../../pipeline/log/event_file.ts";
import { PROBE } from "../../../pipeline/log/helpers.ts";

Deno.test("--log tensorboard on the command line: live, later from the catalogue, and only once", async () => {
  using demo = makeProbe(PROBE);
  const folder = join(demo.root, ".store");
  const live = await cli(demo, "run", "--log", "tensorboard");
  assert.equal(live.code, 0, live.out);
  const { name, bytes } = eventFile(folder);
  assert.match(name, /^tensorboard\/probes\/data\//);
  assert.deepEqual(scalarsOf(bytes), [
    ["step", 1, NaN],
    ["step", 2, 1 / 2],
    ["step", 3, Math.fround(1 / 3)],
    ["length", 3, 16],
  ]);
  // Gone, as in a store that was filled without --log: the catalogue has it all.
  rmSync(join(folder, "tensorboard"), { recursive: true });
  const later = await cli(demo, "run", "--log", "tensorboard");
  assert.deepEqual([later.code, later.ran], [0, []], later.out);
  assert.deepEqual(scalarsOf(eventFile(folder).bytes), scalarsOf(bytes));
  const before = eventFile(folder);
  await cli(demo, "run", "--log", "tensorboard");
  assert.deepEqual(eventFile(folder), before);
  const wrong = await cli(demo, "run", "--log", "tensorboard,mlflow");
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /--log mlflow: no such sink; the sinks are wandb, tensorboard/);
});

Deno.test("a run that is killed leaves the curve as far as it had come; later the rest is told too", async () => {
  using demo = makeProbe(`return g.job("generate", { seed: 1, delay: 4000 }, {}, "data");`);
  const run = start(demo, "run", "--log", "tensorboard");
  const folder = join(demo.root, ".store/tensorboard");
  const has = () => existsSync(folder) && readdirSync(folder, { recursive: true }).length > 2;
  const points = () => has() ? scalarsOf(eventFile(folder).bytes) : [];
  for (let tries = 0; points().length < 20; tries++) {
    assert.ok(tries < 1000, "no points while the job runs");
    await new Promise((go) => setTimeout(go, 20));
  }
  run.kill("SIGKILL");
  const { ran } = await run.ended;
  assert.deepEqual(ran, []);
  assert.deepEqual(points().map(([, step]) => step), points().map((_, i) => i + 1));
  assert.ok(points().length < 200);
  // It is done by a call that does not log, and looked at after one that does.
  const done = await cli(demo, "run");
  assert.equal(done.ran.length, 1, done.out);
  await cli(demo, "run", "--log", "tensorboard");
  const steps = points().filter(([tag]) => tag === "step").map(([, step]) => step);
  assert.deepEqual(steps, Array.from({ length: 200 }, (_, i) => i + 1));
});
