/** @file Stage that makes tokens of texts: a byte-level tokenizer of their own, and what it makes of each part of them. */
import { z } from "zod";
import { corpusOf, documentsOf, parts } from "../../lib/text/corpus.ts";
import { tokenizerJson } from "../../lib/text/tokenizer_json.ts";
import { textOf } from "../../lib/text/words.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** Number of tokens of the tokenizer. */
  vocabulary: number;
  /** What stands between the documents of a file; null where every file is one. */
  separator: string | null;
}

export function params() {
  return z.strictObject({
    vocabulary: z.number().int().min(256).max(2 ** 15),
    separator: z.string().min(1).nullable().default(null),
  });
}

/**
 * Inputs: downloads, by the paths of their files. Leaves `tokenizer.json` and `tokens.safetensors`: int32 `symbols` [V], the tokens
 * that occur; `train`, `validation` and `test`, whose numbers count in `symbols`, and for each of them where its documents start
 * (`trainStarts`, …). Scalars: `symbols`, `documents`, the tokens of each part by its name, and `bytesPerToken` of the test part.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { vocabulary, separator } = ctx.params;
  const files = Object.entries(ctx.inputs).sort(([a], [b]) => a < b ? -1 : 1);
  const documents: string[] = [];
  for (const [, input] of files) {
    const text = textOf(await input.bytes("data"));
    documents.push(...(separator === null ? [text] : documentsOf(text, separator)));
  }
  ctx.progress(0, 1);
  const corpus = corpusOf(documents, vocabulary);
  ctx.progress(1, 1);
  const tensors = Object.fromEntries(parts.flatMap((part) => {
    const { ids, starts } = corpus.parts[part];
    return [[part, ids], [`${part}Starts`, starts]];
  }));
  const { parts: { test: { bytes, ids } }, symbols } = corpus;
  return {
    files: {
      "tokenizer.json": { json: tokenizerJson(corpus.tokenizer) },
      "tokens.safetensors": { tensors: { symbols, ...tensors } },
    },
    scalars: {
      symbols: symbols.data.length,
      documents: documents.length,
      ...Object.fromEntries(parts.map((part) => [part, corpus.parts[part].ids.data.length])),
      bytesPerToken: bytes / ids.data.length,
    },
  };
}
