/** @file The pool of worker processes: who is reused, what a death or a stop does, what a process may do. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StagePermissions } from "../../../pipeline/stage.ts";
import { GARBAGE } from "../../damage/garbage.ts";
import { type Demo, makeDemo } from "../helpers.ts";
import {
  addStage,
  failureOf,
  give,
  openExecutor,
  openGate,
  resultOf,
  specOf,
  until,
} from "./helpers.ts";

/** A demo with stages by name and body. */
function makeStages(bodies: Record<string, string>): Demo {
  const demo = makeDemo();
  for (const [name, body] of Object.entries(bodies)) addStage(demo, name, body);
  return demo;
}

const PID = `ctx.log(String(Deno.pid));`;

Deno.test("a process is used again for jobs that need the same permissions, and for no others", async () => {
  using demo = makeStages({ pid: PID });
  await using executor = openExecutor(3);
  const pidWith = async (permissions: StagePermissions) => {
    const { heard, outcome } = give(executor, specOf(demo, "pid"), permissions);
    resultOf(await outcome);
    return heard.lines[0];
  };
  const plain = await pidWith({});
  const net = await pidWith({ net: ["example.org"] });
  const ffi = await pidWith({ ffi: true });
  assert.equal(new Set([plain, net, ffi]).size, 3);
  assert.deepEqual([await pidWith({}), await pidWith({ net: ["example.org"] })], [plain, net]);
});

Deno.test("jobs at the same time have processes of their own", async () => {
  using demo = makeStages({ pid: PID + `await gate("end");` });
  await using executor = openExecutor(2);
  const jobs = [1, 2].map(() => give(executor, specOf(demo, "pid")));
  for (const { heard } of jobs) await heard.says("at end");
  openGate(demo, "end");
  for (const { outcome } of jobs) resultOf(await outcome);
  assert.notEqual(jobs[0].heard.lines[0], jobs[1].heard.lines[0]);
});

Deno.test("where there is no room for another process an idle one makes it, a busy one does not", async () => {
  using demo = makeStages({ pid: PID, busy: PID + `await gate("end");` });
  await using executor = openExecutor(2);
  const busy = give(executor, specOf(demo, "busy"), { ffi: true });
  await busy.heard.says("at end");
  const idle = give(executor, specOf(demo, "pid"));
  resultOf(await idle.outcome);
  const lives = (lines: string[]) => existsSync(`/proc/${lines[0]}`);
  assert.ok(lives(idle.heard.lines));
  const other = give(executor, specOf(demo, "pid"), { net: true });
  resultOf(await other.outcome);
  await until(() => !lives(idle.heard.lines), () => "the end of the idle process");
  assert.ok(lives(busy.heard.lines));
  openGate(demo, "end");
  resultOf(await busy.outcome);
});

Deno.test("a process that dies takes its own job along, says how, and is replaced", async () => {
  using demo = makeStages({
    die: `for (let i = 1; i <= 40; i++) {
      Deno.stderr.writeSync(new TextEncoder().encode("complaint " + i + "\\n"));
    }
    Deno.kill(Deno.pid, "SIGKILL");`,
    term: `Deno.kill(Deno.pid, "SIGTERM"); await new Promise((go) => setTimeout(go, 5000));`,
    exit: `Deno.exit(3);`,
    beside: `await gate("end");`,
  });
  await using executor = openExecutor(2);
  const beside = give(executor, specOf(demo, "beside"));
  const outcomeOf = (stage: string) => give(executor, specOf(demo, stage)).outcome;
  const died = await outcomeOf("die");
  assert.equal((died as { aborted: boolean }).aborted, false);
  const [head, ...said] = failureOf(died).split("\n");
  assert.equal(
    head,
    "The worker process was killed by SIGKILL (the system does that when memory runs out) " +
      "before the job was done.",
  );
  assert.deepEqual(said, Array.from({ length: 30 }, (_, i) => `complaint ${i + 11}`));
  assert.equal(
    failureOf(await outcomeOf("term")),
    "The worker process was killed by SIGTERM before the job was done.",
  );
  assert.equal(
    failureOf(await outcomeOf("exit")),
    "The worker process ended with exit code 3 before the job was done.",
  );
  openGate(demo, "end");
  resultOf(await beside.outcome);
  resultOf(await outcomeOf("beside"));
});

Deno.test("what is printed past the protocol is log lines, and takes no message along", async () => {
  const print = (text: string) => `Deno.stdout.writeSync(new TextEncoder().encode(${text}));`;
  using demo = makeStages({
    whole: print('"a line\\n"'),
    open: print('"no end of line"') + `ctx.log("said"); ctx.progress(1, 2);` + print('"nor here"'),
    marked: print('"\\x1e{ no JSON\\n"') + print('"\\x1e"'),
  });
  await using executor = openExecutor();
  const linesOf = async (stage: string) => {
    const { heard, outcome } = give(executor, specOf(demo, stage));
    resultOf(await outcome);
    return heard;
  };
  assert.deepEqual((await linesOf("whole")).lines, ["a line"]);
  const open = await linesOf("open");
  assert.deepEqual(open.lines, ["no end of line", "said", "nor here"]);
  assert.deepEqual(open.progress, [[1, 2]]);
  assert.deepEqual((await linesOf("marked")).lines, ["\x1e{ no JSON", "\x1e"]);
});

