/** @file Language through its stages: tokens, a mixer that is trained on them, its scores, and the optimum that it cannot pass. */
import assert from "node:assert/strict";
import * as evaluate from "../../../pipeline/stages/evaluate.ts";
import * as reference from "../../../pipeline/stages/reference.ts";
import * as tokenize from "../../../pipeline/stages/tokenize.ts";
import * as train from "../../../pipeline/stages/train.ts";
import { artifact, runStage } from "./run_stage.ts";

const download = (text: string) =>
  artifact({ files: { data: new TextEncoder().encode(text) as never } });
const lines = [
  "the dog runs",
  "the cat sees the dog",
  "a bird sleeps",
  "the birds sleep",
  "a cat runs",
];
const text = Array.from({ length: 60 }, (_, i) => `${lines[i % 5]}, ${lines[(i * 7 + 3) % 5]}.`)
  .join("|");
const task = { name: "language", options: { length: 5 } };
const penalty = 1e-3;

Deno.test("a mixer learns a text, and its penalised training loss lies above the certified optimum of its class", async () => {
  const params = { vocabulary: 262, separator: "|" };
  const tokens = artifact(
    await runStage(tokenize, params, { inputs: { "a.txt": download(text) } }),
  );
  const inputs = { data: tokens };
  const model = { name: "token_mixer", options: { width: 40, length: 5, toeplitz: true } };
  const seeds = [1, 2].map((seed) => ({ instance: 0, initialisation: seed, data: seed }));
  const trained = await runStage(
    train,
    { task, model, seeds, batch: 16, steps: 150, learningRate: 0.02, weightDecay: 0.002 },
    { inputs },
  );
  const best = await runStage(
    reference,
    { task, reference: { name: "offset_matrices", options: { taps: 5, penalty } } },
    { inputs },
  );
  const one = await runStage(
    reference,
    { task, reference: { name: "one_matrix", options: { start: 0, penalty } } },
    { inputs },
  );
  const { objective: lowest, gap } = best.json("scores.json");
  const { objective: oneMatrix } = one.json("scores.json");
  assert.ok(gap <= 1e-4);
  assert.ok(oneMatrix >= lowest - 1e-4 && oneMatrix < lowest + 0.5, `${oneMatrix}, ${lowest}`);
  for (const index of [0, 1]) {
    const { scalars, json } = await runStage(
      evaluate,
      { task, model, index, protocol: { penalty } },
      { inputs: { model: artifact(trained), ...inputs } },
    );
    assert.ok(scalars.loss < 0.8 * scalars.floor, `${scalars.loss} of ${scalars.floor}`);
    assert.ok(json("scores.json").objective >= lowest - 1e-4);
    assert.equal(scalars.floor, best.scalars.floor);
  }
});

Deno.test("only a linear mixer has a penalised loss", async () => {
  const tokens = artifact(
    await runStage(tokenize, { vocabulary: 256, separator: "|" }, {
      inputs: { "a.txt": download(text) },
    }),
  );
  const inputs = { data: tokens };
  const seeds = [{ instance: 0, initialisation: 0, data: 0 }];
  const parts = {
    task,
    model: { name: "stack", options: { width: 8 } },
    layers: [{ name: "token_mixing", options: { taps: 5 } }],
  };
  const trained = await runStage(train, { ...parts, seeds, steps: 3, learningRate: 0.01 }, {
    inputs,
  });
  const scored = { model: artifact(trained), ...inputs };
  const { scalars } = await runStage(evaluate, parts, { inputs: scored });
  assert.ok(Number.isFinite(scalars.loss));
  await assert.rejects(
    runStage(evaluate, { ...parts, protocol: { penalty } }, { inputs: scored }),
    /no token_mixer; only a linear mixer is one matrix/,
  );
});
