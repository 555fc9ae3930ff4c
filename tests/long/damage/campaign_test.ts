/** @file The short form of the damage campaign, from a fixed seed. */
import assert from "node:assert/strict";
import { damageCatalogue, damageCheckpoints, runBesideQuestions } from "../../damage/campaign.ts";
import { fullDisks } from "../../damage/full_disk.ts";
import { garbageOfWorkers } from "../../damage/garbage.ts";
import { manyJobs } from "../../damage/many_jobs.ts";
import { orphans } from "../../damage/orphans.ts";
import { closedTerminals } from "../../damage/terminals.ts";

Deno.test("damaged checkpoints are dropped with a line, and the results are those of an undisturbed run", async () => {
  assert.deepEqual(await damageCheckpoints(20, 1), { tries: 20, problems: [] });
});

Deno.test("a catalogue with another bit is made again, and no job runs", async () => {
  assert.deepEqual(await damageCatalogue(5, 1), { tries: 5, problems: [] });
});

Deno.test("runs are not refused, and questions answered, while both go on", async () => {
  assert.deepEqual(await runBesideQuestions(4), { tries: 4, problems: [] });
});

Deno.test("a run on a disk that is full ends with a summary or an error with a name, and goes on when there is room", async () => {
  const { tries, problems } = await fullDisks([128]);
  assert.deepEqual(problems, []);
  assert.ok(tries <= 1);
});

Deno.test("a run whose readers and terminals are gone comes to its end", async () => {
  for (const way of ["both outputs to a reader that ends", "a terminal that is gone"]) {
    assert.deepEqual((await closedTerminals([way])).problems, []);
  }
});

Deno.test("garbage of workers, a forged result too, hurts no other job", async () => {
  assert.deepEqual(await garbageOfWorkers(["half a message", "its own result, forged"]), {
    tries: 2,
    problems: [],
  });
});

Deno.test("of a long chain whose head fails a run, status and why say so", async () => {
  assert.deepEqual(await manyJobs(2000, "chain"), { tries: 2000, problems: [] });
});

Deno.test("a worker that computes ends soon after its coordinator", async () => {
  assert.deepEqual((await orphans(1)).problems, []);
});
