/** @file What sacct says of tasks, and what of that is observed of their jobs. */
import assert from "node:assert/strict";
import {
  Accounts,
  bytesOf,
  FIELDS,
  readAccounts,
  secondsOf,
} from "../../../../../pipeline/run/executors/slurm/accounts.ts";
import { SlurmError } from "../../../../../pipeline/run/executors/slurm/commands.ts";

/** As sacct of SLURM 22.05 has said it: two tasks that ended, one that runs, three that wait, and two that were cancelled a moment ago. */
const SAID = `1_0|COMPLETED|4|00:01.116|
1_0.batch|COMPLETED|4|00:01.116|93180K
1_0.extern|COMPLETED|4|00:00.002|512K
1_1|CANCELLED by 0|65|01:02.148|
1_1.batch|CANCELLED|66|01:02.148|91M
2_0|RUNNING|9|00:00:00|
2_0.batch|RUNNING|9|00:00:00|
2_[1-3]|PENDING|0|00:00:00|
3_0|CANCELLED by 0|6|00:00:00|
3_0.batch|CANCELLED|6|00:00:00|
4_0|CANCELLED by 0|6|00:01.000|
4_0.batch|RUNNING|6|00:01.000|
7|COMPLETED|4|00:01.000|
`;

Deno.test("an account is that of a task that has ended, with the largest of its steps", () => {
  assert.deepEqual([...readAccounts(SAID)], [
    ["1_0", { seconds: 4, cpuSeconds: 1.116, peakMemory: 93180 * 1024 }],
    ["1_1", { seconds: 65, cpuSeconds: 62.148, peakMemory: 91 * 2 ** 20 }],
  ]);
  assert.equal(readAccounts("").size, 0);
  // A task that was too short for anybody to look at its memory.
  assert.equal(readAccounts("5_0|TIMEOUT|1|00:00.100|\n").get("5_0")?.peakMemory, 0);
});

Deno.test("times and sizes in every form that sacct has for them", () => {
  const times = { "00:01.116": 1.116, "02:03": 123, "1:02:03": 3723, "2-01:00:00": 176_400 };
  for (const [text, seconds] of Object.entries(times)) assert.equal(secondsOf(text), seconds, text);
  for (const text of ["", "INVALID", "5"]) assert.equal(secondsOf(text), 0, text);
  const sizes = {
    "0": 0,
    "": 0,
    "512": 512,
    "1K": 1024,
    "1.5G": 1.5 * 2 ** 30,
    "?": 0,
    "2T": 2 ** 41,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(bytesOf(text), bytes, text);
});

/** Accounts of jobs a, b in task 1_0 and c in 1_1, over what sacct says each time that it is asked. */
function accountsOf(answers: (string | Error)[]) {
  const asked: string[][] = [];
  const said: string[] = [];
  const accounts = new Accounts({
    accounts(tasks, fields) {
      asked.push([...tasks]);
      assert.equal(fields, FIELDS);
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  return {
    accounts,
    asked,
    said,
    observed: (ended = true) => accounts.observed(ended, (line) => said.push(line)),
  };
}

Deno.test("each job of a task has the task's numbers, and among how many jobs they are", async () => {
  const { accounts, asked, observed } = accountsOf([SAID]);
  for (const [task, key] of [["1_0", "a"], ["1_0", "b"], ["1_1", "c"]]) accounts.did(task, key);
  const ofTwo = {
    ...{ "task jobs": 2, "task seconds": 4, "task cpu seconds": 1.116 },
    "task peak memory bytes": 93180 * 1024,
  };
  assert.deepEqual(await observed(), [
    { key: "a", observations: ofTwo },
    { key: "b", observations: ofTwo },
    {
      key: "c",
      observations: {
        ...{ "task jobs": 1, "task seconds": 65, "task cpu seconds": 62.148 },
        "task peak memory bytes": 91 * 2 ** 20,
      },
    },
  ]);
  assert.deepEqual(asked, [["1_0", "1_1"]]);
});

Deno.test("what ends now is asked for until the accounts know it, what goes on is not waited for", async () => {
  const waits = accountsOf([SAID.slice(SAID.indexOf("1_1")), SAID]);
  for (const task of ["1_0", "1_1"]) waits.accounts.did(task, task);
  assert.deepEqual((await waits.observed()).map(({ key }) => key), ["1_0", "1_1"]);
  assert.equal(waits.asked.length, 2);
  const leaves = accountsOf([SAID]);
  for (const task of ["1_0", "2_0"]) leaves.accounts.did(task, task);
  assert.deepEqual((await leaves.observed(false)).map(({ key }) => key), ["1_0"]);
  const nothing = accountsOf([SAID]);
  assert.deepEqual([await nothing.observed(), nothing.asked], [[], []]);
});

Deno.test("where no accounts are kept nothing is said of it; what else goes wrong is told", async () => {
  for (
    const words of ["Slurm accounting storage is disabled", "not found on login1. More words."]
  ) {
    const off = accountsOf([new SlurmError("sacct", words)]);
    off.accounts.did("1_0", "a");
    assert.deepEqual([await off.observed(), off.said], [[], []]);
  }
  const broken = accountsOf([new SlurmError("sacct", "Protocol authentication error")]);
  broken.accounts.did("1_0", "a");
  assert.deepEqual(await broken.observed(), []);
  assert.deepEqual(broken.said, ["SLURM's accounts: sacct: Protocol authentication error"]);
});
