/** @file `deno task generate`: options, explanations, model folders, and the model that comes with the repository. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { explanation } from "../../../../pipeline/commands/generate/explanation.ts";
import { readModel } from "../../../../pipeline/commands/generate/model_folder.ts";
import { parseOptions } from "../../../../pipeline/commands/generate/options.ts";
import { continued } from "../../../../lib/text/generated.ts";
import { trainBytePairs } from "../../../../lib/text/byte_pairs.ts";
import { tokenizerJson } from "../../../../lib/text/tokenizer_json.ts";
import { tensor } from "../../../../lib/tensor/tensor.ts";
import { encodeTensors } from "../../../../pipeline/store/safetensors.ts";

Deno.test("options have defaults, and what is wrong is named", () => {
  assert.deepEqual(parseOptions(["--prompt", "One day"]), {
    ...{ model: "linear", prompt: "One day", tokens: 50, seed: 0, temperature: 0.8, topP: 0.9 },
    ...{ explain: false, make: false },
  });
  const all = [
    "--prompt",
    "x",
    "--tokens",
    "3",
    "--seed",
    "7",
    "--temperature",
    "0",
    "--top-p",
    "1",
    "--explain",
  ];
  assert.deepEqual(parseOptions(all), {
    ...{ model: "linear", prompt: "x", tokens: 3, seed: 7, temperature: 0, topP: 1 },
    ...{ explain: true, make: false },
  });
  assert.equal(parseOptions(["--make"]).make, true);
  const wrong: [string[], RegExp][] = [
    [[], /--prompt TEXT is missing/],
    [["One", "--prompt", "day"], /One: expected no words beside options; quote the prompt/],
    [["--prompt", "x", "--tokens", "0"], /--tokens 0: expected a whole number from 1/],
    [["--prompt", "x", "--tokens", "2.5"], /--tokens 2\.5/],
    [["--prompt", "x", "--seed", "-1"], /--seed/],
    [["--prompt", "x", "--temperature", "hot"], /--temperature hot: expected a number from 0/],
    [["--prompt", "x", "--top-p", "0"], /--top-p 0: expected a number above 0 and up to 1/],
    [["--prompt", "x", "--top-p", "1.5"], /--top-p 1\.5/],
    [["--prompt", "x", "--prompt", "y"], /--prompt/],
  ];
  for (const [args, message] of wrong) {
    assert.throws(() => parseOptions(args), { name: "UsageError", message });
  }
});

Deno.test("an explanation has the largest parts first, and is a sum", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const parts = [0.1, -2, 0.3, 1, 0.02, 0.04, 0.5].map((logit, i) => ({
    bytes: bytes(`t${i}`),
    logit,
  }));
  assert.equal(
    explanation({ bytes: bytes(" day"), probability: 0.5, logit: 0.46, parts, position: 0.5 }),
    '" day"  p 0.50, logit 0.46 = -2.00 "t1" 6 back, +1.00 "t3" 4 back, +0.50 "t6" 1 back, +0.30 "t2" 5 back, ' +
      '+0.10 "t0" 7 back, +0.06 2 others, +0.50 position',
  );
  assert.equal(
    explanation({
      bytes: bytes("x"),
      probability: 1,
      logit: 1,
      parts: parts.slice(3, 4),
      position: 0,
    }),
    '"x"  p 1.00, logit 1.00 = +1.00 "t3" 1 back, +0.00 position',
  );
});

Deno.test("a folder is a model, or says what it lacks", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assert.rejects(
      readModel(folder),
      /model\.safetensors: it cannot be read; name a folder .* --make/,
    );
    const tokenizer = trainBytePairs("aa", 256);
    await Deno.writeTextFile(`${folder}/tokenizer.json`, JSON.stringify(tokenizerJson(tokenizer)));
    const [a, b] = ["a", "b"].map((token) => tokenizer.tokens.indexOf(token));
    const tensors = {
      symbols: tensor([a, b], [2], "int32"),
      embed: tensor([1, 0, 0, 1], [2, 2]),
      head: tensor([0, 9, 9, 0], [2, 2]), // the other one
      "mixing.weight": tensor(0, [3, 3]),
      "mixing.bias": tensor(0, [3]),
    };
    await Deno.writeFile(`${folder}/model.safetensors`, encodeTensors(tensors));
    const drawn = continued(await readModel(folder), "a", 3, 0, { temperature: 0, topP: 1 });
    assert.equal([...drawn].map(({ bytes }) => new TextDecoder().decode(bytes)).join(""), "bab");
    const { head: _, ...less } = tensors;
    await Deno.writeFile(`${folder}/model.safetensors`, encodeTensors(less));
    await assert.rejects(readModel(folder), /it has no tensor head/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the model that comes with the repository speaks, and every logit is the sum of its parts", async () => {
  const folder = fileURLToPath(new URL("../../../../data/models/linear", import.meta.url));
  const model = await readModel(folder);
  const drawn = [
    ...continued(model, "My fellow Americans", 40, 1, { temperature: 0.8, topP: 0.9 }),
  ];
  for (const { logit, parts, position } of drawn) {
    const sum = parts.reduce((sum, { logit }) => sum + logit, position);
    assert.ok(Math.abs(sum - logit) < 1e-9);
  }
  const text = drawn.map(({ bytes }) => new TextDecoder().decode(bytes)).join("");
  // Half of what it says are words of its text: more than random tokens would be.
  assert.match(text, / (the|of|and|to|in|that|we|our) /);
});
