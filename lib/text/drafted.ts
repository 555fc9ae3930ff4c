/**
 * @file Decoding with a drafter: a cheap model proposes some tokens, the model itself reads them in one call and says which it would have
 * chosen. What is written is what the model writes by itself, token by token, whoever drafts, since the choice at a position is
 * a function of the model's logits and of noise that belongs to the position alone: the Gumbel coupling of Daliri, Musco & Suresh,
 * arXiv 2408.07978, of the speculative decoding of Leviathan et al., arXiv 2211.17192.
 *
 * @example A bad drafter costs calls, not words
 * ```ts
 * import assert from "node:assert/strict";
 * import { drafted } from "./drafted.ts";
 *
 * // The model counts; one drafter does, too, another one says 0.
 * const count = (tokens: readonly number[]) => [0, 1, 2, 3].map((v) => Number(v === (tokens.at(-1)! + 1) % 4));
 * const model = (tokens: readonly number[]) =>
 *   Promise.resolve(tokens.map((_, i) => count(tokens.slice(0, i + 1))));
 * const choose = (logits: ArrayLike<number>) => Array.from(logits).indexOf(1);
 * const good = await drafted({ model, drafter: count, choose, ahead: 3 }, [0], 9);
 * const bad = await drafted({ model, drafter: () => [1, 0, 0, 0], choose, ahead: 3 }, [0], 9);
 * assert.deepEqual(good.tokens, [0, 1, 2, 3, 0, 1, 2, 3, 0]);
 * assert.deepEqual(bad.tokens, good.tokens);
 * assert.deepEqual([good.calls, bad.calls], [2, 7]); // the bad one is right where 0 comes
 * ```
 */
import { fold, type Key, uniforms } from "../random/random.ts";

/** Logits of the next token. */
export type Logits = ArrayLike<number>;

/** Who writes and how. */
export interface Drafting {
  /** One call: the logits after each of these tokens. */
  readonly model: (tokens: readonly number[]) => Promise<readonly Logits[]>;
  /** The logits after all of them. */
  readonly drafter: (tokens: readonly number[]) => Logits;
  /** The token at a position, of its logits. */
  readonly choose: (logits: Logits, position: number) => number;
  /** Tokens that are proposed for a call; 0: the model alone. */
  readonly ahead: number;
}

/** What was written, and what it took. */
export interface Drafted {
  /** With the prompt. */
  readonly tokens: readonly number[];
  /** Of the model. */
  readonly calls: number;
  /** Proposed tokens that the model got to: those after a wrong one are not judged. */
  readonly judged: number;
  /** Of those, the ones that it would have chosen. */
  readonly accepted: number;
}

/** Goes on from a prompt until there are so many tokens. @throws {RangeError} for an empty prompt */
export async function drafted(
  { model, drafter, choose, ahead }: Drafting,
  prompt: readonly number[],
  until: number,
): Promise<Drafted> {
  if (prompt.length === 0) throw new RangeError("drafted: an empty prompt; it needs a token");
  const tokens = [...prompt];
  let [calls, judged, accepted] = [0, 0, 0];
  while (tokens.length < until) {
    const proposal = [...tokens];
    // The call itself gives one more than was proposed.
    const most = Math.min(tokens.length + ahead, until - 1);
    while (proposal.length < most) proposal.push(choose(drafter(proposal), proposal.length));
    const logits = await model(proposal);
    calls++;
    for (;;) {
      const at = tokens.length;
      tokens.push(choose(logits[at - 1], at));
      if (at >= proposal.length) break;
      judged++;
      if (tokens[at] !== proposal[at]) break;
      accepted++;
    }
  }
  return { tokens, calls, judged, accepted };
}

/** Takes the token of the largest logit, the first one of several. */
export function likeliest(logits: Logits): number {
  let best = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v] > logits[best]) best = v;
  return best;
}

/** Draws a token by the softmax of its logits (Gumbel's trick), with noise that a key and the position decide. */
export function drawnWith(key: Key): (logits: Logits, position: number) => number {
  return (logits, position) => {
    const noise = uniforms(fold(key, position), logits.length);
    return likeliest(Array.from(logits, (logit, v) => logit - Math.log(-Math.log(noise[v]))));
  };
}
