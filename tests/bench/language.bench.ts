/**
 * @file What does a training step of a language model that is one matrix cost beside its matrix products? A linear mixer of 1,024 units on
 * 512 tokens, with Adam, and the six products of its forward and backward pass alone, as the model is written (embed, mix, head), on the same
 * engine, in alternation: medians, and their ratio with a 95 % interval. What is beyond 1 is the embedding's gather and scatter, softmax,
 * transpositions and Adam; below 1 it falls where head and embedding are multiplied first, which takes the products of the vocabulary's
 * rows in place of the tokens'. Batches: that of the experiments here, four times it, and that of the page that proposed the model.
 * Beside it the same step in PyTorch, eager and compiled as the model is written, and eager as one matrix, by every interpreter that is named,
 * each a process that is warm; what an interpreter cannot import is left out, with the reason.
 *
 * Run: deno task bench language [--python PATH]... [--json]
 *   --python PATH  interpreters, /usr/bin/python3 by default: Debian's python3-torch (with libopenblas0), and a virtual environment
 *                  with the current torch of PyPI.
 */
import { numpy as np } from "@jax-js/jax";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Arrays, JaxArray } from "../../lib/engine/arrays.ts";
import { compile } from "../../lib/engine/engines/ort.ts";
import { model as mixer } from "../../lib/models/token_mixer.ts";
import { keyOf, normals, uniforms } from "../../lib/random/random.ts";
import { task as language } from "../../lib/tasks/language/language.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";
import { disposeTree } from "../../lib/train/host.ts";
import { learning } from "../../lib/train/learning.ts";
import { alternation, median, pairedRatio } from "./steps/paired.ts";
import { startMeasuring } from "./steps/process.ts";

const [vocabulary, width] = [512, 1024];
interface Load {
  /** Tokens of a sequence, and sequences of a batch. */
  readonly length: number;
  readonly batch: number;
  readonly rounds: number;
}
const loads: Load[] = [
  { length: 32, batch: 16, rounds: 20 },
  { length: 32, batch: 64, rounds: 20 },
  { length: 128, batch: 128, rounds: 8 },
];
const warmup = 3;
const torchModes = ["eager", "compile", "one-matrix"];

/** Random tokens: what they are does not matter to a time, so they stand for every part. */
function corpus(): Record<string, Tensor> {
  const drawn = uniforms(keyOf(0), 20_000);
  const ids = tensor(Int32Array.from(drawn, (u) => Math.floor(u * vocabulary)), [drawn.length]);
  const starts = tensor(0, [1], "int32");
  return {
    symbols: tensor(Int32Array.from({ length: vocabulary }, (_, i) => i), [vocabulary]),
    ...{ train: ids, trainStarts: starts },
  };
}

interface Side {
  readonly name: string;
  /** Seconds of one step. */
  measure(): Promise<number>;
  close(): Promise<void>;
}

/** What this process runs itself. */
function own(name: string, run: () => Promise<void>, close: () => Promise<void>): Side {
  return {
    ...{ name, close },
    async measure() {
      const start = performance.now();
      await run();
      return (performance.now() - start) / 1000;
    },
  };
}

async function trainingStep({ length, batch }: Load): Promise<Side> {
  const task = language.configure({ length }, { tensors: corpus() });
  const model = mixer.configure({ width, length }, { signature: task.signature, layers: [] });
  const seeds = [{ instance: 0, initialisation: 0, data: 0 }];
  const { nextBatch, compileStep } = learning(task, model, seeds, batch);
  const data = nextBatch(0);
  const step = await compileStep(data, { compile });
  let current: Parameters<typeof step.run>[0] = step.fresh;
  return own("a step", async () => {
    const out = await step.run(current, data, [1e-3]);
    await out.value.read();
    current = out;
  }, step.close);
}

