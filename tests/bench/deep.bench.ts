/**
 * @file Deep linear networks as loops: how long a training step takes to create and to run, and how much memory it
 * peaks at, with and without checkpointing. Each row is a process of its own. Activations are the peak less that of the same
 * network on a batch of one: what is left has parameters, gradients and updates of the same size on both sides.
 *
 * Run: deno task bench deep [--json]
 */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { compile, sizeOf, type Tensor, tensor } from "../../lib/engine/mod.ts";
import { scan } from "../../lib/engine/scan.ts";
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
  /** Measures them too. */
  readonly activations?: boolean;
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
  // Four times the depth costs twice the activations with sqrt(depth) segments, which need not divide it.
  ...([[625], [2500], [625, 25], [2500, 50], [2500, 49]] as const).map((
    [layers, segments],
  ): Task => ({
    name: `deep linear, ${layers} layers of 64, batch 4096, ${segments ?? "no"} segments`,
    kind: "dense",
    width: 64,
    batch: 4096,
    layers,
    segments,
    activations: true,
  })),
];

const dense = (w: np.Array, x: np.Array) => np.matmul(x, w);

async function measure({ kind, width, batch, layers, segments }: Task) {
  await initJax("wasm");
  const layer: (w: Any, x: np.Array) => np.Array = kind === "dense" ? dense : monarch;
  const loss = (params: Any, x: np.Array, target: np.Array) => {
    const turn = (_: unknown, x: np.Array, w: Any): [np.Array, unknown[]] => [layer(w, x), []];
    const error = scan(turn, [], x, params, { segments })[0].sub(target);
    return np.mean(error.ref.mul(error));
  };
  const step = (params: Any, x: np.Array, target: np.Array, rate: np.Array) => {
    const [value, grads] = valueAndGrad(loss)(tree.ref(params), x, target);
    const update = (p: np.Array, g: np.Array) => p.sub(g.mul(rate.ref)) as Any;
    return { value, params: tree.map(update, params, grads) };
  };
  // Near the identity, so that 5,000 layers neither vanish nor explode.
  const identities = (...shape: number[]): Tensor => {
    const full = [layers, ...shape];
    const n = shape.at(-1)!;
    const data = new Float32Array(sizeOf(full));
    for (let i = 0; i < data.length; i++) data[i] = i % n === Math.floor(i / n) % n ? 1 : 0;
    return tensor(data, full);
  };
  let params: Any = kind === "dense"
    ? identities(width, width)
    : { l: identities(16, 32, 32), r: identities(32, 16, 16) };
  const x = tensor(1, [batch, width]);
  const started = performance.now();
  const program = await compile(step, [params, x, x, tensor(0)]);
  const createMs = performance.now() - started;
  const times: number[] = [];
  for (let i = 0; i < 4; i++) {
    const start = performance.now();
    const out = await program.run(params, x, x, tensor(1e-4));
    await out.value.read();
    disposeTree([params, out.value]);
    ({ params } = out);
    times.push(performance.now() - start);
  }
  const [, ...warm] = times;
  const status = Deno.readTextFileSync("/proc/self/status");
  return {
    createMs: Math.round(createMs),
    stepMs: Number(Math.min(...warm).toPrecision(3)),
    nodes: program.report.nodes,
    peakMiB: Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024),
  };
}

type Measured = Awaited<ReturnType<typeof measure>>;

/** A row in a process of its own. */
async function inProcess(task: Task): Promise<Measured> {
  const script = new URL("bench.ts", import.meta.url).pathname;
  const { stdout, success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script, "deep", "--row", JSON.stringify(task)],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (Deno.args[1] === "--row") {
  console.log(JSON.stringify(await measure(JSON.parse(Deno.args[2]))));
  Deno.exit(0);
}
const json = Deno.args.includes("--json");
const rows = [];
for (const task of tasks) {
  const measured = await inProcess(task);
  const activationsMiB = task.activations
    ? measured.peakMiB - (await inProcess({ ...task, batch: 1 })).peakMiB
    : null;
  const row = { name: task.name, ...measured, activationsMiB };
  rows.push(row);
  if (json) continue;
  console.log(
    `${
      row.name.padEnd(64)
    } create ${row.createMs} ms  step ${row.stepMs} ms  ${row.nodes} nodes  ` +
      `peak ${row.peakMiB} MiB${
        activationsMiB === null ? "" : `  activations ${activationsMiB} MiB`
      }`,
  );
}
if (json) console.log(JSON.stringify({ rows }));
