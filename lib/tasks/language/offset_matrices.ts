/**
 * @file The convex class that every linear mixer with weights by distance belongs to: one free matrix for each distance, and a free bias for
 * each position, logits_t = sum_{k < K} Q_k e_{x_{t-k}} + b_t. It is a multinomial logistic regression, so with a penalty its best
 * member is known up to a certificate (lib/linalg/lbfgs.ts). No distance: unigrams by position. One: a bigram.
 *
 * The penalty is on what the model computes, lambda / 2 (sum_k |Q_k|^2 + |b|^2), so that a mixer, written as a member, has the same one.
 */
import { type Sequences, UNASKED } from "../symbols.ts";
import type { CollapsedMixer } from "../../models/collapsed_mixer.ts";
import { minimise, type MinimiseOptions, type Minimum } from "../../linalg/lbfgs.ts";
import { logSoftmax } from "./losses.ts";

/** Which class. */
export interface OffsetClass {
  /** V */
  readonly vocabulary: number;
  /** T */
  readonly length: number;
  /** K, distances 0 to K - 1. */
  readonly taps: number;
  /** lambda */
  readonly penalty: number;
}

/** Numbers of a member: the rows of the matrices [K, V (token read), V], then the biases [T, V]. */
export const sizeOf = ({ vocabulary, length, taps }: OffsetClass): number =>
  (taps * vocabulary + length) * vocabulary;

/** Adds up the logits of sequence s at position t. */
function addLogits(
  { vocabulary, length, taps }: OffsetClass,
  member: Float64Array,
  x: ArrayLike<number>,
  at: number,
  logits: Float64Array,
): void {
  const t = at % length;
  const bias = (taps * vocabulary + t) * vocabulary;
  for (let v = 0; v < vocabulary; v++) logits[v] = member[bias + v];
  for (let k = 0; k < taps && k <= t; k++) {
    const row = (k * vocabulary + x[at - k]) * vocabulary;
    for (let v = 0; v < vocabulary; v++) logits[v] += member[row + v];
  }
}

/** Minus the logarithms of the probabilities that a member gives to all tokens after position `at` of x, into `out`. */
export function memberLosses(
  of: OffsetClass,
  member: Float64Array,
  x: ArrayLike<number>,
  at: number,
  out: Float64Array,
): void {
  const logits = new Float64Array(of.vocabulary);
  addLogits(of, member, x, at, logits);
  logSoftmax(logits, 0, out);
  for (let v = 0; v < out.length; v++) out[v] = -out[v];
}

/** The penalised training loss of members, in nats a token, with its gradient. */
export function objective(
  of: OffsetClass,
  { x: { data: x }, target: { data: target } }: Sequences,
): (member: Float64Array, gradient: Float64Array) => number {
  const { vocabulary, length, taps, penalty } = of;
  const asked = [...target].filter((id) => id !== UNASKED).length;
  const logits = new Float64Array(vocabulary);
  return (member, gradient) => {
    let value = 0;
    for (let i = 0; i < member.length; i++) {
      value += penalty / 2 * member[i] ** 2;
      gradient[i] = penalty * member[i];
    }
    for (let at = 0; at < target.length; at++) {
      const right = target[at];
      if (right === UNASKED) continue;
      addLogits(of, member, x, at, logits);
      // Probabilities and loss from one exponential of each logit: they are half of the time.
      let largest = -Infinity;
      for (let v = 0; v < vocabulary; v++) largest = Math.max(largest, logits[v]);
      const own = logits[right] - largest;
      let sum = 0;
      for (let v = 0; v < vocabulary; v++) sum += logits[v] = Math.exp(logits[v] - largest);
      value += (Math.log(sum) - own) / asked;
      const share = 1 / (sum * asked);
      for (let v = 0; v < vocabulary; v++) logits[v] *= share;
      logits[right] -= 1 / asked;
      const t = at % length;
      const bias = (taps * vocabulary + t) * vocabulary;
      for (let v = 0; v < vocabulary; v++) gradient[bias + v] += logits[v];
      for (let k = 0; k < taps && k <= t; k++) {
        const row = (k * vocabulary + x[at - k]) * vocabulary;
        for (let v = 0; v < vocabulary; v++) gradient[row + v] += logits[v];
      }
    }
    return value;
  };
}

/** The best member, and how far from the best it is at most. */
export function bestMember(
  of: OffsetClass,
  training: Sequences,
  options: Omit<MinimiseOptions, "convexity">,
): Minimum {
  const start = new Float64Array(sizeOf(of));
  return minimise(objective(of, training), start, { ...options, convexity: of.penalty });
}

/**
 * The best member whose matrices are multiples of one, Q_k = m_k Q, that is found from a start: a problem of two parts that is convex in
 * each but not in both, so its value bounds that of the class from above.
 * @param start Q [V, V], then m [K], then the biases [T, V]
 */
export function bilinearMember(
  of: OffsetClass,
  training: Sequences,
  start: Float64Array,
  options: Omit<MinimiseOptions, "convexity">,
): Minimum {
  const { vocabulary, taps } = of;
  const square = vocabulary ** 2;
  const f = objective(of, training);
  const back = new Float64Array(sizeOf(of));
  return minimise(
    (point, gradient) => {
      const value = f(manyMatrices(of, point), back);
      gradient.fill(0);
      for (let k = 0; k < taps; k++) {
        for (let i = 0; i < square; i++) {
          gradient[i] += point[square + k] * back[k * square + i];
          gradient[square + k] += point[i] * back[k * square + i];
        }
      }
      gradient.set(back.subarray(taps * square), square + taps);
      return value;
    },
    start,
    { ...options, convexity: 0 },
  );
}

/** The member of the class that one matrix and the weights of distances are. @param point as {@linkcode bilinearMember} takes it */
export function manyMatrices(of: OffsetClass, point: Float64Array): Float64Array {
  const { vocabulary, taps } = of;
  const square = vocabulary ** 2;
  const member = new Float64Array(sizeOf(of));
  for (let k = 0; k < taps; k++) {
    for (let i = 0; i < square; i++) member[k * square + i] = point[square + k] * point[i];
  }
  member.set(point.subarray(square + taps), taps * square);
  return member;
}

/**
 * A linear mixer as a member of the class.
 * @throws {RangeError} for one whose weights do not belong to distances, or whose sequences are longer than the class has distances
 */
export function memberOf(of: OffsetClass, mixer: CollapsedMixer): Float64Array {
  const { vocabulary, length, taps } = of;
  const square = vocabulary ** 2;
  const { mixing, matrix, bias, direction } = mixer;
  const first = (t: number, s: number) => mixing[(t - s) * length]; // of this distance
  const varying = mixing.some((weight, i) => {
    const [t, s] = [Math.floor(i / length), i % length];
    return s <= t && Math.abs(weight - first(t, s)) > 1e-12;
  });
  if (mixer.length !== length || taps < length || varying) {
    throw new RangeError(
      `a mixer of ${mixer.length} tokens${
        varying ? " with weights by position" : ""
      } is no member of the class of ` +
        `${taps} distances in sequences of ${length}; its weights must belong to distances, all of them in the class`,
    );
  }
  const member = new Float64Array(sizeOf(of));
  for (let k = 0; k < length; k++) {
    for (let i = 0; i < square; i++) member[k * square + i] = mixing[k * length] * matrix[i];
  }
  for (let t = 0; t < length; t++) {
    const at = (taps * vocabulary + t) * vocabulary;
    for (let v = 0; v < vocabulary; v++) member[at + v] = bias[t] * direction[v];
  }
  return member;
}
