/** @file Ends for symbols: an embedding of each, and logits of what comes out. */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { linear, linearInit, type LinearParams } from "../../layers/linear.ts";
import { keysFor } from "../keys.ts";
import type { Signature } from "../model.ts";
import type { Ends, Passage } from "./ends.ts";

/** Fields of the options of a model of symbols, with their defaults; a model adds its own. */
export const options = { tie: z.boolean().default(false) };

/** What {@linkcode ends} of symbols are made from. */
export interface TokenOptions {
  /** Of the embedding; symbols have none of their own. */
  readonly width?: number;
  /**
   * Logits are products with the embedding (Press & Wolf, arXiv 1608.05859), by a factor for each unit that starts at zero as a
   * head of its own would.
   */
  readonly tie: boolean;
}

/**
 * `embed` [vocabulary, width], of the size of a head's weights and so sqrt(width) times smaller than tokens (Vaswani et al., arXiv
 * 1706.03762, section 3.4); a head, or where it is tied `gain` [width] and `bias` [classes].
 */
export type TokenParams = {
  embed: JaxArray;
  head?: LinearParams;
  gain?: JaxArray;
  bias?: JaxArray;
};

/**
 * Ends that embed symbols and read logits.
 * @throws {RangeError} without a width, and for tied ends whose classes are not the vocabulary.
 */
export function ends(
  { width, tie }: TokenOptions,
  { vocabulary, classes }: Extract<Signature, { kind: "tokens" }>,
): Ends<TokenParams, Record<never, never>> {
  if (width === undefined) {
    throw new RangeError(
      "tokens: no width; symbols have to be embedded, so say the width of the embedding",
    );
  }
  if (tie && vocabulary !== classes) {
    throw new RangeError(
      `tokens: tie = true for a vocabulary of ${vocabulary} and ${classes} classes; ends can be tied only where these are the same`,
    );
  }
  const logits = ({ embed, head, gain, bias }: TokenParams, h: JaxArray) => {
    if (head) {
      embed.dispose();
      return linear(head, h);
    }
    return linear({ weight: np.transpose(embed), bias: bias! }, h.mul(gain!));
  };
  /** @param symbols int32 [B, N] */
  const pass = (params: TokenParams, symbols: JaxArray): Passage => ({
    tokens: np.take(params.embed.ref, symbols, 0).mul(Math.sqrt(width)),
    leave: (h) => logits(params, h),
  });
  return {
    width,
    patch: 1,
    init(key) {
      const [embedKey, headKey] = keysFor(key, tie ? 1 : 2);
      const embed = random.normal(embedKey, [vocabulary, width]).mul(1 / Math.sqrt(width));
      if (tie) return { embed, gain: np.zeros([width]), bias: np.zeros([classes]) };
      return { embed, head: linearInit(headKey, width, classes, 0) };
    },
    enter: pass,
    step: {
      initialState: () => ({}),
      enter(params, state, symbols, observed) {
        observed.dispose();
        const [batch] = symbols.shape;
        const { tokens, leave } = pass(params, symbols);
        return [state, {
          tokens: tokens.reshape([batch, width]),
          leave: (h) => leave(h).reshape([batch, 1, classes]),
        }];
      },
    },
  };
}
