/** @file The short form of the damage campaign, from a fixed seed. */
import assert from "node:assert/strict";
import { damageCatalogue, damageCheckpoints, runBesideQuestions } from "./campaign.ts";

Deno.test("damaged checkpoints are dropped with a line, and the results are those of an undisturbed run", async () => {
  assert.deepEqual(await damageCheckpoints(20, 1), { tries: 20, problems: [] });
});

Deno.test("a catalogue with another bit is made again, and no job runs", async () => {
  assert.deepEqual(await damageCatalogue(5, 1), { tries: 5, problems: [] });
});

Deno.test("runs are not refused, and questions answered, while both go on", async () => {
  assert.deepEqual(await runBesideQuestions(4), { tries: 4, problems: [] });
});
