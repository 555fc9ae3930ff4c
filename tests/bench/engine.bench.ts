/**
 * @file A training step of the reference Transformer (d = 64, 2 layers, 4 heads, 16 x 256 tokens, Adam) on engine `ort` beside
 * PyTorch on the same machine, in alternation; and what tracing, lowering and opening a session cost for deep networks.
 *
 * Run: deno task bench engine [--json]
 * PyTorch is Debian's python3-torch; with the reference BLAS it is ten times slower, so install libopenblas0 too.
 */
import { init as initJax, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { compile, type Handle, tensor, type Tree } from "../../lib/engine/mod.ts";
import * as transformer from "../../lib/models/transformer.ts";
import { adamwInit, adamwUpdate } from "../../lib/train/adamw.ts";
import { toHost } from "../../lib/train/host.ts";
import { nextPatchLoss, unitStatistics } from "../../lib/train/next_patch.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const alternations = 5;
const stepsEach = 6;
const [dModel, layers, batch, length] = [64, 2, 16, 256];

const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

/** Seconds per step of our engine, on demand. */
async function ours(threads: number) {
  const config = transformer.configure({ dModel, layers }, 2);
  const params = transformer.init(config, 0);
  const state = toHost(adamwInit(params));
  const loss = nextPatchLoss(transformer as Any, config);
  const update = (p: Any, s: Any, b: Any, lr: np.Array) => {
    const [value, grads] = (valueAndGrad(loss as Any) as Any)(tree.ref(p), b);
    return { value, ...adamwUpdate(p, grads, s, lr) };
  };
  const noise = Float32Array.from({ length: batch * length * 2 }, (_, i) => Math.sin(i * i));
  const data = {
    y: tensor(noise, [batch, length, 2]),
    weights: tensor(1, [length - 1, 1, 1]),
    train: unitStatistics(2),
  };
  const initial = { params: toHost(params), state };
  const rate = tensor(1e-3);
  const program = await compile(update, [initial.params, state, data, rate], { threads });
  let current: { params: Tree<Handle>; state: Tree<Handle> } = initial;
  const step = async () => {
    const out = await program.run(current.params, current.state, data, rate);
    await out.value.read();
    current = out;
  };
  await step();
  const measure = async () => {
    await step();
    const start = performance.now();
    for (let i = 0; i < stepsEach; i++) await step();
    return (performance.now() - start) / 1000 / stepsEach;
  };
  return { measure, close: () => program.close() };
}

/** The same step in PyTorch, driven over pipes; `undefined` where PyTorch is absent. */
async function pytorch() {
  const script = new URL("transformer_step.py", import.meta.url).pathname;
  const sizes = [dModel, layers, batch, length].map(String);
  const process = new Deno.Command("/usr/bin/python3", {
    args: [script, ...sizes],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const next = async () => {
    const { value } = await lines.read();
    return value?.trim();
  };
  const greeting = await next().catch(() => undefined);
  if (!greeting?.startsWith("ready")) {
    console.error("PyTorch is not installed for /usr/bin/python3: no comparison.");
    return undefined;
  }
  const input = process.stdin.getWriter();
  const measure = async (threads: number) => {
    await input.write(new TextEncoder().encode(`${threads} ${stepsEach}\n`));
    return Number(await next());
  };
  return { version: greeting.slice(6), measure, close: () => input.close() };
}

/** Median seconds of both programs at every thread count; each is judged at its best. */
async function trainingStep() {
  const torch = await pytorch();
  const threads = navigator.hardwareConcurrency > 1 ? [1, 2] : [1];
  const best = { ours: Infinity, torch: Infinity, threads: 1, torchThreads: 1 };
  for (const count of threads) {
    const program = await ours(count);
    const [mine, theirs]: number[][] = [[], []];
    for (let i = 0; i < alternations; i++) {
      mine.push(await program.measure());
      if (torch) theirs.push(await torch.measure(count));
    }
    await program.close();
    if (median(mine) < best.ours) [best.ours, best.threads] = [median(mine), count];
    if (torch && median(theirs) < best.torch) {
      [best.torch, best.torchThreads] = [median(theirs), count];
    }
  }
  await torch?.close();
  return {
    name: "Transformer d=64 L=2, 16 x 256 tokens",
    threads: best.threads,
    milliseconds: 1000 * best.ours,
    torchThreads: torch ? best.torchThreads : null,
    torchMilliseconds: torch ? 1000 * best.torch : null,
    ratio: torch ? best.torch / best.ours : null,
  };
}

/** Trace, lowering and session time of a training step of N square layers. */
async function compileTime(depth: number) {
  const width = 64;
  const weights = Array.from({ length: depth }, () => tensor(0.01, [width, width]));
  const loss = (layers: np.Array[], x: np.Array) => {
    const y = layers.reduce((h, w) => np.matmul(h, w), x);
    return np.mean(y.ref.mul(y));
  };
  const step = (layers: np.Array[], x: np.Array) => {
    const [value, grads] = (valueAndGrad(loss as Any) as Any)(tree.ref(layers), x);
    return [value, layers.map((w, i) => w.sub(grads[i].mul(1e-3)))];
  };
  const program = await compile(step, [weights, tensor(1, [32, width])]);
  await program.close();
  const { traceMs, lowerMs, sessionMs, nodes } = program.report;
  return { name: `compile ${depth} linear layers`, traceMs, lowerMs, sessionMs, nodes };
}

await initJax("wasm");
const rows: Record<string, string | number | null>[] = [await trainingStep()];
for (const depth of [10, 100, 1000]) rows.push(await compileTime(depth));
if (Deno.args.includes("--json")) console.log(JSON.stringify({ rows }));
else {
  for (const row of rows) {
    const cells = Object.entries(row).map(([k, v]) =>
      typeof v === "number" && k !== "name" ? `${k} ${Number(v.toPrecision(3))}` : `${v}`
    );
    console.log(cells.join("  "));
  }
}
Deno.exit(0);
