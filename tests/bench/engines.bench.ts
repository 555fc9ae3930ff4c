/**
 * @file The same trainings (forward, backward, AdamW) on every engine that this machine has, with what each computes beside how
 * fast: the largest relative difference of the first losses from those of `jax` in float32, milliseconds of a step until its loss is
 * on the host, and seconds until the first step was done. One thread, one process, in turns, medians. Engines that a machine
 * lacks are listed with the reason; adapters that are programs on the CPU are marked, because their speed says nothing of GPUs.
 *
 * Run: deno task bench engines [NAME-PART] [--rounds N] [--json]
 */
import { init as initJax } from "@jax-js/jax";
import { parseArgs } from "node:util";
import { availableEngines, type EngineStatus } from "../../lib/engine/available.ts";
import { compileOn, type EngineName } from "../../lib/engine/mod.ts";
import { cases } from "./engines/cases.ts";
import { COMPARED, compareEngines, type Row } from "./engines/compare.ts";

const { values: options, positionals: [, part = ""] } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "15" },
  },
});

function fail(message: string): never {
  console.error(`error: ${message}`);
  Deno.exit(1);
}

const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  fail(`--rounds ${options.rounds}: expected a whole number of at least 1.`);
}
const chosen = cases.filter(({ name }) => name.includes(part));
if (chosen.length === 0) {
  fail(`no case has "${part}" in its name; there are ${cases.map(({ name }) => name).join("; ")}.`);
}
const say = (line: string) => options.json || console.log(line);

await initJax("wasm");
const statuses = await availableEngines();
const here = statuses.filter(({ problem }) => problem === undefined);
// The reference goes first.
const names: EngineName[] = ["jax", ...here.map(({ engine }) => engine).filter((e) => e !== "jax")];
const sides = names.map((engine) => ({ engine, compile: compileOn(engine) }));

function lineOf(row: Row<EngineName>): string {
  const name = row.engine.padEnd(14);
  if ("problem" in row) return `  ${name} cannot: ${row.problem}`;
  const { milliseconds, compileSeconds, off, engine } = row;
  const difference = engine === names[0] ? "reference" : off.toExponential(1);
  return `  ${name}${milliseconds.toFixed(2).padStart(10)}${
    compileSeconds.toFixed(2).padStart(12)
  }` +
    difference.padStart(14) + (software.includes(engine) ? "  software" : "");
}

/** What an engine runs on, where that is a GPU, or acts as one. */
async function adapterOf({ engine, adapter, device }: EngineStatus) {
  if (adapter) return { name: adapter.name, software: adapter.software };
  if (device) return { name: device, software: true }; // the form of tfjs-node-gpu without CUDA
  if (engine !== "jax-webgpu") return undefined;
  // deno-lint-ignore no-explicit-any -- Deno's types of WebGPU are of an unstable API
  const { info } = await (navigator as any).gpu.requestAdapter();
  return {
    name: (info.description || info.vendor) as string,
    software: info.isFallbackAdapter as boolean,
  };
}

const engines = await Promise.all(
  here.map(async (status) => ({ engine: status.engine, adapter: await adapterOf(status) })),
);
const software = engines.flatMap(({ engine, adapter }) => adapter?.software ? [engine] : []);
const describe = ({ engine, adapter }: typeof engines[number]) =>
  adapter ? `${engine} on ${adapter.name}${adapter.software ? " (SOFTWARE, no GPU)" : ""}` : engine;

const load = Deno.loadavg()[0];
say(`Engines here: ${engines.map(describe).join("; ")}. Load ${load.toFixed(1)}.`);
const missing = statuses.flatMap(({ engine, problem }) =>
  problem === undefined ? [] : [{ engine, problem: problem.split("\n")[0] }]
);
for (const { engine, problem } of missing) say(`  not here: ${engine}: ${problem}`);
say(`\n  engine        ms a step   compile s  ${COMPARED} losses off`);
const results = [];
for (const { name, learning } of chosen) {
  const rows = await compareEngines(learning(), sides, rounds);
  results.push({ name, rows });
  say(`${name}\n${rows.map(lineOf).join("\n")}`);
}
if (options.json) console.log(JSON.stringify({ load, engines, missing, results }));
Deno.exit(0);
