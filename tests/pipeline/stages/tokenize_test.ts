/** @file The stage that makes tokens of texts: which documents go where, and what is left. */
import assert from "node:assert/strict";
import { corpusOf, documentsOf } from "../../../lib/text/corpus.ts";
import { tokenizerOf } from "../../../lib/text/tokenizer_json.ts";
import { pilot } from "../../../pipeline/estimate/pilots/tokenize.ts";
import * as tokenize from "../../../pipeline/stages/tokenize.ts";
import { artifact, runStage } from "./run_stage.ts";

const download = (text: string) =>
  artifact({ files: { data: new TextEncoder().encode(text) as never } });
const documents = Array.from(
  { length: 21 },
  (_, i) => `document ${String.fromCharCode(97 + i)} aaaa`,
);

Deno.test("tokenize deals documents of files in the order of their names, and learns from those of training only", async () => {
  const inputs = {
    "b.txt": download(documents.slice(11).join("--")),
    "a.txt": download(documents.slice(0, 11).join("--") + "--  --"),
  };
  const { scalars, json, tensors } = await runStage(
    tokenize,
    { vocabulary: 262, separator: "--" },
    { inputs },
  );
  const tokenizer = tokenizerOf(json("tokenizer.json"));
  const of = (part: string) => {
    const { symbols } = tensors("tokens.safetensors");
    const ids = Array.from(
      tensors("tokens.safetensors")[part].data as number[],
      (symbol) => symbols.data[symbol],
    );
    const starts = [...tensors("tokens.safetensors")[`${part}Starts`].data] as number[];
    return starts.map((start, i) =>
      new TextDecoder().decode(tokenizer.decode(ids.slice(start, starts[i + 1])))
    );
  };
  const ended = (...indices: number[]) => indices.map((i) => documents[i] + "\n\n");
  assert.deepEqual(of("validation"), ended(8, 18));
  assert.deepEqual(of("test"), ended(9, 19));
  assert.deepEqual(of("train").slice(7), ended(7, 10, 11, 12, 13, 14, 15, 16, 17, 20));
  const { symbols, documents: count, train, test, bytesPerToken } = scalars;
  assert.deepEqual([symbols, count], [tensors("tokens.safetensors").symbols.data.length, 21]);
  assert.ok(symbols < 40);
  assert.equal(train, tensors("tokens.safetensors").train.data.length);
  assert.equal(bytesPerToken, 2 * (documents[9].length + 2) / test);
});

Deno.test("without a separator every file is a document", async () => {
  const inputs = Object.fromEntries(documents.map((text, i) => [`${i}`, download(text)]));
  const { scalars } = await runStage(tokenize, { vocabulary: 256 }, { inputs });
  assert.deepEqual([scalars.documents, scalars.bytesPerToken], [21, 1]);
});

Deno.test("nothing of validation and test is learned from", () => {
  const texts = documents.map((_, i) => i === 8 || i === 9 ? "zzzzzzzzzzzzzz" : "ab");
  const { tokenizer, symbols, parts } = corpusOf(texts, 258);
  assert.deepEqual(tokenizer.merges, [["a", "b"], ["Ċ", "Ċ"]]);
  // But z is a symbol.
  assert.deepEqual([...symbols.data].map((id) => tokenizer.tokens[id]), ["z", "ab", "ĊĊ"]);
  assert.deepEqual([...parts.train.ids.data].slice(0, 4), [1, 2, 1, 2]);
});

Deno.test("too few documents, and a vocabulary that is none, are refused", () => {
  assert.throws(
    () => corpusOf(documents.slice(0, 9), 256),
    /^RangeError: 9 documents: expected at least 10/,
  );
  assert.doesNotThrow(() => corpusOf(documents.slice(0, 10), 256));
  assert.deepEqual(documentsOf("a||b| |", "|"), ["a", "b"]);
  for (
    const wrong of [{}, { vocabulary: 255 }, { vocabulary: 2 ** 16 }, {
      vocabulary: 256,
      separator: "",
    }]
  ) {
    assert.throws(() => tokenize.params().parse(wrong));
  }
  const params = tokenize.params().parse({ vocabulary: 300 });
  assert.deepEqual(pilot(params), { class: params, params, units: 1, of: 1 });
});
