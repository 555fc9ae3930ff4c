/**
 * @file Is it faster to train several seeds in one program? Five seeds of each model, one training step with Adam: in five programs
 * one after the other, and in one program by `vmap` (lib/train/members.ts). One thread, interleaved, medians; the
 * batches are made beforehand.
 *
 * Run: deno task bench members [--json]
 */
import { init as initJax } from "@jax-js/jax";
import type { SequenceModel } from "../../lib/models/sequence_model.ts";
import { filteringTask } from "../../lib/tasks/filtering/filtering_task.ts";

const seeds = [0, 1, 2, 3, 4].map((k) => ({ system: k, initialisation: k, data: 100 + k }));
const cases: [name: string, options: object, batch: number][] = [
  ["transformer", { dModel: 32, layers: 2, heads: 2 }, 4],
  ["transformer", { dModel: 32, layers: 2, heads: 2, patch: 8 }, 4],
  ["transformer", { dModel: 64, layers: 2, heads: 4 }, 16],
  ["linear_transformer", { dModel: 32, layers: 2, heads: 2 }, 4],
  ["causal_linear", { taps: 64 }, 8],
  ["lru", { state: 64 }, 8],
  ["dense_recurrence", { state: 64 }, 8],
];

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

await initJax("wasm");
const rows = [];
for (const [name, options, batch] of cases) {
  const model: SequenceModel = await import(`../../lib/models/${name}.ts`);
  const config = model.configure(options, 2);
  const prepare = async (chosen: typeof seeds) => {
    const size = { batch, length: 256 };
    const task = filteringTask(model, config, { lambda: 0.96 }, chosen, size);
    const data = task.nextBatch(0);
    const training = await task.compile(data, { threads: 1, optimiser: { clipNorm: 1 } });
    let current: Parameters<typeof training.run>[0] = training.fresh;
    return {
      async step() {
        const out = await training.run(current, data, 1e-3);
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
  rows.push({ name, options, batch, together: one, alone: five, ratio: five / one });
}
if (Deno.args.includes("--json")) console.log(JSON.stringify({ rows }));
else {
  console.log("five seeds, milliseconds a step: five programs, one program, ratio");
  for (const { name, options, batch, together, alone, ratio } of rows) {
    const what = `${name} ${JSON.stringify(options)}, batch ${batch}`.padEnd(70);
    console.log(
      `${what} ${alone.toFixed(1).padStart(7)} ${together.toFixed(1).padStart(7)} ${
        ratio.toFixed(2)
      }`,
    );
  }
}
Deno.exit(0);
