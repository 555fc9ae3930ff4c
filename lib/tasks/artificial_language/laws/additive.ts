/**
 * @file The language of a linear mixer: p(x_{t+1} | past) = softmax(Q sum_k m_k e_{x_{t-k}}), where each past symbol adds to the logits. A
 * linear mixer of at least V units that sees `taps` symbols can be this law exactly; a network that multiplies symbols is not needed.
 */
import { type Key, normals, split } from "../../../random/random.ts";
import { type Law, softmaxInPlace } from "../law.ts";

/** What an additive law is drawn from. */
export interface AdditiveOptions {
  /** V */
  readonly vocabulary: number;
  /** K, symbols that matter. */
  readonly taps: number;
  /** Standard deviation of the logits that the newest symbol adds. */
  readonly sharpness: number;
}

/** The law of a key: Q with independent normal entries, m_k = decay^k times a random sign. */
export function additiveLaw({ vocabulary, taps, sharpness }: AdditiveOptions, key: Key): Law {
  const [ofQ, ofSigns] = split(key);
  /** [symbol that was read, symbol that comes] */
  const Q = normals(ofQ, vocabulary ** 2).map((value) => sharpness * value);
  const weights = normals(ofSigns, taps).map((sign, k) => Math.sign(sign) * decay ** k);
  return {
    vocabulary,
    start() {
      const past: number[] = []; // newest first
      return {
        probabilities() {
          const logits = new Float64Array(vocabulary);
          for (const [k, symbol] of past.entries()) {
            for (let v = 0; v < vocabulary; v++) {
              logits[v] += weights[k] * Q[symbol * vocabulary + v];
            }
          }
          return softmaxInPlace(logits);
        },
        read(symbol) {
          past.unshift(symbol);
          if (past.length > taps) past.pop();
        },
      };
    },
  };
}

/** From one symbol to the one before it. */
const decay = 0.7;
