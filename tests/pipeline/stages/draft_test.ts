/** @file The stage that writes with a drafter: nothing is changed by it, and a drafter that is the model is never wrong. */
import assert from "node:assert/strict";
import { collapse, logitsAfter } from "../../../lib/models/collapsed_mixer.ts";
import { model as tokenMixer } from "../../../lib/models/token_mixer.ts";
import { keyOf, uniforms } from "../../../lib/random/random.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { flatten, unflatten } from "../../../lib/tensor/trees.ts";
import { likeliest } from "../../../lib/text/drafted.ts";
import { fedBack } from "../../../lib/text/fed_back.ts";
import { freshParameters } from "../../../lib/train/host.ts";
import * as stage from "../../../pipeline/stages/draft.ts";
import { corpus } from "../../tasks/language/made_corpus.ts";
import { artifact, runStage } from "./run_stage.ts";

const [V, length] = [6, 8];
const text = Array.from(uniforms(keyOf(4), 100), (u) => Math.floor(V * u));
const data = artifact({
  files: { "tokens.safetensors": corpus({ train: [text], validation: [text], test: [text] }, V) },
});
const mixer = { name: "token_mixer", options: { width: 16, length } };
const relu = { name: "token_mixer", options: { width: 16, length, kind: "relu" } };
const task = { name: "language", options: { length } };

/** Fresh parameters of two mixers, whose heads are large enough for their choices to differ. */
async function fresh(seeds: number[]) {
  const signature = { kind: "tokens", vocabulary: V, classes: V } as const;
  const model = tokenMixer.configure(mixer.options, { signature, layers: [] });
  const files: Record<string, { tensors: Record<string, Tensor> }> = {};
  for (const [i, seed] of seeds.entries()) {
    const { head, ...rest } = flatten(await freshParameters(model, seed));
    const large = { ...head, data: (head.data as Float32Array).map((x) => 10 * x) };
    files[`model-${i}.safetensors`] = { tensors: { head: large, ...rest } };
  }
  return artifact({ files });
}

async function collapsedOf(models: ReturnType<typeof artifact>) {
  const signature = { kind: "tokens", vocabulary: V, classes: V } as const;
  const model = tokenMixer.configure(mixer.options, { signature, layers: [] });
  const tensors = await models.tensors("model-1.safetensors");
  return collapse(model, unflatten(await freshParameters(model, 0), tensors));
}

const given = { task, drafter: mixer, ahead: [1, 3], prompts: 5, given: 2, draw: 3 };

Deno.test("a drafter that is the model: every draft counts, and calls are as few as can be", async () => {
  const model = await fresh([7, 1]);
  const inputs = { model, drafter: await fresh([2, 1]), data };
  const { scalars, observed, files, progress } = await runStage(
    stage,
    { ...given, model: mixer, index: 1 },
    { inputs },
  );
  for (const way of ["greedy", "drawn"]) {
    // Six tokens: three calls of two; two calls, of four and of two.
    assert.equal(scalars[`tokens a call, ${way}, 1`], 2);
    assert.equal(scalars[`tokens a call, ${way}, 3`], 3);
    for (const ahead of [1, 3]) {
      assert.equal(scalars[`accepted, ${way}, ${ahead}`], 1);
      assert.equal(scalars[`different, ${way}, ${ahead}`], 0);
      const ratio = observed[`seconds a token, ${way}, 0`] /
        observed[`seconds a token, ${way}, ${ahead}`];
      assert.ok(Math.abs(observed[`log speed, ${way}, ${ahead}`] - Math.log(ratio)) < 1e-12);
    }
  }
  // The first token comes before anything is fed back.
  assert.deepEqual([scalars["agreement at 1"], scalars["agreement at 1, as they are"]], [1, 1]);
  // What is fed back has the length of a token on average, or its own.
  const collapsed = await collapsedOf(inputs.drafter);
  const prompts = Array.from({ length: 5 }, (_, i) => {
    const at = Math.floor(i * 12 / 5) * length;
    return [text[at], text[at + 1]];
  });
  const norms = prompts.map((prompt) => Math.hypot(...logitsAfter(collapsed, prompt)));
  const agreed = (scale: number) =>
    prompts.filter((prompt) => {
      const greedy = [...prompt];
      for (let k = 0; k < 4; k++) greedy.push(likeliest(logitsAfter(collapsed, greedy)));
      return likeliest(fedBack(collapsed, prompt, 4, scale)[3]) === greedy[5];
    }).length / 5;
  const typical = norms.reduce((a, b) => a + b) / 5;
  assert.equal(scalars["agreement at 4"], agreed(1 / typical));
  assert.equal(scalars["agreement at 4, as they are"], agreed(1));
  assert.notEqual(agreed(1 / typical), agreed(typical));
  assert.ok("agreement at 4" in scalars && !("agreement at 8" in scalars)); // 2 + 8 - 1 > 8
  assert.deepEqual(files, {});
  assert.deepEqual(progress.at(-1), [4, 4]);
});

Deno.test("a drafter that is another model: the same text with fewer accepted", async () => {
  const inputs = { model: await fresh([7]), drafter: await fresh([2]), data };
  const { scalars } = await runStage(stage, { ...given, model: relu }, { inputs });
  for (const way of ["greedy", "drawn"]) {
    assert.equal(scalars[`different, ${way}, 3`], 0);
    const accepted = scalars[`accepted, ${way}, 3`];
    assert.ok(accepted < 0.9, `${accepted}`);
    const perCall = scalars[`tokens a call, ${way}, 3`];
    assert.ok(perCall >= 1 && perCall < 2.5, `${perCall}`);
  }
});

Deno.test("a drafter must be one matrix, prompts must be there, and the task must have a text", async () => {
  const inputs = { model: await fresh([7]), drafter: await fresh([2]), data };
  const run = (more: object) => runStage(stage, { ...given, model: mixer, ...more }, { inputs });
  await assert.rejects(run({ drafter: relu }), /"relu" is not linear/);
  await assert.rejects(run({ prompts: 13 }), /13 prompts of 2 tokens, but there are 12 sequences/);
  await assert.rejects(run({ given: 8 }), /prompts of 8 tokens/);
  const other = { name: "artificial_language", options: { law: "grammar" } };
  await assert.rejects(run({ task: other }), /artificial_language has no text/);
});
