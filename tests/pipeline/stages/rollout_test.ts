/** @file The stage evaluate, running free, of models whose rollouts are known on paper. */
import assert from "node:assert/strict";
import type { LayerChoice } from "../../../lib/models/model.ts";
import { model as stack } from "../../../lib/models/stack.ts";
import { createSystem, kalman, type Score, score, simulate } from "../../../lib/ssm/mod.ts";
import { type Tensor, tensor } from "../../../lib/tensor/tensor.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { freshParameters } from "../../../lib/train/host.ts";
import { rolloutBytes } from "../../../lib/train/rollout_bytes.ts";
import { type Architecture, preset } from "../../../pipeline/presets.ts";
import * as evaluate from "../../../pipeline/stages/evaluate.ts";
import {
  channel,
  type KnownModel,
  knownModel,
  knownTensors,
  seriesOf,
} from "../../train/known_model.ts";
import { artifact, dataset, runStage, stillClock } from "./run_stage.ts";

const distribution = { latentDim: 4, obsDim: 2, lambda: 0.9 };
const key = 3;
const length = 24;
const filter = kalman(createSystem(key, distribution), length);
const draw = (batch: number) => simulate(createSystem(key, distribution), 5, { batch, length });

interface Asked {
  /** The known one by default. */
  readonly architecture?: Architecture;
  readonly known?: KnownModel;
  /** By name, as a trained model's file has them. */
  readonly tensors: Record<string, Tensor>;
  readonly patch: number;
  readonly sequences?: number;
  readonly batch?: number;
  readonly rollout: { warmup: number; horizons: number[] };
  readonly memoryMiB?: number;
  readonly threads?: number;
  readonly engine?: "ort" | "jax";
  readonly onProgress?: (done: number, total: number) => void;
}

const run = (
  {
    known = knownModel(),
    patch,
    architecture = { model: { name: "known", options: { patch } }, layers: [] },
    tensors,
    sequences = 5,
    batch = 2,
    rollout,
    memoryMiB,
    threads,
    engine,
    onProgress,
  }: Asked,
) =>
  runStage(evaluate, {
    task: { name: "filtering", options: distribution },
    ...architecture,
    instance: key,
    batch,
    memoryMiB,
    protocol: { rollout },
  }, {
    ...(architecture.model.name === "known" ? { modules: { model: known } } : {}),
    inputs: {
      model: artifact({ files: { "model-0.safetensors": { tensors } } }),
      data: dataset(draw(sequences)),
    },
    threads,
    engine,
    onProgress,
  });

/** Scores of `predict(sequence, channel, horizon)`, for every horizon alone. */
function assertRolled(
  scores: { overall: Score; byHorizon: Score[]; horizons: number[] },
  { warmup, horizons }: Asked["rollout"],
  predict: (b: number, j: number, h: number) => number,
  sequences = 5,
) {
  const data = Array.from(
    { length: sequences },
    (_, b) => horizons.map((h) => [0, 1].map((j) => predict(b, j, h))),
  ).flat(2);
  const prediction = { shape: [sequences, 1, horizons.length, 2], data };
  const want = score(filter, draw(sequences), prediction, { contexts: [warmup], horizons });
  assert.deepEqual(scores.horizons, horizons);
  assert.equal(scores.byHorizon.length, horizons.length);
  const pairs: [string, Score, Score][] = [["overall", scores.overall, want.overall]];
  horizons.forEach((h, i) => pairs.push([`horizon ${h}`, scores.byHorizon[i], want.byHorizon[i]]));
  for (const [what, got, wanted] of pairs) {
    for (const [name, value] of Object.entries(wanted)) {
      const near = Math.abs(got[name as keyof Score] - value) <= 1e-4 * (1 + Math.abs(value));
      assert.ok(near, `${what}, ${name}: ${got[name as keyof Score]}, ${value}`);
    }
  }
}

Deno.test("what fades by a factor is gain^h y_w at every horizon h, whatever the patch", async () => {
  const gain = [0.9, -0.6];
  const tensors = knownTensors({ gain, level: 0, slope: 0 });
  const y = draw(5);
  for (const patch of [1, 2, 4]) {
    for (const warmup of [4, 8]) {
      const rollout = { warmup, horizons: [1, 2, 3, 5, 8] };
      const result = await run({ tensors, patch, rollout });
      const scores = result.json("scores.json");
      assertRolled(scores, rollout, (b, j, h) => gain[j] ** h * channel(y, b, j)[warmup - 1]);
      const { ratio: loss, zero: floor, gapClosed } = scores.overall;
      assert.deepEqual(result.scalars, { loss, floor, optimum: 1, gapClosed });
    }
  }
});

for (const name of ["transformer", "linear_transformer", "lstm"] as const) {
  Deno.test(`norm causal: a rollout keeps mean and deviation of its warm-up: ${name}`, async () => {
    const size = { dModel: 4, layers: 1, ...(name === "lstm" ? {} : { heads: 1 }) };
    const architecture = preset(name, { ...size, patch: 2, norm: "causal" });
    const warmup = 6;
    const rollout = { warmup, horizons: [1, 2, 3, 4, 9] };
    const bias = [0.7, -0.3, 1.1, 0.4];
    // With the head's weight at zero a model says its bias, in the units of the statistics.
    const tensors = { ...await freshTensors(architecture), "ends.head.bias": tensor(bias) };
    const result = await run({ architecture, tensors, patch: 2, rollout });
    const y = draw(5);
    assertRolled(result.json("scores.json"), rollout, (b, j, h) => {
      const seen = channel(y, b, j).slice(0, warmup);
      // The train statistics, 0 and 1, are worth 8 observations.
      const mean = seen.reduce((a, x) => a + x, 0) / (warmup + 8);
      const square = (seen.reduce((a, x) => a + x * x, 0) + 8) / (warmup + 8);
      return bias[(h - 1) % 2 * 2 + j] * Math.sqrt(square - mean ** 2) + mean;
    });
  });
}

