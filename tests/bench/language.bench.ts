/**
 * @file What does a training step of a language model that is one matrix cost beside its matrix products? A linear mixer of 1,024 units on
 * 512 tokens, 16 sequences of 32, with Adam, and the six products of its forward and backward pass alone, on the same engine, in
 * alternation: medians, and their ratio with a 95 % interval. What is beyond 1 is the embedding's gather and scatter, softmax,
 * transpositions and Adam.
 *
 * Run: deno task bench language [--json]
 */
import { numpy as np } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../../lib/engine/arrays.ts";
import { compile } from "../../lib/engine/engines/ort.ts";
import { model as mixer } from "../../lib/models/token_mixer.ts";
import { keyOf, normals, uniforms } from "../../lib/random/random.ts";
import { task as language } from "../../lib/tasks/language/language.ts";
import { type Tensor, tensor } from "../../lib/tensor/tensor.ts";
import { disposeTree } from "../../lib/train/host.ts";
import { learning } from "../../lib/train/learning.ts";
import { alternation, median, pairedRatio } from "./steps/paired.ts";

const [vocabulary, width, length, batch] = [512, 1024, 32, 16];
const [warmup, rounds] = [3, 20];

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

interface Measured {
  /** Runs once, to its end. */
  run(): Promise<void>;
  close(): Promise<void>;
}

async function trainingStep(): Promise<Measured> {
  const task = language.configure({ length }, { tensors: corpus() });
  const model = mixer.configure({ width, length }, { signature: task.signature, layers: [] });
  const seeds = [{ instance: 0, initialisation: 0, data: 0 }];
  const { nextBatch, compileStep } = learning(task, model, seeds, batch);
  const data = nextBatch(0);
  const step = await compileStep(data, { compile });
  let current: Parameters<typeof step.run>[0] = step.fresh;
  return {
    async run() {
      const out = await step.run(current, data, [1e-3]);
      await out.value.read();
      current = out;
    },
    close: step.close,
  };
}

/** Forward: mixing, head. Backward: head, units, mixing, embeddings. */
async function products(): Promise<Measured> {
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
  return {
    async run() {
      const out = await program.run(given);
      await out.ofWeight.read();
      disposeTree(out);
    },
    close: () => program.close(),
  };
}

/** Measures and prints. */
export async function main(): Promise<void> {
  const sides = [await trainingStep(), await products()];
  const times: number[][] = sides.map(() => []);
  for (let round = 0; round < warmup + rounds; round++) {
    for (const which of alternation(sides.length, round)) {
      const start = performance.now();
      await sides[which].run();
      if (round >= warmup) times[which].push(performance.now() - start);
    }
  }
  for (const side of sides) await side.close();
  const [step, alone] = times.map(median);
  const { ratio, low, high } = pairedRatio(times[1], times[0]);
  if (Deno.args.includes("--json")) {
    console.log(
      JSON.stringify({ vocabulary, width, length, batch, step, alone, ratio, low, high }),
    );
  } else {
    console.log(
      `linear mixer, ${width} units, ${vocabulary} tokens, ${batch} x ${length}: a step takes ${
        step.toFixed(1)
      } ms, its products alone ${alone.toFixed(1)} ms, ${ratio.toFixed(2)} times as long [${
        low.toFixed(2)
      }, ${high.toFixed(2)}]`,
    );
  }
  Deno.exit(0);
}
