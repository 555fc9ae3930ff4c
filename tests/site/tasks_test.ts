/** @file Every task of the library has a page, in the words of its own file. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readTasks } from "../../site/catalogue/tasks.ts";
import * as automaton from "../../lib/tasks/automaton/automaton.ts";

const folders = readdirSync(new URL("../../lib/tasks", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory()).map(({ name }) => name);

Deno.test("each folder of lib/tasks is a task, once, with what it asks, its floor and its optimum", async () => {
  const tasks = await readTasks();
  assert.deepEqual(tasks.map(({ id }) => id.replaceAll("-", "_")).sort(), folders.sort());
  for (const { id, asks, floor, optimum, path } of tasks) {
    assert.match(asks, /^[A-Z][^]*[.:]$/, id);
    // A page's question is a sentence, not a header.
    assert.ok(asks.length < 330, `${id}: ${asks}`);
    assert.ok(floor && optimum, id);
    assert.match(path, new RegExp(`^lib/tasks/(\\w+)/\\1\\.ts$`));
  }
});

Deno.test("a task that is not told at length has the names of its module", async () => {
  const told = (await readTasks()).find(({ id }) => id === "automaton")!;
  const { name, floor, optimum } = automaton.task.about;
  assert.deepEqual([told.name, told.floor, told.optimum], [name, floor.name, optimum.name]);
  assert.match(told.asks, /^Following an automaton/);
  assert.match(told.details, /positions 41 to 256 are scored/);
});
