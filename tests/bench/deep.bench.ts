/**
 * @file Deep linear networks as loops: how long a training step takes to create and to run, and how much memory it
 * peaks at, with and without checkpointing. Each row is a process of its own.
 *
 * Run: deno task bench deep [--json]
 */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import type { Block } from "../../lib/engine/chain.ts";
import { compileChain } from "../../lib/engine/chain_program.ts";
import { sizeOf, type Spec, type Tensor, tensor } from "../../lib/engine/mod.ts";
import { monarch } from "../../lib/layers/monarch.ts";
import { disposeTree } from "../../lib/train/host.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

interface Task {
  readonly name: string;
  readonly kind: "dense" | "monarch";
  readonly width: number;
  readonly batch: number;
  readonly layers: number;
  readonly segments?: number;
}

const tasks: Task[] = [
  ...[10, 100, 1000].map((layers): Task => ({
    name: `deep linear, ${layers} layers of 64`,
    kind: "dense",
    width: 64,
    batch: 32,
    layers,
  })),
  { name: "Monarch, 100 layers of 512", kind: "monarch", width: 512, batch: 32, layers: 100 },
  { name: "Monarch, 5000 layers of 512", kind: "monarch", width: 512, batch: 32, layers: 5000 },
  // Activations outweigh parameters here: four times the depth costs twice the memory with sqrt(depth) segments.
  ...([[625], [2500], [625, 25], [2500, 50]] as const).map(([layers, segments]): Task => ({
    name: `deep linear, ${layers} layers of 64, batch 4096, ${segments ?? "no"} segments`,
    kind: "dense",
    width: 64,
    batch: 4096,
    layers,
    segments,
  })),
];

const f32 = (...shape: number[]): Spec => ({ dtype: "float32", shape });

const dense = (w: np.Array, x: np.Array) => np.matmul(x, w);

async function measure({ kind, width, batch, layers, segments }: Task) {
  await initJax("wasm");
  const params = kind === "dense" ? f32(width, width) : { l: f32(16, 32, 32), r: f32(32, 16, 16) };
  const block: Block = {
    kind: "layers",
    fn: kind === "dense" ? dense : monarch,
    params: params as Any,
    layers,
    segments,
  };
  const shapes = kind === "dense" ? [[width, width]] : [[16, 32, 32], [32, 16, 16]];
  const x = tensor(1, [batch, width]);
  const started = performance.now();
  const program = await compileChain({
    blocks: [block],
    x,
    target: x,
    loss: (y: np.Array, t: np.Array) => {
      const error = y.sub(t);
      return np.mean(error.ref.mul(error));
    },
    update: (params: Any, grads: Any, _state: Any, rate: np.Array) =>
      tree.map((p: np.Array, g: np.Array) => p.sub(g.mul(rate.ref)), params, grads) as Any,
    state: [],
  });
  const createMs = performance.now() - started;
  // Near the identity, so that 5,000 layers neither vanish nor explode.
  const initial = shapes.map((shape): Tensor => {
    const full = [layers, ...shape];
    const n = shape.at(-1)!;
    const data = new Float32Array(sizeOf(full));
    for (let i = 0; i < data.length; i++) data[i] = i % n === Math.floor(i / n) % n ? 1 : 0;
    return tensor(data, full);
  });
  let current: Any = [initial];
  const times: number[] = [];
  for (let i = 0; i < 4; i++) {
    const start = performance.now();
    const out = await program.run(current, [], x, x, tensor(1e-4));
    await out.value.read();
    disposeTree([current, out.value]);
    current = out.result;
    times.push(performance.now() - start);
  }
  const [, ...warm] = times;
  const parameters = initial.reduce((sum, t) => sum + t.data.byteLength, 0);
  const status = Deno.readTextFileSync("/proc/self/status");
  return {
    createMs: Math.round(createMs),
    stepMs: Number(Math.min(...warm).toPrecision(3)),
    nodes: program.report.nodes,
    parameterMiB: Math.round(parameters / 2 ** 20),
    peakMiB: Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024),
  };
}

if (Deno.args[1] === "--row") {
  console.log(JSON.stringify(await measure(tasks[Number(Deno.args[2])])));
  Deno.exit(0);
}
const rows = [];
for (const [i, { name }] of tasks.entries()) {
  const { stdout, success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      new URL("bench.ts", import.meta.url).pathname,
      "deep",
      "--row",
      `${i}`,
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const row = { name, ...JSON.parse(new TextDecoder().decode(stdout)) };
  rows.push(row);
  if (!Deno.args.includes("--json")) {
    console.log(
      `${name.padEnd(64)} create ${row.createMs} ms  step ${row.stepMs} ms  ` +
        `${row.nodes} nodes  peak ${row.peakMiB} MiB (parameters ${row.parameterMiB})`,
    );
  }
}
if (Deno.args.includes("--json")) console.log(JSON.stringify({ rows }));
