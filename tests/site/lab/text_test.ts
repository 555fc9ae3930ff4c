/** @file The page on language: the text of `deno task generate`, and logits that are the sums of their rows. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { continued } from "../../../lib/text/generated.ts";
import { readModel } from "../../../pipeline/commands/generate/model_folder.ts";
import { partRows, piecesOf, signed } from "../../../site/lab/text/shown.ts";
import { type Part, write } from "../../../site/lab/text/text.ts";

const FOLDER = fileURLToPath(new URL("../../../data/models/linear", import.meta.url));

Deno.test("what the page writes is what the command writes, and each logit is the sum of its rows", async () => {
  const model = await readModel(FOLDER);
  const question = { prompt: "The people of", tokens: 12, seed: 5, temperature: 0.8, topP: 0.9 };
  const parts: Part[] = [];
  assert.equal(write(model, question, (part) => parts.push(part)), 12);
  const [first, ...rest] = parts;
  assert.ok("prompt" in first);
  const begun: Uint8Array[] = first.prompt;
  const drawn = rest.map((part) => "drawn" in part ? part.drawn : assert.fail());
  assert.deepEqual(drawn, [...continued(model, "The people of", 12, 5, question)]);
  const pieces = piecesOf([...first.prompt, ...drawn.map(({ bytes }) => bytes)]);
  assert.equal(pieces.slice(0, first.prompt.length).join(""), "The people of");
  for (const [i, one] of drawn.entries()) {
    const index: number = begun.length + i;
    const rows = partRows(one, index, pieces);
    assert.ok(Math.abs(rows.reduce((sum, { logit }) => sum + logit, 0) - one.logit) < 1e-9);
    assert.equal(rows.at(-1)!.logit, one.position);
    for (const { index: at, label, back, logit } of rows) {
      if (at === undefined) continue;
      assert.deepEqual([label, index - at], [pieces[at], back]);
      assert.equal(logit, one.parts[one.parts.length - back!].logit);
    }
    const told = rows.slice(0, 8).filter(({ back }) => back).map(({ logit }) => Math.abs(logit));
    assert.deepEqual(told, told.toSorted((a, b) => b - a));
  }
  assert.throws(() => write(model, { ...question, prompt: "" }, () => {}), /empty prompt/);
  assert.throws(() => write(model, { ...question, temperature: -1 }, () => {}), /temperature = -1/);
});

Deno.test("a character of several tokens stands with its last one", () => {
  const bytes = [...new TextEncoder().encode("aé€")].map((byte) => Uint8Array.of(byte));
  assert.deepEqual(piecesOf(bytes), ["a", "", "é", "", "", "€"]);
  assert.deepEqual(piecesOf(bytes.slice(0, 2)), ["a", "\ufffd"]);
  assert.deepEqual(piecesOf([]), []);
});

Deno.test("more than eight parts are told together, and signs are minus signs", () => {
  const parts = Array.from(
    { length: 10 },
    (_, i) => ({ bytes: Uint8Array.of(97), logit: i - 4.5 }),
  );
  const one = { bytes: Uint8Array.of(97), probability: 1, logit: 2, parts, position: 2 };
  const rows = partRows(one, 10, Array(11).fill("a"));
  assert.deepEqual(rows.map(({ label }) => label).slice(8), [
    "2 others",
    "the position, whatever the tokens",
  ]);
  assert.equal(rows[8].logit, 0);
  assert.deepEqual([signed(-0.5), signed(0.456)], ["−0.50", "+0.46"]);
});
