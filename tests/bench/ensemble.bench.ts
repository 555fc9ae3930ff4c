/**
 * @file Is it faster to train several seeds in one program? Five seeds of each model, one training step with Adam: in five programs
 * one after the other, and in one program by `vmap` (lib/train/ensemble.ts). One thread, interleaved, medians; the
 * batches are made beforehand.
 *
 * Run: deno task bench ensemble [--json]
 */
import { compile } from "../../lib/engine/engines/ort.ts";
import { layer as attention } from "../../lib/layers/sequence/softmax_attention.ts";
import { layer as dense } from "../../lib/layers/sequence/dense_recurrence.ts";
import { layer as linearAttention } from "../../lib/layers/sequence/linear_attention.ts";
import { layer as lru } from "../../lib/layers/sequence/lru.ts";
import { asSequenceModel, type LayerChoice, type SequenceModel } from "../../lib/models/model.ts";
import { model as causalLinear } from "../../lib/models/causal_linear.ts";
import { model as stack } from "../../lib/models/stack.ts";
import { task as filtering } from "../../lib/tasks/filtering/filtering.ts";
import { learning } from "../../lib/train/learning.ts";

const seeds = [0, 1, 2, 3, 4].map((k) => ({ instance: k, initialisation: k, data: 100 + k }));
const task = filtering.configure({ lambda: 0.96 });
const { signature } = task;
const ofLayers = (layer: unknown, options: object, layers: number, own: object) =>
  asSequenceModel(stack.configure(options, {
    signature,
    layers: Array<LayerChoice>(layers).fill({ name: "", layer, options: own } as LayerChoice),
  }));
const transformer = (layer: unknown, width: number, heads: number, options: object = {}) =>
  ofLayers(layer, { width, ...options }, 2, { heads });
const cases: [name: string, model: SequenceModel, batch: number][] = [
  ["Transformer, width 32", transformer(attention, 32, 2), 4],
  ["Transformer, width 32, patches of 8", transformer(attention, 32, 2, { patch: 8 }), 4],
  ["Transformer, width 64", transformer(attention, 64, 4), 16],
  ["linear Transformer, width 32", transformer(linearAttention, 32, 2), 4],
  ["causal linear map of 64", causalLinear.configure({ taps: 64 }, { signature, layers: [] }), 8],
  ["LRU, 64 states", ofLayers(lru, { block: "bare" }, 1, { state: 64 }), 8],
  ["dense recurrence, 64 states", ofLayers(dense, { block: "bare" }, 1, { state: 64 }), 8],
];

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

const rows = [];
for (const [name, model, batch] of cases) {
  const prepare = async (chosen: typeof seeds) => {
    const { nextBatch, compileStep } = learning(task, model, chosen, batch);
    const data = nextBatch(0);
    const training = await compileStep(data, { compile, optimiser: { clipNorm: 1 } });
    let current: Parameters<typeof training.run>[0] = training.fresh;
    return {
      async step() {
        const out = await training.run(current, data, [1e-3]);
        await out.value.read();
        current = out;
      },
      close: training.close,
    };
  };
  const together = await prepare(seeds);
  const alone = await Promise.all(seeds.map((seed) => prepare([seed])));
  const times = { together: [] as number[], alone: [] as number[] };
  for (let round = 0; round < 18; round++) {
    let start = performance.now();
    await together.step();
    if (round > 2) times.together.push(performance.now() - start);
    start = performance.now();
    for (const one of alone) await one.step();
    if (round > 2) times.alone.push(performance.now() - start);
  }
  await together.close();
  for (const one of alone) await one.close();
  const [one, five] = [median(times.together), median(times.alone)];
  rows.push({ name, batch, together: one, alone: five, ratio: five / one });
}
if (Deno.args.includes("--json")) console.log(JSON.stringify({ rows }));
else {
  console.log("five seeds, milliseconds a step: five programs, one program, ratio");
  for (const { name, batch, together, alone, ratio } of rows) {
    const what = `${name}, batch ${batch}`.padEnd(50);
    console.log(
      `${what} ${alone.toFixed(1).padStart(7)} ${together.toFixed(1).padStart(7)} ${
        ratio.toFixed(2)
      }`,
    );
  }
}
Deno.exit(0);
