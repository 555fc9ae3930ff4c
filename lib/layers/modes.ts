/**
 * @file What states that fade and turn, each at a rate of its own, make of a sequence, channel by channel: number by number h_t =
 * exp(-fade + i turn) h_{t-1} + u_t, read as Re(c h_t). Token by token, or a chunk at a time: its tokens by the impulse response, what came
 * before by the state.
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray, JaxDType } from "../engine/arrays.ts";
import { inChunks } from "./chunks.ts";
import { constant } from "./constant.ts";

/** Real and imaginary parts. */
export type Complex = { re: JaxArray; im: JaxArray };

/** Of d channels with M states each, [d, M]. */
export type Modes = {
  /** Above zero, a token. */
  fade: JaxArray;
  /** An angle a token. */
  turn: JaxArray;
  /** c */
  read: Complex;
};

/** a b, of which both are consumed. */
export const times = (a: Complex, b: Complex): Complex => ({
  re: a.re.ref.mul(b.re.ref).sub(a.im.ref.mul(b.im.ref)),
  im: a.re.mul(b.im).add(a.im.mul(b.re)),
});

/** exp(-fade + i turn), of any shape. */
export function modeOf(fade: JaxArray, turn: JaxArray): Complex {
  const size = np.exp(fade.neg());
  return { re: size.ref.mul(np.cos(turn.ref)), im: size.mul(np.sin(turn)) };
}

/** One token u [B, d]. @param h [B, d, M] @returns the next h, and what is read, [B, d] */
export function modesToken(
  { fade, turn, read }: Modes,
  h: Complex,
  u: JaxArray,
): [Complex, JaxArray] {
  const turned = times(modeOf(fade, turn), h);
  const next = { re: turned.re.add(u.reshape([...u.shape, 1])), im: turned.im };
  return [next, np.sum(read.re.mul(next.re.ref).sub(read.im.mul(next.im.ref)), -1)];
}

/** Tokens of a chunk. */
const chunkLength = 32;

/** What a chunk needs of the modes, C = {@linkcode chunkLength}. */
type Tables = {
  /** The impulse response by distance, [d, C (t), C (s)]; 0 for s > t. */
  within: JaxArray;
  /** c times the powers, by which a state is read. */
  read: Complex;
  /** exp((-fade + i turn) t) for t = 0 ... C, [d, M, C + 1]. */
  powers: Complex;
};

/** A sequence u [B, T, d]. @param h before it, [B, d, M] @returns h after it, and what is read, [B, T, d] */
export function modesOverSequence(modes: Modes, h: Complex, u: JaxArray): [Complex, JaxArray] {
  return inChunks(chunk, tablesOf(modes), h, u, chunkLength);
}

function tablesOf({ fade, turn, read: c }: Modes): Tables {
  const [width, state] = fade.shape;
  const each = (x: JaxArray) => x.reshape([width, state, 1]);
  const upTo = Float64Array.from({ length: chunkLength + 1 }, (_, t) => t);
  const row = constant(upTo, [1, 1, chunkLength + 1], fade.dtype);
  const powers = modeOf(each(fade).mul(row.ref), each(turn).mul(row));
  const read = times({ re: each(c.re), im: each(c.im) }, { re: powers.re.ref, im: powers.im.ref });
  const [kernel] = np.split(np.sum(read.re.ref, 1), [chunkLength], 1);
  const within = np.matmul(kernel, lags(kernel.dtype));
  return { within: within.reshape([width, chunkLength, chunkLength]), read, powers };
}

/** Ones at [k, (t, s)] where t - s = k, [C, C^2]. */
function lags(dtype: JaxDType): JaxArray {
  const ones = new Float32Array(chunkLength ** 3);
  for (let t = 0; t < chunkLength; t++) {
    for (let s = 0; s <= t; s++) ones[((t - s) * chunkLength + t) * chunkLength + s] = 1;
  }
  return constant(ones, [chunkLength, chunkLength ** 2], dtype);
}

/** Some tokens x [B, n, d], n <= C. @param state [B, d, M] @returns the state after them, and what is read, [B, n, d] */
function chunk({ within, read, powers }: Tables, state: Complex, x: JaxArray): [Complex, JaxArray] {
  const [, size, width] = x.shape;
  const count = state.re.shape[2];
  const u = np.transpose(x, [2, 1, 0]);
  const upTo = (x: JaxArray, from: number, to: number) => x.slice([], [], [from, to]);
  const now = np.matmul(within.slice([], [0, size], [0, size]), u.ref);
  const byChannel = (x: JaxArray) => np.transpose(x, [1, 0, 2]);
  const seen = np.matmul(byChannel(state.re.ref), upTo(read.re, 1, size + 1))
    .sub(np.matmul(byChannel(state.im.ref), upTo(read.im, 1, size + 1)));
  // The newest token has been turned by nothing.
  const added = (part: JaxArray) =>
    np.transpose(np.matmul(np.flip(upTo(part, 0, size), 2), u.ref), [2, 0, 1]);
  const end = (part: JaxArray) => upTo(part, size, size + 1).reshape([width, count]);
  const kept = times({ re: end(powers.re.ref), im: end(powers.im.ref) }, state);
  const last = { re: kept.re.add(added(powers.re)), im: kept.im.add(added(powers.im)) };
  u.dispose();
  return [last, np.transpose(now, [2, 1, 0]).add(np.transpose(seen, [1, 2, 0]))];
}
