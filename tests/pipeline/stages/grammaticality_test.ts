/** @file The stage that lets models write: which of the models, on which task, and by which file. */
import assert from "node:assert/strict";
import { model as tokenMixer } from "../../../lib/models/token_mixer.ts";
import { words } from "../../../lib/tasks/artificial_language/laws/grammar.ts";
import type { Findings, Given } from "../../../lib/tasks/grammaticality.ts";
import type { Runner, Task } from "../../../lib/tasks/task.ts";
import { tensor } from "../../../lib/tensor/tensor.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { freshParameters } from "../../../lib/train/host.ts";
import * as stage from "../../../pipeline/stages/grammaticality.ts";
import * as tokenize from "../../../pipeline/stages/tokenize.ts";
import { artifact, runStage } from "./run_stage.ts";

const length = 4;
const mixer = { name: "token_mixer", options: { width: 2, length } };

/** Two models of so many symbols, the first of which is sure of the symbol that it reads. */
async function trained(symbols: number) {
  const signature = { kind: "tokens", vocabulary: symbols, classes: symbols } as const;
  const model = tokenMixer.configure(mixer.options, { signature, layers: [] });
  const [one, two] = [0, 1].map((seed) => freshParameters(model, seed));
  return artifact({
    files: {
      "model-0.safetensors": { tensors: flatten(await one) },
      "model-1.safetensors": { tensors: flatten(await two) },
    },
  });
}

/** In place of what a task finds: what it was given. */
function listening() {
  const heard: { task: Task; runner: Runner; given: Given }[] = [];
  const find = (task: Task, runner: Runner, given: Given): Promise<Findings> => {
    heard.push({ task, runner, given });
    return Promise.resolve({ sentences: heard.length / 4 });
  };
  return { heard, modules: { grammaticality: { grammaticality: { find } } } };
}

Deno.test("a language of known law needs no data; each of the models that were trained together is its own", async () => {
  const task = { name: "artificial_language", options: { law: "grammar", length } };
  const { heard, modules } = listening();
  const inputs = { model: await trained(words.length) };
  const run = (index: number) =>
    runStage(stage, { task, model: mixer, index, instance: 3, draw: 8 }, { inputs, modules });
  const { scalars, files } = await run(1);
  assert.deepEqual([scalars, files], [{ sentences: 0.25 }, {}]);
  await run(0);
  const [{ given, runner, task: told }, other] = heard;
  assert.deepEqual([given.instance, given.seed, given.tokenizer], [3, 8, undefined]);
  assert.equal(told.tokens(1), length);
  const embed = (of: Runner) => flatten(of.params).embed.data;
  assert.deepEqual(embed(runner), (await inputs.model.tensors("model-1.safetensors")).embed.data);
  assert.notDeepEqual(embed(runner), embed(other.runner));
});

Deno.test("of a text it has the tokens and their tokenizer", async () => {
  const text = Array.from({ length: 20 }, (_, i) => `the ${i % 3} dogs`).join("|");
  const download = artifact({ files: { data: new TextEncoder().encode(text) as never } });
  const params = { vocabulary: 257, separator: "|" };
  const made = await runStage(tokenize, params, { inputs: { "a.txt": download } });
  const data = artifact(made);
  const { heard, modules } = listening();
  const task = { name: "language", options: { length } };
  const model = await trained(made.scalars.symbols);
  await runStage(stage, { task, model: mixer }, { inputs: { model, data }, modules });
  const [{ given: { tokenizer, data: read }, runner }] = heard;
  const ids = [...read.tensors!.test.data].map((symbol) => read.tensors!.symbols.data[symbol]);
  assert.match(new TextDecoder().decode(tokenizer!.decode(ids)), /^the \d dogs\n\nthe \d dogs/);
  const out = await runner.apply(tensor(0, [3, length], "int32"));
  assert.deepEqual(out.shape, [3, length, made.scalars.symbols]);
});

Deno.test("the file is that of the task's folder", () => {
  const task = { name: "language", options: {} };
  const parsed = stage.params().parse({ task, model: mixer });
  assert.deepEqual(stage.modules(parsed).grammaticality, {
    ...{ path: "lib/tasks/language/grammaticality.ts", exports: ["grammaticality"] },
  });
  assert.deepEqual(stage.facts({ ...parsed, instance: 5, index: 2 }), {
    ...{ instance: 5, "instance of model 2": 5 },
  });
});