Deno.test("a process that dies in the middle of a message is a death like any other", async () => {
  using demo = makeStages({
    die: `Deno.stdout.writeSync(new TextEncoder().encode('\\x1e{"type":"done","result":{'));
      Deno.kill(Deno.pid, "SIGKILL");`,
  });
  await using executor = openExecutor();
  const outcome = await give(executor, specOf(demo, "die")).outcome;
  assert.match(failureOf(outcome), /was killed by SIGKILL/);
});

Deno.test("whatever a stage prints, its job has a result of its own or an error with a name, and the next one runs", async () => {
  const kinds = Object.entries(GARBAGE)
    // 300 MB are for the campaign, and what is forged is the recorder's to see.
    .filter(([name]) => name !== "a message without end" && !name.includes("forged"));
  using demo = makeStages({ well: "" });
  for (const [i, [, [body]]] of kinds.entries()) addStage(demo, `garbage${i}`, body);
  await using executor = openExecutor(1);
  for (const [i, [name, [, comes]]] of kinds.entries()) {
    const { heard, outcome } = give(executor, specOf(demo, `garbage${i}`));
    const ended = await outcome;
    if (comes === "runs") {
      assert.deepEqual(resultOf(ended).artifact.files.map((file) => file.name), ["out.txt"], name);
      assert.deepEqual([heard.progress, heard.metrics], [[], []], name);
      assert.ok(heard.lines.length > 0, `${name} is not in the log`);
    } else assert.match(failureOf(ended), comes, name);
    resultOf(await give(executor, specOf(demo, "well")).outcome);
  }
});

const STATES = (queries: string) => `
  for (const query of ${queries}) {
    const { state } = await Deno.permissions.query(query);
    ctx.log([query.name, query.path ?? query.host ?? "", state].join(" "));
  }`;

Deno.test("a process reads the code and the store, writes what a job leaves, and may do nothing else", async () => {
  const queries = (root: string) =>
    JSON.stringify([
      ...["read", "env", "sys", "run", "ffi", "net", "write", "import"].map((name) => ({ name })),
      ...["objects", "tmp", "checkpoints", "catalog.duckdb", "catalog.journal", "."].map((
        path,
      ) => ({
        name: "write",
        path: join(root, ".store", path),
      })),
      { name: "write", path: root },
      ...["lib", "pipeline", ".store/objects", ".store/tmp", ".store/checkpoints"]
        .map((path) => ({ name: "read", path: join(root, path) })),
      ...["", "data", ".store", "deno.json", "../"].map((path) => ({
        name: "read",
        path: join(root, path),
      })),
      ...["/", "/etc/shadow", "/root/.netrc"].map((path) => ({ name: "read", path })),
      { name: "net", host: "example.org" },
    ]);
  using demo = makeDemo();
  addStage(demo, "ask", STATES(queries(demo.root)));
  await using executor = openExecutor();
  const { heard, outcome } = give(executor, specOf(demo, "ask"));
  resultOf(await outcome);
  const granted = heard.lines.filter((line) => line.endsWith(" granted"));
  const store = (path: string) => join(demo.root, ".store", path);
  assert.deepEqual(granted, [
    "env  granted",
    ...["objects", "tmp", "checkpoints"].map((name) => `write ${store(name)} granted`),
    ...["lib", "pipeline"].map((name) => `read ${join(demo.root, name)} granted`),
    ...["objects", "tmp", "checkpoints"].map((name) => `read ${store(name)} granted`),
  ]);
});

Deno.test("a stage gets what it asks for, and no more of it", async () => {
  using demo = makeDemo();
  const [inside, outside] = [join(demo.root, "data"), join(demo.root, "lib")];
  const absolute = "/tmp/of-a-stage";
  addStage(
    demo,
    "ask",
    STATES(JSON.stringify([
      { name: "ffi" },
      { name: "sys" },
      ...["example.org", "example.com"].map((host) => ({ name: "net", host })),
      ...[inside, outside, absolute, join(demo.root, ".store/objects")]
        .map((path) => ({ name: "write", path })),
      ...[inside, outside + "/../tests", "/tmp/to-be-read"]
        .map((path) => ({ name: "read", path })),
    ])),
  );
  await using executor = openExecutor(5);
  const granted = async (permissions: StagePermissions) => {
    const { heard, outcome } = give(executor, specOf(demo, "ask"), permissions);
    resultOf(await outcome);
    return heard.lines.filter((line) => line.endsWith(" granted"))
      .map((line) => line.replace(" granted", "")).filter((line) => !line.endsWith("objects"));
  };
  const hosts = ["net example.org", "net example.com"];
  const all = await Promise.all([
    granted({ ffi: true }),
    granted({ net: true }),
    granted({ net: ["example.org"] }),
    granted({ net: [], write: ["data", absolute] }),
    granted({ read: ["/tmp/to-be-read", "$NO_SUCH_VARIABLE"] }),
  ]);
  assert.deepEqual(all, [
    ["ffi ", "sys "],
    hosts,
    [hosts[0]],
    [`write ${inside}`, `write ${absolute}`, `read ${inside}`],
    ["read /tmp/to-be-read"],
  ]);
});

