/**
 * @file Inference at lookback 336, horizon 96: latency at batch 1 and 64 and peak memory of a deep linear network as it is
 * trained (layer by layer) and as it is used (collapsed to one matrix), of a Transformer and of an LSTM. Each row is a
 * process of its own; one thread.
 *
 * Run: deno task bench inference [--json]
 */
import { init as initJax, nn, numpy as np } from "@jax-js/jax";
import { compile, sizeOf, type Tensor, tensor } from "../../lib/engine/mod.ts";
import { linear } from "../../lib/layers/linear.ts";
import { layer as attention } from "../../lib/layers/sequence/softmax_attention.ts";
import { layer as lstm } from "../../lib/layers/sequence/lstm.ts";
import { asSequenceModel } from "../../lib/models/model.ts";
import { model as stack } from "../../lib/models/stack.ts";
import { freshParameters } from "../../lib/train/host.ts";
import { compileRollout } from "../../lib/train/rollout.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const [lookback, horizon, layers, width] = [336, 96, 10, 64];
const noise = (shape: number[], scale = 0.05): Tensor =>
  tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * Math.sin(i * i)), shape);

/** Forecasts of a batch; the models are univariate. */
type Forecast = (batch: number) => Promise<() => Promise<unknown>>;

/** A plain function of parameters and windows [B, lookback]. */
const plain =
  (fn: (params: Any, x: np.Array) => np.Array, params: Any): Forecast => async (batch) => {
    const x = noise([batch, lookback], 1);
    const program = await compile(fn, [params, x]);
    return async () => await (await program.run(params, x)).read();
  };

const models: Record<string, Forecast> = {
  "collapsed deep linear": plain(
    ({ w, b }, x) => np.matmul(x, w).add(b),
    { w: noise([lookback, horizon]), b: noise([horizon]) },
  ),
  [`layered deep linear, ${layers} layers`]: plain(
    (weights: np.Array[], x) => weights.reduce((h, w) => np.matmul(h, w), x),
    [
      noise([lookback, horizon]),
      ...Array.from({ length: layers - 1 }, () => noise([horizon, horizon])),
    ],
  ),
  [`LSTM h=${width}`]: plain(
    ({ input, u, head }, x) => {
      const [batch] = x.shape;
      const projected = linear(input, x.reshape([batch, lookback, 1]));
      let state: Any = { h: np.zeros([batch, width]), c: np.zeros([batch, width]) };
      let last!: np.Array;
      for (const slice of np.split(projected, lookback, 1)) {
        const token = slice.reshape([batch, 4 * width]);
        [state, last] = lstm.cell({ width }, { recurrent: u.ref } as Any, state, token) as Any;
      }
      return linear(head, nn.identity(last));
    },
    {
      input: { weight: noise([1, 4 * width]), bias: noise([4 * width]) },
      u: noise([width, 4 * width]),
      head: { weight: noise([width, horizon]), bias: noise([horizon]) },
    },
  ),
  [`Transformer d=${width} L=2, patches of 16`]: async (batch) => {
    const model = asSequenceModel(stack.configure({ patch: 16, width }, {
      signature: { kind: "series", channels: 1 },
      layers: Array(2).fill({ name: "softmax_attention", layer: attention, options: {} }),
    }));
    const params = await freshParameters(model, 0);
    const y = noise([batch, lookback, 1], 1);
    const roller = await compileRollout(model, params, y.shape, horizon, compile);
    return () => roller.run(y);
  },
};

const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

async function measure(name: string, batch: number) {
  await initJax("wasm");
  const run = await models[name](batch);
  await run();
  const times: number[] = [];
  for (let i = 0; i < 15; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  const status = Deno.readTextFileSync("/proc/self/status");
  const peakMiB = Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024);
  return { milliseconds: Number(median(times).toPrecision(3)), peakMiB };
}

const [, flag, name, batch] = Deno.args;
if (flag === "--row") {
  console.log(JSON.stringify(await measure(name, Number(batch))));
  Deno.exit(0);
}
const json = Deno.args.includes("--json");
const rows = [];
for (const name of Object.keys(models)) {
  for (const batch of [1, 64]) {
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", new URL("bench.ts", import.meta.url).pathname],
        ...["inference", "--row", name, String(batch)],
      ],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const row = { name, batch, ...JSON.parse(new TextDecoder().decode(stdout)) };
    rows.push(row);
    if (json) continue;
    const { milliseconds, peakMiB } = row;
    console.log(`${name.padEnd(40)} batch ${batch}  ${milliseconds} ms  peak ${peakMiB} MiB`);
  }
}
if (json) console.log(JSON.stringify({ rows }));
