/**
 * @file Measures the training steps of a checkout of this project on demand, see protocol.ts. It belongs to this
 * commit, the cases to the checkout: `deno run -A --config DIR/deno.json serve.ts DIR NAME THREADS`. Of the checkout it
 * needs tests/bench/steps/cases.ts with `cases: { name, start(threads): Promise<{ run(), close() }> }[]`.
 */
import { init as initJax } from "@jax-js/jax";
import { pathToFileURL } from "node:url";
import type { Case } from "./training_step.ts";
import { lineReader } from "./protocol.ts";

const [checkout, name, threads] = Deno.args;

function faults(): number {
  try {
    // The tenth field; the second, in brackets, may hold blanks.
    return Number(Deno.readTextFileSync("/proc/self/stat").split(") ").at(-1)!.split(" ")[7]);
  } catch {
    return NaN;
  }
}

await initJax("wasm");
const module = pathToFileURL(`${checkout}/tests/bench/steps/cases.ts`).href;
const { cases }: { cases: Case[] } = await import(module);
const task = cases.find((task) => task.name === name);
if (!task) {
  console.log(`unavailable has no case "${name}"`);
  Deno.exit(0);
}
const step = await task.start(Number(threads));
for (let i = 0; i < 3; i++) await step.run();
console.log(`ready Deno ${Deno.version.deno}`);

const next = lineReader(Deno.stdin.readable);
for (let line = await next(); line !== undefined; line = await next()) {
  const steps = Number(line);
  await step.run();
  const [before, begun] = [faults(), performance.now()];
  for (let k = 0; k < steps; k++) await step.run();
  console.log(`${(performance.now() - begun) / 1000 / steps} ${(faults() - before) / steps}`);
}
await step.close();
Deno.exit(0);
