/** @file The tokenizer against Hugging Face's, and any bytes through it and back. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Tokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { alphabet, byteOf, bytesOf, characterOf } from "../../lib/text/byte_alphabet.ts";
import { BytePairs, trainBytePairs } from "../../lib/text/byte_pairs.ts";
import { mergesOf } from "../../lib/text/merges.ts";
import { tokenizerJson, tokenizerOf } from "../../lib/text/tokenizer_json.ts";
import { textOf, utf8, wordsOf } from "../../lib/text/words.ts";

const mirror = Deno.env.get("DEEP_LINEAR_MIRROR");
const sample =
  "It's the cat's hat: she'll say they've 12 hats, aaa aaaa aaaaa!\n\n  Grüße, naïve café… 日本語 \u{1f600}\t the the then";
const tokenizer = trainBytePairs(sample.repeat(3), 300);

Deno.test("the alphabet has a character of its own for every byte, those that are printed their own", () => {
  assert.equal(new Set(characterOf).size, 256);
  assert.deepEqual([characterOf[0x20], characterOf[0], characterOf[0x7f], characterOf[0xad]], [
    "Ġ",
    "Ā",
    "ġ",
    "Ń",
  ]);
  assert.deepEqual([alphabet[0], alphabet[187], alphabet[188], alphabet[255]], [
    "!",
    "ÿ",
    "Ā",
    "Ń",
  ]);
  assert.equal(byteOf.get("A"), 65);
  assert.throws(() => bytesOf("a b"), /token "a b": " " stands for no byte/);
});

Deno.test("words are those of GPT-2's pattern, and together the text", () => {
  assert.deepEqual(wordsOf("it's 12 a,b  c\n"), [
    "it",
    "'s",
    " 12",
    " a",
    ",",
    "b",
    " ",
    " c",
    "\n",
  ]);
  assert.deepEqual(wordsOf("they'll've  "), ["they", "'ll", "'ve", "  "]);
  assert.deepEqual(wordsOf(""), []);
  assert.equal(wordsOf(sample).join(""), sample);
});

Deno.test("bytes that are no UTF-8 are escaped one by one, and come back", () => {
  const escapes = (...bytes: number[]) =>
    Array.from(textOf(Uint8Array.from(bytes)), (c) => c.codePointAt(0)!.toString(16));
  assert.deepEqual(escapes(0x61, 0xff, 0xc3, 0xa9), ["61", "dcff", "e9"]);
  assert.deepEqual(escapes(0xc3), ["dcc3"]); // cut off
  assert.deepEqual(escapes(0xc1, 0x80), ["dcc1", "dc80"]); // overlong
  assert.deepEqual(escapes(0xe0, 0x9f, 0xbf), ["dce0", "dc9f", "dcbf"]); // overlong
  assert.deepEqual(escapes(0xed, 0xa0, 0x80), ["dced", "dca0", "dc80"]); // a surrogate
  assert.deepEqual(escapes(0xf4, 0x90, 0x80, 0x80), ["dcf4", "dc90", "dc80", "dc80"]);
  assert.deepEqual(escapes(0xff, 0xf0, 0x9f, 0x98, 0x80), ["dcff", "1f600"]);
  assert.deepEqual(escapes(0xff, 0xef, 0xbb, 0xbf), ["dcff", "feff"]); // a mark is kept
  // The first and last characters of each length, and those beside the surrogates.
  const ends = [0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0x1000, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x3ffff];
  const characters = [...ends, 0x40000, 0xfffff, 0x100000, 0x10ffff];
  for (const code of characters) {
    const bytes = new TextEncoder().encode(String.fromCodePoint(code));
    assert.deepEqual(escapes(0xff, ...bytes), ["dcff", code.toString(16)]);
    // Without its last byte, and with one that continues nothing.
    if (bytes.length === 1) continue;
    const cut = [...bytes.subarray(0, -1)];
    const each = cut.map((byte) => (0xdc00 + byte).toString(16));
    assert.deepEqual(escapes(...cut), each);
    assert.deepEqual(escapes(...cut, 0x41), [...each, "41"]);
    assert.deepEqual(escapes(...cut, 0xc0), [...each, "dcc0"]);
  }
  assert.deepEqual(escapes(0xf5, 0x80, 0x80, 0x80), ["dcf5", "dc80", "dc80", "dc80"]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.deepEqual(utf8(textOf(bytes)), bytes);
      assert.deepEqual(tokenizer.decode(tokenizer.encode(bytes)), bytes);
    }),
    { numRuns: 300 },
  );
});

/** The pairs counted afresh for every merge. */
function naiveMerges(words: Map<string, number>, vocabulary: number) {
  const tokens = [...alphabet];
  const parts = [...words].map(([word, count]) => ({ ids: [...word], count }));
  const merges: [string, string][] = [];
  while (tokens.length < vocabulary) {
    const counts = new Map<string, number>();
    for (const { ids, count } of parts) {
      for (let i = 1; i < ids.length; i++) {
        const pair = `${ids[i - 1]} ${ids[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + count);
      }
    }
    const id = (token: string) => tokens.indexOf(token);
    const [[pair]] = [...counts].sort(([a, n], [b, m]) => {
      const [[a1, a2], [b1, b2]] = [a.split(" "), b.split(" ")];
      return m - n || id(a1) - id(b1) || id(a2) - id(b2);
    });
    const [left, right] = pair.split(" ");
    merges.push([left, right]);
    if (id(left + right) < 0) tokens.push(left + right);
    for (const part of parts) {
      const out: string[] = [];
      for (const token of part.ids) {
        // What was just merged is not merged again in this pass: it is longer than `left`.
        if (token === right && out.at(-1) === left) out.splice(-1, 1, left + right);
        else out.push(token);
      }
      part.ids = out;
    }
  }
  return merges;
}

Deno.test("merges are those of counting all pairs afresh, ties to the smaller ids", () => {
  const words = new Map([["ĠabcabcĠ", 3], ["bca", 5], ["xyzxyz", 3], ["qq", 2], ["zyx", 3]]);
  assert.deepEqual(mergesOf(words, 264), naiveMerges(words, 264));
  assert.deepEqual(mergesOf(new Map([["aaa", 1]]), 257), [["a", "a"]]);
  assert.throws(() => mergesOf(new Map([["ab", 1]]), 258), /pairs for 257 tokens only/);
  for (const wrong of [255, 300.5, 40_000]) {
    assert.throws(() => trainBytePairs("a", wrong), /expected a whole number from 256/);
  }
});

Deno.test("more merges continue fewer", () => {
  const fewer = trainBytePairs(sample.repeat(3), 280).merges;
  assert.deepEqual(tokenizer.merges.slice(0, fewer.length), fewer);
});

Deno.test("ids are those of Hugging Face's tokenizer of the same file", () => {
  const theirs = new Tokenizer(tokenizerJson(tokenizer) as object, {});
  for (const text of [sample, " the cat", "aaaaaaa aa", "日本", "x\r\n\r\n y   z", "don't DON'T"]) {
    const { ids } = theirs.encode(text);
    assert.deepEqual([...tokenizer.encode(text)], [...ids], text);
  }
});

Deno.test({
  name: "the merges of TinyStories are those that Hugging Face's trainer finds",
  ignore: !mirror,
  fn() {
    const text = Deno.readTextFileSync(`${mirror}/language/tinystories-subset.txt`);
    const { merges } = trainBytePairs(text, 1024);
    const lines = merges.map((merge) => merge.join(" "));
    assert.deepEqual(lines.slice(0, 6), ["h e", "Ġ t", "Ġ a", "Ġ s", "Ġ w", "Ġt he"]);
    // tokenizers 0.22, BpeTrainer(vocab_size=1024, min_frequency=0, initial_alphabet=ByteLevel.alphabet()), pre-tokenizer ByteLevel.
    const digest = createHash("sha256").update(lines.join("\n")).digest("hex");
    assert.equal(digest, "ef40171636991c01f57c679f402c9ad5f3b8ae4029e010e9caea6e066c579018");
  },
});

Deno.test("a tokenizer is read back from its file, in either form of merges, and others are refused", () => {
  // deno-lint-ignore no-explicit-any -- a file's content
  const file: any = JSON.parse(JSON.stringify(tokenizerJson(tokenizer)));
  assert.deepEqual(tokenizerOf(file).merges, tokenizer.merges);
  const old = { ...file.model, merges: tokenizer.merges.map((merge) => merge.join(" ")) };
  assert.deepEqual(tokenizerOf({ ...file, model: old }).tokens, tokenizer.tokens);
  const swapped = { ...file.model.vocab, "!": 1, '"': 0 };
  assert.throws(
    () => tokenizerOf({ ...file, model: { ...file.model, vocab: swapped } }),
    /model\.vocab: "!" has the id 1, expected 0/,
  );
  const more = { ...file.model.vocab, zz: 999 };
  assert.throws(
    () => tokenizerOf({ ...file, model: { ...file.model, vocab: more } }),
    /has 301 tokens, but its merges make 300/,
  );
  assert.throws(
    () =>
      tokenizerOf({ ...file, pre_tokenizer: { ...file.pre_tokenizer, add_prefix_space: true } }),
    /pre_tokenizer\.add_prefix_space = true/,
  );
  assert.throws(() => tokenizerOf({ ...file, added_tokens: [{}] }), /added_tokens/);
  assert.throws(
    () => new BytePairs([["a", "b"], ["abc", "d"]]),
    /merge 1, .*"abc" is no token yet/,
  );
});

Deno.test("ids decode to their bytes, and others are refused", () => {
  const two = new BytePairs([["a", "b"], ["Ġ", "ab"], ["c", "d"]]);
  assert.deepEqual([...two.encode("ab abcd")], [256, 257, 258]);
  assert.equal(new TextDecoder().decode(two.decode([257, 258])), " abcd");
  assert.deepEqual([...two.encode("")], []);
  assert.equal(two.decode([]).length, 0);
  for (const id of [259, -1, 0.5]) {
    assert.throws(() => two.decode([id]), /expected a whole number from 0 to 258/);
  }
});
