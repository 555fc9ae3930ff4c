/** @file Why a token was drawn, in one line: its logit is the sum of what the tokens before it gave. */
import type { Drawn } from "../../../lib/text/generated.ts";

const shown = (bytes: Uint8Array) => JSON.stringify(new TextDecoder().decode(bytes));
const signed = (x: number) => `${x < 0 ? "-" : "+"}${Math.abs(x).toFixed(2)}`;
/** Parts of a logit that are told one by one. */
const told = 5;

/** One line: the token, its probability, and its logit as a sum, the largest parts first. */
export function explanation({ bytes, probability, logit, parts, position }: Drawn): string {
  const named = parts.map(({ bytes, logit }, i) => ({
    text: `${shown(bytes)} ${parts.length - i} back`,
    logit,
  }));
  const sorted = named.toSorted((a, b) => Math.abs(b.logit) - Math.abs(a.logit));
  const rest = sorted.slice(told);
  const sum = [
    ...sorted.slice(0, told).map(({ text, logit }) => `${signed(logit)} ${text}`),
    ...(rest.length
      ? [`${signed(rest.reduce((sum, { logit }) => sum + logit, 0))} ${rest.length} others`]
      : []),
    `${signed(position)} position`,
  ];
  return `${shown(bytes)}  p ${probability.toFixed(2)}, logit ${logit.toFixed(2)} = ${
    sum.join(", ")
  }`;
}
