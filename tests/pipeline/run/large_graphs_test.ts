/** @file Graphs wider than a call has arguments, and chains longer than a stack is deep. */
import assert from "node:assert/strict";
import { keyOf } from "../../../pipeline/keys/ingredients.ts";
import { type JobOf, play } from "./play.ts";

Deno.test("a table over very many jobs lacks each that failed, and is skipped once", async () => {
  const width = 1000;
  const wide = (job: JobOf) =>
    job(
      "table",
      Object.fromEntries(Array.from({ length: width }, (_, i) => [`m${i}`, job(`m${i}`)])),
    );
  const { told, statusOf } = await play({
    grid: wide,
    capacity: width,
    answer: () => new Error("no"),
  });
  assert.equal(told.filter((line) => line === "table skipped").length, 1);
  assert.equal(new Set(statusOf("table").lacking).size, width);
});

Deno.test("chains are longer than a stack is deep: behind a failure all are skipped, behind equal bytes all are done", async () => {
  const length = 12_000;
  const chain = (job: JobOf) => {
    let last = job("0");
    for (let i = 1; i < length; i++) last = job(`${i}`, { last });
    return last;
  };
  const failed = await play({ grid: chain, answer: () => new Error("no") });
  assert.deepEqual(failed.started, ["0"]);
  assert.equal(
    Object.values(failed.states).filter((state) => state === "skipped").length,
    length - 1,
  );
  assert.equal(failed.told.at(-1), `${length - 1} skipped`);
  // Everything but the head is done, which is known when that has run.
  const first = await play({ grid: chain, done: doneChain(length) });
  assert.deepEqual(first.started, ["0"]);
  assert.equal(
    Object.values(first.states).filter((state) => state === "cached").length,
    length - 1,
  );
});

/** What a store holds after a chain of jobs has run that leave their labels, but for the first of them. */
function doneChain(length: number) {
  const done = new Map<string, { content: string; objects: string[] }>();
  let content = "e/0";
  for (let i = 1; i < length; i++) {
    const ingredients = {
      stage: "work",
      code: "c",
      packages: {},
      deno: Deno.version.deno,
      params: { id: `${i}` },
      inputs: { last: content },
    };
    content = `e/${i}`;
    done.set(keyOf(ingredients), { content, objects: [] });
  }
  return done;
}
