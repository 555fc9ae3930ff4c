/**
 * @file Training steps (forward, backward, Adam) on the GPU: engine `ort-webgpu` beside PyTorch on the same card (eager, and as
 * a CUDA graph) and beside engine `ort` on the CPU. The first losses stand beside the times: they have to be those of `ort`.
 * Every side is a process of its own, one after the other; a step waits for its loss. float32, no TF32.
 *
 * Run: deno task bench gpu [NAME-PART] [--python PATH] [--seconds S] [--json FILE]
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { EngineName } from "../../lib/engine/mod.ts";
import { type GpuCase, gpuCases } from "./gpu/cases.ts";

const { values: options, positionals: [, part = ""] } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    json: { type: "string" },
    python: { type: "string", default: "python3" },
    seconds: { type: "string", default: "2" },
    worker: { type: "string" },
    engine: { type: "string", default: "ort-webgpu" },
  },
});
const seconds = Number(options.seconds);

/** What a side says about itself. */
interface Side {
  readonly name: string;
  readonly milliseconds?: number;
  readonly compileSeconds?: number;
  readonly losses?: readonly number[];
  readonly nodes?: number;
  readonly error?: string;
}

/** Measures one case in this process and prints the result as a line of JSON. */
async function work(task: GpuCase, engine: EngineName): Promise<void> {
  const begun = performance.now();
  const { step, program } = await task.start(engine);
  const losses = [await step()];
  const compileSeconds = (performance.now() - begun) / 1000;
  while (losses.length < 5) losses.push(await step());
  const times: number[] = [];
  const until = performance.now() + 1000 * seconds;
  while (performance.now() < until || times.length < 3) {
    const before = performance.now();
    await step();
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  const milliseconds = times[Math.floor(times.length / 2)];
  console.log(
    JSON.stringify({ milliseconds, compileSeconds, losses, nodes: program.report.nodes }),
  );
}

/** The last line of a process as JSON, or why there is none. */
async function sideOf(name: string, command: string, args: string[]): Promise<Side> {
  const timer = AbortSignal.timeout(1000 * (90 + seconds));
  try {
    const { code, stdout, stderr } = await new Deno.Command(command, { args, signal: timer })
      .output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    if (code === 0) return { name, ...JSON.parse(out.split("\n").at(-1)!) };
    const lines = err.split("\n").filter((line) => line.trim());
    const told = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? "";
    return { name, error: `exit ${code}: ${told.slice(0, 300)}` };
  } catch (error) {
    return { name, error: (error as Error).message.slice(0, 300) };
  }
}

async function compare(task: GpuCase): Promise<Side[]> {
  const deno = (engine: string) =>
    sideOf(engine, Deno.execPath(), [
      ...["run", "-A", "--quiet", "--v8-flags=--stack-size=6000"],
      fileURLToPath(Deno.mainModule),
      ...["gpu", "--worker", task.name, "--engine", engine, "--seconds", `${seconds}`],
    ]);
  const script = fileURLToPath(new URL("gpu/torch_steps.py", import.meta.url));
  const torch = (mode: string) =>
    sideOf(`PyTorch ${mode}`, options.python, [script, task.torch, mode, `${seconds}`]);
  return [
    await deno("ort-webgpu"),
    await deno("ort"),
    await torch("eager"),
    await torch("graph"),
  ];
}

if (options.worker !== undefined) {
  await work(gpuCases.find(({ name }) => name === options.worker)!, options.engine as EngineName);
  Deno.exit(0);
}
const results: { name: string; sides: Side[] }[] = [];
for (const task of gpuCases.filter(({ name }) => name.includes(part))) {
  const sides = await compare(task);
  results.push({ name: task.name, sides });
  // After every case, so that a run that is stopped leaves what it has.
  if (options.json) Deno.writeTextFileSync(options.json, JSON.stringify(results, null, 1));
  console.log(task.name);
  const reference = sides.find(({ name }) => name === "ort")?.losses;
  for (const { name, milliseconds, compileSeconds, losses, nodes, error } of sides) {
    if (error) {
      console.log(`  ${name.padEnd(16)} ${error}`);
      continue;
    }
    const off = name.startsWith("ort") && reference
      ? `losses off by ${
        Math.max(...losses!.map((x, i) => Math.abs(x / reference[i] - 1))).toExponential(1)
      }`
      : "";
    console.log(
      `  ${name.padEnd(16)} ${milliseconds!.toFixed(2).padStart(9)} ms  first step after ${
        compileSeconds!.toFixed(1)
      } s  ${nodes ? `${nodes} nodes` : ""}  ${losses!.map((x) => x.toPrecision(6))}  ${off}`,
    );
  }
}
Deno.exit(0);