/** Fresh parameters of a stack for two channels, by their names in a file. */
async function freshTensors({ model, layers }: Architecture) {
  const choices: LayerChoice[] = [];
  for (const part of layers) {
    const { layer } = await import(`../../../lib/layers/sequence/${part.name}.ts`);
    choices.push({ ...part, layer });
  }
  const { signature } = seriesOf(2);
  const made = stack.configure(model.options, { signature, layers: choices });
  const tensors = flatten(await freshParameters(made, 1));
  assert.ok("ends.head.bias" in tensors, Object.keys(tensors).join());
  return tensors;
}

const fading = knownTensors({ gain: [0.5, 0.5], level: 0, slope: 0 });

Deno.test("a rollout may reach the end of the sequences and no further", async () => {
  const far = (warmup: number, h: number) =>
    run({ tensors: fading, patch: 1, rollout: { warmup, horizons: [h, 1] } });
  assert.equal((await far(20, 4)).json("scores.json").byHorizon.length, 2);
  await assert.rejects(far(20, 5), /20 \+ 5 observations need sequences of that length, not 24/);
  await assert.rejects(far(21, 4), /21 \+ 4 observations/);
});

Deno.test("a batch holds as many rollouts as the memory allows, at least one and no more than asked for", async () => {
  const rollout = { warmup: 6, horizons: [5] };
  // Two tokens of warm-up, and two that hold the five observations after it.
  const { model } = knownModel();
  const bytes = rolloutBytes(model.configure({ patch: 3 }, seriesOf(2)), fading, 4, 2);
  const batches = async (room: number, batch: number) => {
    const known = knownModel();
    const memoryMiB = room / 2 ** 20;
    const result = await run({ known, tensors: fading, patch: 3, batch, rollout, memoryMiB });
    assert.equal(result.observed["sequence bytes"], bytes);
    assert.ok(known.capacities.every((capacity) => capacity === 4), `${known.capacities}`);
    const whole = result.progress.filter(([done]) => Number.isInteger(done)).map(([done]) => done);
    return { whole: [...new Set(whole)], said: result.logged.join() };
  };
  const fits = await batches(2 * bytes, 2);
  assert.deepEqual(fits.whole.filter((done) => done % 2 === 0 || done === 5), [2, 4, 5]);
  assert.equal(fits.said, "", "nothing to say where memory is not short");
  const tight = await batches(2 * bytes - 1, 2);
  assert.deepEqual(tight.whole, [1, 2, 3, 4, 5]);
  assert.match(
    tight.said,
    /5 sequences, about \d\.\d\d MiB each, batches of 1 \(reduced to fit [\d.]+ MiB\)$/,
  );
  const larger = await batches(bytes / 2, 2);
  assert.match(larger.said, /batches of 1 \(reduced/);
  const few = await batches(100 * bytes, 32);
  assert.equal(few.whole.at(-1), 5);
  assert.equal(few.said, "");
});

Deno.test("seconds of a token and of a sequence leave out what compiles", async () => {
  using clock = stillClock();
  // Four tokens of two observations, two sequences at once; then a batch of which one sequence or both count.
  for (const sequences of [3, 4]) {
    const ticks = [50, 50, 4, 8, 1, 1, 4, 8];
    const { observed } = await run({
      tensors: fading,
      patch: 2,
      sequences,
      rollout: { warmup: 4, horizons: [7] },
      onProgress: () => clock.advance(ticks.shift() ?? 0),
    });
    // The second token compiles too. Each starts when the one before is done, before its progress is told.
    const { "sequence bytes": _, ...seconds } = observed;
    assert.deepEqual(seconds, {
      "token seconds": (50 + 4 + 1 + 1 + 4) / (5 * 2 * 2),
      "unit seconds": (1 + 1 + 4 + 8) / (sequences - 2),
    });
  }
});

Deno.test("two tokens both compile, and say nothing about the seconds of a token; three do", async () => {
  for (const [horizon, says] of [[4, false], [5, true]] as const) {
    const rollout = { warmup: 4, horizons: [horizon] };
    const { observed } = await run({
      ...{ tensors: fading, patch: 2, rollout },
      batch: 5,
    });
    assert.equal("token seconds" in observed, says, `${horizon}`);
  }
});

Deno.test("a rollout takes the engine and the threads that the job has", async () => {
  const rollout = { warmup: 4, horizons: [4] };
  const asked = { tensors: fading, patch: 2, rollout, threads: -1 };
  await assert.rejects(run(asked), /NumThreads.*-1/);
  // Only the native engine looks at the threads.
  const scores = (await run({ ...asked, engine: "jax" })).json("scores.json");
  const y = draw(5);
  assertRolled(scores, rollout, (b, j, h) => 0.5 ** h * channel(y, b, j)[3]);
});
