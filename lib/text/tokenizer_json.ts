/**
 * @file Byte-level tokenizers as `tokenizer.json`, the format of Hugging Face's library, so that what was trained here can be used there
 * and the other way round.
 */
import * as z from "zod";
import { readOptions } from "../options.ts";
import { BytePairs, type Merge } from "./byte_pairs.ts";

const byteLevel = {
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: true,
};

/** The file's content. */
export function tokenizerJson({ tokens, merges }: BytePairs): unknown {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

const schema = () =>
  z.object({
    added_tokens: z.array(z.unknown()).max(0, "expected none").optional(),
    normalizer: z.null().optional(),
    pre_tokenizer: z.object({
      type: z.literal("ByteLevel"),
      add_prefix_space: z.literal(false),
      use_regex: z.literal(true).optional(),
    }),
    model: z.object({
      type: z.literal("BPE"),
      vocab: z.record(z.string(), z.int()),
      merges: z.array(z.union([z.tuple([z.string(), z.string()]), z.string()])),
    }),
  });

/**
 * The tokenizer that such a content describes.
 * @throws {Error} for one that splits or merges otherwise than byte-level tokenizers of this library do, or whose ids are others
 */
export function tokenizerOf(content: unknown): BytePairs {
  const { model: { vocab, merges } } = readOptions("tokenizer.json", schema(), content);
  // Until 2024 a merge was written as one text.
  const pairs = merges.map((merge) =>
    (typeof merge === "string" ? merge.split(" ") : merge) as unknown as Merge
  );
  const tokenizer = new BytePairs(pairs);
  const { tokens } = tokenizer;
  const other = tokens.find((token, id) => vocab[token] !== id);
  const count = Object.keys(vocab).length;
  if (other === undefined && count === tokens.length) return tokenizer;
  throw new Error(
    other === undefined
      ? `tokenizer.json: model.vocab has ${count} tokens, but its merges make ${tokens.length}`
      : `tokenizer.json: model.vocab: ${JSON.stringify(other)} has the id ${
        vocab[other]
      }, expected ${tokens.indexOf(other)}: the bytes by code point, then what merges make`,
  );
}