Deno.test("a process works in the root, with one thread for libraries that ask nobody", async () => {
  using demo = makeStages({
    ask: `ctx.log(Deno.cwd());
      ctx.log(Deno.env.get("OMP_NUM_THREADS") + Deno.env.get("OPENBLAS_NUM_THREADS"));`,
  });
  await using executor = openExecutor();
  const { heard, outcome } = give(executor, specOf(demo, "ask"));
  resultOf(await outcome);
  assert.deepEqual(heard.lines, [Deno.realPathSync(demo.root), "11"]);
});

Deno.test("a stop asks the jobs that run, which end as stopped, and starts no more", async () => {
  using demo = makeStages({
    polite: `ctx.log("at work");
      await new Promise((go) => ctx.signal.addEventListener("abort", go));
      await ctx.checkpoint.save(Uint8Array.of(1)); ctx.signal.throwIfAborted();`,
    done: `ctx.log("at work");
      await new Promise((go) => ctx.signal.addEventListener("abort", go));`,
    idle: PID,
  });
  await using executor = openExecutor(3);
  const jobs = ["polite", "done"].map((stage) => give(executor, specOf(demo, stage)));
  for (const { heard } of jobs) await heard.says("at work");
  const idle = give(executor, specOf(demo, "idle"));
  resultOf(await idle.outcome);
  executor.abort(60_000);
  const [polite, done] = await Promise.all(jobs.map(({ outcome }) => outcome));
  assert.match(failureOf(polite), /Error: The run was stopped\./);
  assert.equal((polite as { aborted: boolean }).aborted, true);
  assert.ok(existsSync(join(demo.root, ".store/checkpoints", "a".repeat(64))));
  // One that came to its end all the same is done.
  resultOf(done);
  const late = await give(executor, specOf(demo, "idle")).outcome;
  assert.deepEqual(late, { ok: false, message: "The run was stopped.", aborted: true });
  // The idle process went by itself, without a close.
  await until(() => !existsSync(`/proc/${idle.heard.lines[0]}`), () => "its end");
});

Deno.test("a job that does not listen is killed when the grace is over, not before, and counts as stopped", async () => {
  using demo = makeStages({ deaf: `ctx.log("at work"); for (;;);` });
  await using executor = openExecutor();
  const { heard, outcome } = give(executor, specOf(demo, "deaf"));
  await heard.says("at work");
  const begun = performance.now();
  executor.abort(300);
  const ended = await outcome;
  assert.ok(performance.now() - begun >= 295);
  assert.match(failureOf(ended), /was killed by SIGKILL/);
  assert.equal((ended as { aborted: boolean }).aborted, true);
});

Deno.test("a Ctrl-C that reaches a worker too does not end its job", async () => {
  using demo = makeStages({ pid: PID + `await gate("end");` });
  await using executor = openExecutor();
  const { heard, outcome } = give(executor, specOf(demo, "pid"));
  await heard.says("at end");
  Deno.kill(Number(heard.lines[0]), "SIGINT");
  await new Promise((go) => setTimeout(go, 50));
  openGate(demo, "end");
  resultOf(await outcome);
});

Deno.test("a worker that nobody speaks to any more ends, in the middle of a job", async () => {
  using demo = makeStages({ pid: PID + `await gate("end");` });
  await using executor = openExecutor();
  const { heard, outcome } = give(executor, specOf(demo, "pid"));
  await heard.says("at end");
  await executor.close();
  assert.equal(
    failureOf(await outcome),
    "The worker process ended with exit code 0 before the job was done.",
  );
  assert.ok(!existsSync(`/proc/${heard.lines[0]}`));
});

Deno.test("after a close every process is gone, and no job is taken", async () => {
  using demo = makeStages({ idle: PID });
  const executor = openExecutor(2);
  const { heard, outcome } = give(executor, specOf(demo, "idle"));
  resultOf(await outcome);
  await executor.close();
  assert.ok(!existsSync(`/proc/${heard.lines[0]}`));
  assert.deepEqual(await give(executor, specOf(demo, "idle")).outcome, {
    ok: false,
    message: "The run was stopped.",
    aborted: true,
  });
});
