/** @file Tokens as text, and a logit as the rows that it is the sum of. */
import type { Drawn } from "../../../lib/text/generated.ts";

/** The texts of tokens in order: a character of several tokens stands with the last of them. */
export function piecesOf(tokens: readonly Uint8Array[]): string[] {
  const decoder = new TextDecoder();
  return tokens.map((bytes, i) => decoder.decode(bytes, { stream: i < tokens.length - 1 }));
}

/** One part of a logit. */
export interface PartRow {
  /** What gave it. */
  label: string;
  /** Place in the text; absent for what is no single token. */
  index?: number;
  /** Tokens before the one that was drawn. */
  back?: number;
  logit: number;
}

/** Parts that are told one by one. */
const TOLD = 8;

/**
 * The parts of a logit, the largest first; they sum to it.
 * @param index of the drawn token in the text @param pieces texts of all tokens
 */
export function partRows(
  { parts, position }: Drawn,
  index: number,
  pieces: readonly string[],
): PartRow[] {
  const rows = parts.map(({ logit }, i): PartRow => {
    const at = index - parts.length + i;
    return { label: pieces[at], index: at, back: index - at, logit };
  }).sort((a, b) => Math.abs(b.logit) - Math.abs(a.logit));
  const rest = rows.slice(TOLD);
  return [
    ...rows.slice(0, TOLD),
    ...(rest.length
      ? [{ label: `${rest.length} others`, logit: rest.reduce((sum, { logit }) => sum + logit, 0) }]
      : []),
    { label: "the position, whatever the tokens", logit: position },
  ];
}

/** A logit with its sign. */
export function signed(logit: number): string {
  return `${logit < 0 ? "−" : "+"}${Math.abs(logit).toFixed(2)}`;
}
