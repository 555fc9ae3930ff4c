/**
 * @file Training steps (forward, backward, Adam) on engine `ort` beside PyTorch on the same machine: at least five alternations
 * of the two programs, medians, each at its best number of threads. ratio = PyTorch's time / ours.
 *
 * Same functions, parameters and optimiser; each side is written as its framework invites. So ours may do less work for the same
 * result: attention in causal blocks leaves out 3/8 of the products that PyTorch's full T x T attention makes, and equal
 * layers and time steps are compiled loops, where PyTorch runs Python loops (deep linear, Monarch, LRU) or its own fused
 * kernels (LSTM, GRU). It is a comparison of training steps, not of kernels.
 *
 * Run: deno task bench engine [NAME-PART] [--json]
 * PyTorch is Debian's python3-torch; with the reference BLAS it is ten times slower, so install libopenblas0 beside it.
 */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { compile, tensor } from "../../lib/engine/mod.ts";
import { type Case, cases } from "./steps/cases.ts";
import { startTorch } from "./steps/torch.ts";

const alternations = 5;
const json = Deno.args.includes("--json");
const [, part = ""] = Deno.args.filter((arg) => !arg.startsWith("--"));

const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

async function measure({ name, torch: torchName, steps, start }: Case) {
  const torch = await startTorch(torchName);
  const best = { ours: Infinity, torch: Infinity, threads: 1, torchThreads: 1 };
  for (const threads of navigator.hardwareConcurrency > 1 ? [1, 2] : [1]) {
    const step = await start(threads);
    await step.run();
    const [mine, theirs]: number[][] = [[], []];
    for (let i = 0; i < alternations; i++) {
      await step.run();
      const begun = performance.now();
      for (let k = 0; k < steps; k++) await step.run();
      mine.push((performance.now() - begun) / steps);
      if (torch) theirs.push(1000 * await torch.measure(threads, steps));
    }
    await step.close();
    if (median(mine) < best.ours) [best.ours, best.threads] = [median(mine), threads];
    if (torch && median(theirs) < best.torch) {
      [best.torch, best.torchThreads] = [median(theirs), threads];
    }
  }
  await torch?.close();
  return {
    name,
    threads: best.threads,
    ratio: torch ? best.torch / best.ours : null,
    milliseconds: best.ours,
    torchThreads: torch ? best.torchThreads : null,
    torchMilliseconds: torch ? best.torch : null,
  };
}

/** Trace, lowering and session time of a training step that is unrolled, not a loop. */
async function compileTime(depth: number) {
  const weights = Array.from({ length: depth }, () => tensor(0.01, [64, 64]));
  const loss = (layers: np.Array[], x: np.Array) => {
    const y = layers.reduce((h, w) => np.matmul(h, w), x);
    return np.mean(y.ref.mul(y));
  };
  const step = (layers: np.Array[], x: np.Array) => {
    const [value, grads] = valueAndGrad(loss)(tree.ref(layers), x);
    return [value, layers.map((w, i) => w.sub(grads[i].mul(1e-3)))];
  };
  const program = await compile(step, [weights, tensor(1, [32, 64])]);
  await program.close();
  const { traceMs, lowerMs, sessionMs, nodes } = program.report;
  return { traceMs, lowerMs, sessionMs, nodes };
}

await initJax("wasm");
const rows = [];
for (const task of cases.filter(({ name }) => name.includes(part))) {
  const row = await measure(task);
  rows.push(row);
  const { name, threads, milliseconds, torchMilliseconds, torchThreads, ratio } = row;
  if (json) continue;
  console.log(
    `${name.padEnd(36)} ours ${milliseconds.toPrecision(3).padStart(6)} ms (${threads} threads)` +
      (ratio === null
        ? ""
        : `  PyTorch ${
          torchMilliseconds!.toPrecision(3).padStart(6)
        } ms (${torchThreads} threads)` +
          `  ratio ${ratio.toFixed(2)}`),
  );
}
const ratios = rows.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
if (json) console.log(JSON.stringify({ rows }));
else {
  if (ratios.length > 0) {
    const mean = Math.exp(ratios.reduce((s, r) => s + Math.log(r), 0) / ratios.length);
    console.log(
      `geometric mean of the ratios ${mean.toFixed(2)}, smallest ${Math.min(...ratios).toFixed(2)}`,
    );
  }
  for (const depth of part ? [] : [10, 100, 1000]) {
    const { traceMs, lowerMs, sessionMs, nodes } = await compileTime(depth);
    const [trace, lower, session] = [traceMs, lowerMs, sessionMs].map((ms) =>
      `${ms.toFixed(0)} ms`
    );
    console.log(
      `${depth} layers unrolled: trace ${trace}, lower ${lower}, session ${session}, ${nodes} nodes`,
    );
  }
}
Deno.exit(0);
