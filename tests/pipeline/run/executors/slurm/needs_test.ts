/** @file What is asked of SLURM for a stage, what its times and answers mean, and how jobs pass from one process to another. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { limit } from "../../../../../pipeline/run/executors/slurm/arrays.ts";
import { readTasks, SlurmError } from "../../../../../pipeline/run/executors/slurm/commands.ts";
import { awaitsTasks, Mailbox } from "../../../../../pipeline/run/executors/slurm/mailbox.ts";
import {
  flagsOf,
  kindOf,
  minutesOf,
  NeedsOfStages,
  type SlurmOptions,
} from "../../../../../pipeline/run/executors/slurm/needs.ts";
import type { JobResult, JobSpec } from "../../../../../pipeline/run/protocol.ts";
import type { StagePart } from "../../../../../pipeline/stage.ts";

const stages = {
  train: { name: "train", usesEngine: true },
  time: { name: "time", usesEngine: true, alone: true },
  collect: { name: "collect", usesEngine: false },
} as unknown as Record<string, StagePart>;
const none: SlurmOptions = { time: [], mem: [], gres: [], sbatch: [], detach: false };

Deno.test("a stage gets what is said for it, else what is said for all, else what such jobs took", () => {
  const options = {
    ...{ time: ["30", "train=2:00:00"], mem: ["time=7G"], gres: ["gpu:1"], partition: "p" },
    ...{ sbatch: ["--account=lab"], detach: false },
  };
  const needs = new NeedsOfStages(options, stages, new Map([["train", 5 * 2 ** 30]]));
  const flags = (stage: string) => flagsOf(needs.of(stage), needs.of(stage).minutes!);
  const others = ["--partition=p", "--account=lab"];
  assert.deepEqual(flags("train"), ["--time=120", "--mem=8G", "--gres=gpu:1", ...others]);
  assert.deepEqual(flags("time"), [
    ...["--time=30", "--mem=7G", "--gres=gpu:1", "--exclusive"],
    ...others,
  ]);
  // What runs no engine has no use for a GPU.
  assert.deepEqual(flags("collect"), ["--time=30", "--mem=4G", ...others]);
  const small = new NeedsOfStages(none, stages, new Map([["train", 1]]));
  assert.deepEqual([small.of("train").memory, small.of("train").minutes], ["2G", undefined]);
  assert.equal(kindOf(small.of("train")), kindOf(small.of("train")));
  assert.notEqual(kindOf(needs.of("train")), kindOf(needs.of("time")));
});

Deno.test("stages that there are not, values given twice, and times that SLURM would not read", () => {
  const refuse = (over: Partial<SlurmOptions>, message: RegExp) =>
    assert.throws(() => new NeedsOfStages({ ...none, ...over }, stages), message);
  refuse({ mem: ["trian=4G"] }, /--mem trian=4G: there is no stage "trian"; the stages are train/);
  refuse({ time: ["1", "2"] }, /--time is given twice for every stage/);
  refuse({ gres: ["train=a", "train=b"] }, /--gres is given twice for the stage train/);
  refuse({ mem: [""] }, /--mem : expected VALUE/);
  for (const time of ["", "x", "1:2:3:4", "1.5", "-1", "1-", "2 h"]) {
    if (time) refuse({ time: [time] }, /expected minutes, hours:minutes:seconds/);
  }
  const known = { "90": 90, "1:30": 2, "2:00:00": 120, "0:00:30": 1, "1-12": 2160, "1-0:30": 1470 };
  for (const [time, minutes] of Object.entries(known)) assert.equal(minutesOf(time), minutes, time);
});

Deno.test("a limit leaves room for the longest job and for a share of all", () => {
  assert.equal(limit([], 1), 10);
  assert.equal(limit([60, 600], 2), Math.ceil((1800 + 1.5 * 330) / 60) + 10);
});

Deno.test("what squeue says, and which failures pass", () => {
  const said = "12|3|R|dl-ab|node7|None\n12|4|PD|dl-ab||Resources\n9|0|R|other|n|None\n" +
    "13|0|CG|dl-cd|node8|None\n";
  assert.deepEqual(readTasks(said, "dl-"), [
    { task: "12_3", kind: "ab", waits: false, node: "node7", reason: "None" },
    { task: "12_4", kind: "ab", waits: true, node: "", reason: "Resources" },
    { task: "13_0", kind: "cd", waits: false, node: "node8", reason: "None" },
  ]);
  assert.deepEqual(readTasks("", "dl-"), []);
  const passes = (said: string) => new SlurmError("sbatch", said).passing;
  assert.ok(passes("slurm_load_jobs error: Unable to contact slurm controller (connect failure)"));
  assert.ok(passes("Socket timed out on send/recv operation"));
  assert.ok(!passes("Batch job submission failed: Invalid partition name specified"));
});

Deno.test("a job is one task's, comes back from a dead one, and its outcome is read once", () => {
  const dir = mkdtempSync("/tmp/mailbox-");
  try {
    const box = new Mailbox(dir);
    const [a, b] = ["a", "b"].map((letter) => letter.repeat(64));
    const put = (key: string) =>
      box.put("kind", { spec: { key } as JobSpec, permissions: { ffi: true } });
    put(b);
    put(a);
    assert.ok(awaitsTasks(dir));
    const first = box.claim("kind", "1_0")!;
    assert.deepEqual([first.claim.key, first.order.permissions], [b, { ffi: true }]);
    assert.equal(box.claim("kind", "1_1")!.claim.key, a);
    assert.equal(box.claim("kind", "1_2"), undefined);
    assert.equal(box.claim("none", "1_2"), undefined);
    assert.ok(box.giveBack("kind", first.claim) && !box.giveBack("kind", first.claim));
    assert.equal(box.claim("kind", "1_2")!.claim.key, b);

    const result = { metrics: [["loss", 1, NaN]], seconds: 2, observations: {}, rules: [] };
    const whole = { ...result, artifact: { files: [], scalars: { x: -Infinity } }, codeSeen: {} };
    const machine = { id: "m", description: "of a node" };
    const origin = { machine, task: "1_2" };
    box.deliver(b, { ok: true, result: whole as unknown as JobResult }, origin);
    assert.deepEqual(box.collect(b), {
      task: "1_2",
      outcome: { ok: true, result: whole, machine },
    });
    assert.equal(box.collect(b), undefined);
    box.deliver(a, { ok: false, message: "no", aborted: false }, origin);
    assert.deepEqual(box.collect(a)?.outcome, { ok: false, message: "no", aborted: false });
    // Cut off, another job's, or no outcome at all: as if it were not there.
    for (const text of ["", "{}\n{", `{}\n\x1e{"key":"x","type":"done"}\n`]) {
      writeFileSync(join(box.dir, "outcomes", a), text);
      assert.equal(box.collect(a), undefined, text);
    }
    box.release({ task: "1_1", name: box.claims().find(({ key }) => key === a)!.name, key: a });
    assert.deepEqual(box.claims().map(({ key }) => key), [b]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

Deno.test("what a task says is heard in whole lines, each once", () => {
  const dir = mkdtempSync("/tmp/mailbox-");
  try {
    const box = new Mailbox(dir);
    assert.deepEqual(box.listen("1_0", 0), { messages: [], next: 0 });
    const says = (line: string) => box.say("1_0", { key: "k", type: "log", line });
    says("one");
    const { messages, next } = box.listen("1_0", 0);
    assert.deepEqual(messages, [{ key: "k", type: "log", line: "one" }]);
    says("two");
    Deno.writeTextFileSync(join(box.dir, "said", "1_0"), `\x1e{"key":"k"`, { append: true });
    assert.deepEqual(box.listen("1_0", next).messages.map((m) => "line" in m && m.line), ["two"]);
    assert.equal(box.stopping(), undefined);
    box.stop(250);
    assert.equal(box.stopping(), 250);
    box.goOn();
    assert.equal(box.stopping(), undefined);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