/** Forward: mixing, head. Backward: head, units, mixing, embeddings. */
async function products({ length, batch }: Load): Promise<Side> {
  const rows = length * batch;
  const shapes: Record<string, number[]> = {
    weight: [length, length],
    embedded: [length, batch * width],
    head: [width, vocabulary],
    logits: [rows, vocabulary],
  };
  const given = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      const count = shape.reduce((a, b) => a * b);
      return [name, tensor(Float32Array.from(normals(keyOf(i), count)), shape)];
    }),
  );
  const program = await compile((arrays: Arrays) => {
    const { weight, embedded, head, logits } = arrays as Record<string, JaxArray>;
    const mixed = np.matmul(weight.ref, embedded.ref);
    const units = mixed.reshape([rows, width]);
    const forward = np.matmul(units.ref, head.ref);
    const ofHead = np.matmul(np.transpose(units), logits.ref);
    const ofUnits = np.matmul(logits, np.transpose(head)).reshape([length, batch * width]);
    const ofWeight = np.matmul(ofUnits.ref, np.transpose(embedded));
    const ofEmbedded = np.matmul(np.transpose(weight), ofUnits);
    return { ofWeight, forward, ofHead, ofEmbedded };
  }, [given]);
  return own("its products alone", async () => {
    const out = await program.run(given);
    await out.ofWeight.read();
    disposeTree(out);
  }, () => program.close());
}

/** The same step by an interpreter, or why there is none. */
async function torch(
  python: string,
  mode: string,
  { length, batch }: Load,
): Promise<Side | string> {
  const script = fileURLToPath(new URL("torch_language.py", import.meta.url));
  const sizes = [vocabulary, width, length, batch].map(String);
  const process = await startMeasuring(python, [script, ...sizes, mode]);
  const name = `${python}, ${mode}`;
  if (typeof process === "string") return `${name}: ${process}`;
  return {
    name: `${name} (${process.description})`,
    measure: async () => (await process.measure(1)).seconds,
    close: process.close,
  };
}

/** Medians of all sides at a load, and what was left out. */
async function measured(load: Load, pythons: readonly string[]) {
  const sides = [await trainingStep(load), await products(load)];
  const missing: string[] = [];
  for (const path of pythons) {
    for (const mode of torchModes) {
      const side = await torch(path, mode, load);
      if (typeof side === "string") missing.push(side);
      else sides.push(side);
    }
  }
  const times: number[][] = sides.map(() => []);
  for (let round = 0; round < warmup + load.rounds; round++) {
    for (const which of alternation(sides.length, round)) {
      const seconds = await sides[which].measure();
      if (round >= warmup) times[which].push(1000 * seconds);
    }
  }
  for (const side of sides) await side.close();
  const [step] = times;
  const rows = sides.slice(1).map(({ name }, i) => ({
    ...{ name, milliseconds: median(times[i + 1]) },
    // Ours over theirs: below 1 ours is faster.
    ...pairedRatio(times[i + 1], step),
  }));
  return { ...load, milliseconds: median(step), rows, missing };
}

/** Measures and prints. */
export async function main(): Promise<void> {
  const { values: { python, json } } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      python: { type: "string", multiple: true, default: ["/usr/bin/python3"] },
      json: { type: "boolean", default: false },
    },
  });
  const all = [];
  for (const load of loads) {
    const result = await measured(load, python);
    all.push(result);
    if (json) continue;
    const { length, batch, milliseconds, rows, missing } = result;
    console.log(
      `linear mixer, ${width} units, ${vocabulary} tokens, ${batch} x ${length}: a step takes ${
        milliseconds.toFixed(1)
      } ms`,
    );
    for (const { name, milliseconds, ratio, low, high } of rows) {
      const interval = `[${low.toFixed(2)}, ${high.toFixed(2)}]`;
      console.log(
        `${ratio.toFixed(2)} ${interval} times as long as ${name}: ${milliseconds.toFixed(1)} ms`,
      );
    }
    for (const reason of missing) console.log(`left out: ${reason}`);
  }
  if (json) console.log(JSON.stringify({ vocabulary, width, loads: all }));
  Deno.exit(0);
}
