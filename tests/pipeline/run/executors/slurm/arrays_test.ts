/** @file How few arrays are submitted, and for how many tasks. */
import assert from "node:assert/strict";
import { Arrays } from "../../../../../pipeline/run/executors/slurm/arrays.ts";
import {
  type Slurm,
  SlurmError,
  type TaskState,
} from "../../../../../pipeline/run/executors/slurm/commands.ts";
import type { Mailbox } from "../../../../../pipeline/run/executors/slurm/mailbox.ts";

const NEEDS = { memory: "2G", exclusive: false, others: [] };

/** Arrays of two kinds, over files and a cluster that the test moves by hand. */
function arraysOf(atMost: number, { detached = false, fails }: {
  detached?: boolean;
  fails?: SlurmError;
} = {}) {
  const waiting: Record<string, number> = { small: 0, large: 0 };
  const busy = new Set<string>();
  const submitted: [kind: string, tasks: number, minutes: number][] = [];
  const refused: [kind: string, message: string][] = [];
  const said: string[] = [];
  const slurm = {
    submit(kind: string, { tasks, minutes, logs }: Parameters<Slurm["submit"]>[1]) {
      assert.equal(logs, "/logs");
      if (fails) return Promise.reject(fails);
      submitted.push([kind, tasks, minutes]);
      return Promise.resolve(String(submitted.length));
    },
  } as unknown as Slurm;
  const mailbox = {
    dir: "/store/slurm",
    claims: () => [...busy].map((task) => ({ task })),
    waiting: (kind: string) => new Array(waiting[kind]).fill("job"),
    logs: () => "/logs",
    lastWords: (task: string) => `words of ${task}`,
  } as unknown as Mailbox;
  const arrays = new Arrays(slurm, mailbox, atMost, {
    detached,
    say: (line) => said.push(line),
    seconds: (kind) => new Array(waiting[kind]).fill(60),
    refuse: (kind, message) => refused.push([kind, message]),
  });
  arrays.add("small", { ...NEEDS, minutes: 5 });
  arrays.add("large", NEEDS);
  arrays.add("small", NEEDS); // known already
  return { arrays, waiting, busy, submitted, refused, said };
}

const task = (kind: string, name: string): TaskState => ({
  ...{ task: name, kind, waits: false, node: "n", reason: "" },
});

Deno.test("all that waits of a kind is one array, of no more tasks than jobs, or than may run", async () => {
  const { arrays, waiting, submitted, said } = arraysOf(10);
  await arrays.submit([], 0);
  assert.deepEqual(submitted, [], "nothing waits");
  Object.assign(waiting, { small: 4, large: 20 });
  await arrays.submit([], 0);
  // The second kind has the room that the first leaves, and a limit by the estimate.
  assert.deepEqual(submitted, [["small", 4, 5], ["large", 6, Math.ceil((180 + 300) / 60) + 10]]);
  assert.equal(said[0], "SLURM: array 1, 4 tasks of 5 min, 2G.");
});

Deno.test("no array where tasks are there for what waits; one that works on a job is not", async () => {
  const { arrays, waiting, busy, submitted } = arraysOf(10);
  waiting.small = 2;
  const tasks = [task("small", "1_0"), task("small", "1_1"), task("large", "2_0")];
  await arrays.submit(tasks, 0);
  assert.deepEqual(submitted, []);
  busy.add("1_0");
  await arrays.submit(tasks, 0);
  assert.deepEqual(submitted, [["small", 1, 5]]);
});

Deno.test("without room nothing is submitted, unless nobody is there to do it later", async () => {
  const full = Array.from({ length: 3 }, (_, i) => task("small", `1_${i}`));
  for (const [detached, expected] of [[false, []], [true, [["large", 1]]]] as const) {
    const { arrays, waiting, submitted } = arraysOf(3, { detached });
    waiting.large = 5;
    await arrays.submit(full, 0);
    assert.deepEqual(submitted.map(([kind, tasks]) => [kind, tasks]), expected);
  }
});

Deno.test("after three arrays that took no job what waits is refused, with what the last one said", async () => {
  const { arrays, waiting, submitted, refused, said } = arraysOf(10);
  waiting.small = 1;
  for (let i = 0; i < 3; i++) await arrays.submit([], 1);
  assert.deepEqual([submitted.length, refused], [3, []]);
  await arrays.submit([], 1);
  assert.equal(submitted.length, 3);
  assert.equal(said[2], "SLURM: array 3, 1 task of 5 min, 2G.");
  assert.match(refused[0][1], /3 arrays ended without taking a job.*\nwords of 3_0$/s);
  const other = arraysOf(10);
  other.waiting.small = 1;
  for (let taken = 0; taken < 6; taken++) await other.arrays.submit([], taken);
  assert.deepEqual([other.submitted.length, other.refused], [6, []], "each has taken one");
});

Deno.test("what SLURM refuses for good is refused; what passes is for the caller to try again", async () => {
  const forGood = arraysOf(10, { fails: new SlurmError("sbatch", "Invalid partition") });
  forGood.waiting.small = 1;
  await forGood.arrays.submit([], 0);
  assert.deepEqual(forGood.refused, [["small", "sbatch: Invalid partition"]]);
  const passing = arraysOf(10, { fails: new SlurmError("sbatch", "Socket timed out") });
  passing.waiting.small = 1;
  await assert.rejects(passing.arrays.submit([], 0), /timed out/);
  assert.deepEqual(passing.refused, []);
});
