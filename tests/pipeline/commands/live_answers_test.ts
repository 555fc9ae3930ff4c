/** @file What `status` and `why` say about a run that is going on, from the file that it leaves. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { command as status } from "../../../pipeline/commands/status.ts";
import { command as why } from "../../../pipeline/commands/why.ts";
import type { CommandOptions } from "../../../pipeline/commands/options.ts";
import type { LiveJob } from "../../../pipeline/run/live.ts";
import { lockStore } from "../../../pipeline/store/lock.ts";
import { scratch } from "../store/helpers.ts";
import { output } from "./stored_jobs.ts";

const job = (
  label: string,
  stage: string,
  state: LiveJob["state"],
  more: Partial<LiveJob> = {},
) => ({ label, labels: [label], stage, state, ...more });

const JOBS: LiveJob[] = [
  job("a/data", "generate", "cached", { labels: ["a/data", "b/data"] }),
  job("a/one", "fit", "ran", { seconds: 50 }),
  job("a/two", "fit", "running", { progress: { done: 3, total: 7 }, seconds: 1000 }),
  job("a/three", "fit", "running", { why: ["code: x -> y", "parameter: z"] }),
  job("a/four", "fit", "ready"),
  job("a/table", "collect", "waiting", { why: ["waits for a/one, a/two"] }),
  job("b/one", "fit", "failed", { error: "DivergenceError: NaN\n  at step 3" }),
  job("b/table", "collect", "skipped"),
  job("b/late", "generate", "stopped", { labels: ["b/late", "b/later"] }),
];

/** A store that a run uses, which is this process. */
async function during(jobs: LiveJob[]) {
  const store = scratch();
  const dir = store.at(".store");
  mkdirSync(dir);
  const lock = await lockStore(dir, "run");
  writeFileSync(
    store.at(".store", "live.json"),
    JSON.stringify({ pid: Deno.pid, profile: "p", jobs }),
  );
  const options = (over: Partial<CommandOptions> = {}) =>
    ({
      root: store.dir,
      store: ".store",
      json: false,
      words: [],
      ...over,
    }) as unknown as CommandOptions;
  return {
    status: (json = false) => output(() => status(options({ json }))),
    why: (name: string) => output(() => why(options({ words: [name] }))),
    [Symbol.dispose]() {
      lock.release();
      store[Symbol.dispose]();
    },
  };
}

Deno.test("status counts every job in each of its experiments, and names what runs and what failed", async () => {
  using run = await during(JOBS);
  const { code, lines } = await run.status();
  assert.equal(code, 0);
  assert.deepEqual(lines, [
    `A run of profile p is going on (pid ${Deno.pid}, "run").`,
    "               done  running    stale  waiting   failed  skipped",
    "a generate        1                                             ",
    "b generate        1                                             ",
    "a fit             1        2        1                           ",
    "a collect                                    1                  ",
    "b fit                                                 1         ",
    "b collect                                                      1",
    "running: a/two 3/7",
    "running: a/three",
    "failed: b/one: DivergenceError: NaN",
    "2 of 9 jobs are done (50 s of work in this run).",
  ]);
});

Deno.test("status without any job done has no work to tell, and names of its own width", async () => {
  using run = await during([job("a-long-experiment/x", "generate", "ready")]);
  const { lines } = await run.status();
  assert.deepEqual(lines.slice(1), [
    "                               done  running    stale  waiting   failed  skipped",
    "a-long-experiment generate                          1                           ",
    "0 of 1 jobs are done.",
  ]);
});

Deno.test("status as JSON has the same words, and nothing else is printed", async () => {
  using run = await during(JOBS);
  const { lines } = await run.status(true);
  assert.equal(lines.length, 1);
  assert.ok(lines[0].startsWith('[\n {\n  "label": "a/data",\n'), lines[0].slice(0, 50));
  const found = JSON.parse(lines[0]) as Record<string, unknown>[];
  const words = ["done", "done", "running", "running", "stale", "waiting", "failed", "skipped"];
  assert.deepEqual(found.map(({ state }) => state), [...words, "stopped"]);
  assert.deepEqual(
    found.map(({ state: _, ...rest }) => rest),
    JOBS.map(({ state: _, ...rest }) => rest),
  );
});

Deno.test("why says what it was told when the job began, whatever became of it", async () => {
  using run = await during(JOBS);
  const going = "in the run that is going on, because";
  const none = "  (not looked up yet)";
  for (
    const [name, ...expected] of [
      ["a/data", "generate a/data is done."],
      ["a/one", `fit a/one has run ${going}`, none],
      ["a/three", `fit a/three is running ${going}`, "  code: x -> y", "  parameter: z"],
      ["four", `fit a/four will run ${going}`, none],
      ["a/table", `collect a/table waits ${going}`, "  waits for a/one, a/two"],
      ["b/one", `fit b/one has failed ${going}`, none],
      ["b/table", `collect b/table was skipped ${going}`, none],
      // The whole label, then its end, then any part; also of its other labels.
      ["b/late", `generate b/late was stopped ${going}`, none],
      ["later", `generate b/late was stopped ${going}`, none],
      ["hre", `fit a/three is running ${going}`, "  code: x -> y", "  parameter: z"],
    ]
  ) {
    const { code, lines } = await run.why(name);
    assert.deepEqual([code, lines], [0, expected], name);
  }
});

Deno.test("why refuses a name that several jobs have, and one that none has", async () => {
  const many = Array.from({ length: 10 }, (_, i) => job(`a/${i}/fit`, "fit", "ready"));
  using run = await during(many);
  await assert.rejects(run.why("fit"), (error: Error) => {
    const shown = many.slice(0, 8).map(({ label }) => `\n  ${label}`).join("");
    assert.equal(error.message, `"fit" matches 10 jobs; name one of${shown}`);
    return true;
  });
  await assert.rejects(run.why("none"), /^Error: No job "none" in the run that is going on\.$/);
});
