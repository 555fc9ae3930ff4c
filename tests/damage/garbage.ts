/** @file What may come out of a worker process that no worker has said: by libraries that print, and by stages that interfere. */
import { cli, makeProbe } from "../pipeline/helpers.ts";
import { addStage } from "../pipeline/run/helpers.ts";
import type { Found } from "./campaign.ts";

const print = (bytes: string) =>
  `{ const bytes = ${bytes};
     for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at)); }`;
const say = (text: string) => print(`new TextEncoder().encode(${text})`);
const message = (json: string) => say(`"\\x1e" + JSON.stringify(${json}) + "\\n"`);
const forged = (key: string, sha256: string) =>
  `{ key: ${key}, type: "done", result: { artifact: { scalars: {}, files: [{ name: "out.txt", bytes: 1,
     sha256: ${sha256} }] }, seconds: 0, observations: {}, metrics: [], rules: [], codeSeen: {} } }`;
/** The key of the job itself, as the process is told it; a stage that prints it means to deceive. */
const OWN = `Deno.readTextFileSync(Deno.args[1]).match(/checkpoints.([0-9a-f]{64})/)?.[1] ?? "x"`;

/**
 * Bodies of stages, by what they print, and what comes of the job: it has run all the same, or has failed with an error like this.
 */
export const GARBAGE: Record<string, [body: string, comes: RegExp | "runs"]> = {
  "no JSON": [say(`"\\x1e{ no JSON\\nplain\\n"`), "runs"],
  "JSON of another shape": [
    ["null", "5", "[]", `"done"`, "{}", `{ type: "done" }`, `{ key: 5, type: "log", line: "x" }`]
      .map(message).join("\n"),
    "runs",
  ],
  "messages with wrong fields": [
    [
      `{ key: "k", type: "done", result: {} }`,
      `{ key: "k", type: "progress", done: "1", total: [] }`,
      `{ key: "k", type: "metrics", points: [[1, 2]] }`,
      `{ key: "k", type: "failed" }`,
      `{ key: "k", type: "other", line: "x" }`,
    ].map(message).join("\n"),
    "runs",
  ],
  "half a message": [say(`'\\x1e{"key":"k","type":"done","result":{"artifact"'`), "runs"],
  "a number that is none": [
    say(`'\\x1e{"type":"progress","done":{"$number":{"a":[]}}}\\n'`),
    "runs",
  ],
  binary: [print(`Uint8Array.from({ length: 100_000 }, (_, i) => i * 7919 >> 3 & 255)`), "runs"],
  "a very long line": [say(`"x".repeat(30_000_000)`), "runs"],
  "a message without end": [
    say(`"\\x1e"`) + `for (let i = 0; i < 300; i++) ${say(`"y".repeat(1_000_000)`)}`,
    /^What the worker process said could not be understood: a message of more than 268435456 characters\.$/,
  ],
  "another job's result": [message(forged(`"b".repeat(64)`, `"0".repeat(64)`)), "runs"],
  "its own result, forged": [
    `await ctx.checkpoint.load();` + message(forged(OWN, `"0".repeat(64)`)),
    /was another when the worker loaded it/,
  ],
  "an end of its output": [
    `Deno.stdout.close(); await new Promise((go) => setTimeout(go, 100));`,
    /^The worker process ended with exit code 1 before the job was done\.$/,
  ],
};

/** A run with all of these jobs, and others beside them. */
export async function garbageOfWorkers(names: string[]): Promise<Found> {
  if (!names.length) return { tries: 0, problems: [] };
  const kinds = Object.entries(GARBAGE).filter(([name]) => names.includes(name));
  using demo = makeProbe(`
    const all = {};
    for (let i = 0; i < ${kinds.length}; i++) {
      all["g" + i] = g.job("garbage" + i, {}, {}, "g" + i);
      all["good" + i] = g.job("probe", { behave: "well", id: i }, {}, "good" + i);
    }
    return g.job("collect", { title: "t" }, all, "table");`);
  for (const [i, [, [body]]] of kinds.entries()) addStage(demo, `garbage${i}`, body);
  const { code, out, ran } = await cli(demo, "run", "--jobs", "2");
  const problems: string[] = [];
  if (code !== 1) problems.push(`the run ended with ${code}`);
  if (/Uncaught|panicked/.test(out)) problems.push(out.slice(0, 5000));
  if (!/jobs were done, \d+ ran, \d+ failed, 1 skipped/.test(out)) {
    problems.push("there is no summary");
  }
  for (const [i, [name, [, comes]]] of kinds.entries()) {
    if (!ran.includes(`probes/good${i}`)) problems.push(`good${i} did not run`);
    if (ran.includes(`probes/g${i}`) !== (comes === "runs")) {
      problems.push(`"${name}" came otherwise`);
    }
  }
  return { tries: kinds.length, problems };
}
