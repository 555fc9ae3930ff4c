/**
 * @file What the tests of this folder run on the GPU: `work.ts KIND,... all|sample [--seconds]`. The last line is a list of what went
 * wrong, as JSON.
 */
import { init as initJax, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type EngineName, type Handle, type Tensor } from "../../../lib/engine/mod.ts";
import { disposeTree } from "../../../lib/train/host.ts";
import { assertParity, layers, layerStep } from "../layer_cases.ts";
import { leaves, runEngine, runJax } from "../oracle.ts";
import { cases, checkCase } from "../primitive_cases.ts";
import { edges, handles } from "./behaviour.ts";
import { exceptions, onTheCpu } from "./exceptions.ts";
import { memory } from "./memory.ts";
import {
  layerTrainings,
  models,
  resultsOf,
  toleranceOf,
  type TrainingCase,
} from "./training_cases.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

await initJax("wasm");
const [kind, extent, loud] = Deno.args;
const engine = "ort-webgpu" as const;
const problems: string[] = [];
let done = 0;
let current = "";

async function attempt(name: string, run: () => Promise<void>): Promise<void> {
  const started = performance.now();
  try {
    await run();
    done++;
  } catch (error) {
    problems.push(`${current}, ${name}: ${(error as Error).message.slice(0, 300)}`);
    if (loud) console.log(`  ${problems.at(-1)}`);
  }
  const seconds = (performance.now() - started) / 1000;
  if (loud === "--seconds") console.log(`  ${seconds.toFixed(2)} s  ${name}`);
}

/** All entries, or those of a sample. */
function* chosen<T>(record: Readonly<Record<string, T>>, sample: readonly string[]) {
  for (const name of sample) assert.ok(name in record, `there is no "${name}"`);
  for (const [name, value] of Object.entries(record)) {
    if (extent === "all" || sample.includes(name)) yield [name, value] as const;
  }
}

const read = (handles: readonly Handle[]) => Promise.all(handles.map((handle) => handle.read()));
const sameBits = (a: readonly Tensor[], b: readonly Tensor[]) =>
  a.every(({ data }, i) => data.every((x, k) => Object.is(x, b[i].data[k])));

/** The results of the first run, twice, and the losses of five runs. */
async function train({ step, params, state, batch, rates }: TrainingCase, engine: EngineName) {
  const args = [params, state, batch, rates];
  const program = await compile(step, args, { engine, deviceOnly: engine === "ort-webgpu" });
  try {
    const once = async () => {
      const out = await program.run(...args);
      const results = await read(resultsOf(out));
      disposeTree(out);
      return results;
    };
    const [first, again] = [await once(), await once()];
    const losses: number[] = [];
    let current: Any = { params, state };
    for (let k = 0; k < 5; k++) {
      const { value, gradNorm, ...next } = await program.run(
        current.params,
        current.state,
        batch,
        rates,
      );
      losses.push(...(await value.read()).data);
      disposeTree([value, gradNorm, current]);
      current = next;
    }
    disposeTree(current);
    return { first, again, losses };
  } finally {
    await program.close();
  }
}

/** Loss, moments (which are gradients after the first step) and parameters, bits from run to run, and five losses. */
async function checkTraining(training: TrainingCase, tolerance: number): Promise<void> {
  const want = await train(training, "ort");
  const got = await train(training, engine);
  assertParity(got.first, want.first, tolerance);
  assert.ok(sameBits(got.first, got.again), "two runs differ");
  got.losses.forEach((loss, k) => {
    // Adam divides by the size of gradients, so that small differences grow.
    const limit = Math.max(1e-3, tolerance) * Math.max(Math.abs(want.losses[k]), 1e-2);
    assert.ok(Math.abs(loss - want.losses[k]) <= limit, `${k}: ${loss}, ${want.losses[k]}`);
  });
}

const kinds: Record<string, () => Promise<void>> = {
  async primitives() {
    // Of the shapes of a primitive the last ones are the richest.
    const last = new Map(cases.map(({ name }, i) => [name.split(" [")[0], i]));
    for (const [i, { name }] of cases.entries()) {
      if (extent === "sample" && last.get(name.split(" [")[0]) !== i) continue;
      const deviceOnly = !onTheCpu.some((pattern) => pattern.test(name));
      const run = async (fn: Any, args: readonly Tensor[]) => {
        const program = await compile(fn, args, { engine, deviceOnly });
        try {
          return await read(leaves(await program.run(...args)));
        } finally {
          await program.close();
        }
      };
      await attempt(
        name,
        () => checkCase(i, run, exceptions.find(({ cases }) => cases.test(name))),
      );
    }
  },
  async parts() {
    const sample = ["gelu, exact", "logSoftmax", "advanced indices", "max", "Fourier mixing"];
    for (const [name] of chosen(layers, sample)) {
      const i = Object.keys(layers).indexOf(name);
      await attempt(name, async () => {
        const { step, args } = layerStep(name, i);
        const want = runJax(layerStep(name, i, jaxValueAndGrad as Any).step, args, "float64");
        const options = { deviceOnly: true };
        assertParity(await runEngine(step, args, engine, options), want);
      });
    }
  },
  async layers() {
    for (const [name, make] of Object.entries(layerTrainings)) {
      // Of two forms the one that training takes.
      const other = name.replace("recurrent", "parallel");
      if (extent === "sample" && name !== other && other in layerTrainings) continue;
      await attempt(name, async () => await checkTraining(await make(), toleranceOf(name)));
    }
  },
  async models() {
    const sample = [
      "LRU",
      "symbols",
      "three steps a run",
      "deep linear, 10 layers",
    ];
    for (const [name, make] of chosen(models, sample)) {
      await attempt(name, () => checkTraining(make(), toleranceOf(name)));
    }
  },
  async handles() {
    for (const [name, check] of Object.entries(handles)) await attempt(name, check);
  },
  async edges() {
    for (const [name, check] of Object.entries(edges)) await attempt(name, check);
  },
  async memory() {
    await attempt("1,000 steps", async () => {
      const found = await memory(loud ? console.log : () => {});
      assert.deepEqual(found, []);
    });
  },
};
for (current of kind.split(",")) await kinds[current]();
if (loud) console.log(`${kind}: ${done} of ${done + problems.length} agree`);
console.log(JSON.stringify(problems));
Deno.exit(0);
