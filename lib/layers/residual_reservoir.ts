/**
 * @file Reservoirs, of which only what reads them is learned: drawn once and for all, with a part of the last state turned and kept beside
 * what tanh makes of it (Pinna et al., arXiv 2508.21172, eq. 4), one above the other, or beside a linear memory that they see (arXiv
 * 2508.09925, eq. 1 and 2).
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray, JaxDType } from "../engine/arrays.ts";
import { eigen } from "../linalg/eigen.ts";
import { randomOrthogonal } from "../linalg/orthogonal.ts";
import { readOptions } from "../options.ts";
import { fold, type Key, keyOf, uniforms } from "../random/random.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { constant } from "./constant.ts";
import { linear, linearInit, type LinearParams } from "./linear.ts";
import type { About, SequenceLayer } from "./sequence/sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** n, numbers of a reservoir. */
  readonly state: number;
  /** L reservoirs, each driven by the one below. */
  readonly depth: number;
  /** m, numbers of the linear memory; 0 for none. */
  readonly memory: number;
  /** Spectral radius of W. */
  readonly radius: number;
  /** alpha, of the last state, turned. */
  readonly keep: number;
  /** beta, of what tanh makes. */
  readonly write: number;
}

/** Reservoirs [B, L, n], and the memory [B, m]. */
export type State = { h: JaxArray; m?: JaxArray };

/** Drawn matrices, row-major. */
export interface Reservoir {
  /** W of each level, [n, n]. */
  readonly recurrent: Float64Array[];
  /** O of each level, [n, n]. */
  readonly turn: Float64Array[];
  /** U of each: [d + m, n] of the first, [n, n] of the others. */
  readonly input: Float64Array[];
  /** V [d, m] */
  readonly memory: Float64Array;
}

/** Of -1 to 1, over the root of how many are added up. */
const drawn = (key: Key, inputs: number, outputs: number): Float64Array =>
  uniforms(key, inputs * outputs).map((u) => (2 * u - 1) / Math.sqrt(inputs));

const known = new Map<string, Reservoir>();

/** The same for the same sizes, whatever is learned. */
export function reservoirOf({ width, state: n, depth, memory, radius }: Config): Reservoir {
  const id = [width, n, depth, memory, radius].join();
  let found = known.get(id);
  if (!found) {
    const keys = (kind: number) =>
      Array.from({ length: depth }, (_, l) => fold(fold(keyOf(0), kind), l));
    const recurrent = keys(0).map((key) => {
      const raw = drawn(key, n, n);
      const { re, im } = eigen(raw, n).values;
      const largest = Math.max(...re.map((v, i) => Math.hypot(v, im[i])));
      return raw.map((v) => v * radius / largest);
    });
    found = {
      recurrent,
      turn: keys(1).map((key) => randomOrthogonal(key, n)),
      input: keys(2).map((key, l) => drawn(key, l === 0 ? width + memory : n, n)),
      memory: drawn(fold(keyOf(0), 3), width, memory),
    };
    known.set(id, found);
  }
  return found;
}

/** Options: `state` (n, 64), `radius` (.9), `keep` (alpha, .5), `write` (beta, .5), and as many more as it has. */
export function residualReservoir(
  name: string,
  about: About,
  kind: "deep" | "memory",
): SequenceLayer<Config, LinearParams, State, JaxArray, JaxArray> {
  return {
    about,

    configure(options, width) {
      const common = {
        state: z.number().int().min(1).default(64),
        radius: z.number().min(0).default(0.9),
        keep: z.number().min(0).max(1).default(0.5),
        write: z.number().gt(0).max(1).default(0.5),
      };
      if (kind === "deep") {
        const depth = z.number().int().min(1).default(2);
        return {
          width,
          memory: 0,
          ...readOptions(name, z.strictObject({ ...common, depth }), options),
        };
      }
      const memory = z.number().int().min(2).default(64);
      return {
        width,
        depth: 1,
        ...readOptions(name, z.strictObject({ ...common, memory }), options),
      };
    },

    init: ({ width, state, depth }, key, gain = 1) => linearInit(key, depth * state, width, gain),

    initialState({ state, depth, memory }, batch) {
      const first: Record<string, Tensor> = { h: tensor(0, [batch, depth, state]) };
      if (memory) first.m = tensor(0, [batch, memory]);
      return first;
    },

    cell(config, _params, { h, m }, x) {
      const { width, state: n, depth, memory, keep, write } = config;
      const [batch] = x.shape;
      const table = reservoirOf(config);
      const by = (x: JaxArray, data: Float64Array, rows: number, columns: number) =>
        np.matmul(x, matrix(data, rows, columns, x.dtype));
      let driven = x;
      let nextMemory: JaxArray | undefined;
      if (m) {
        // Its numbers move on by one place, the last one to the first.
        const [most, last] = np.split(m, [memory - 1], 1);
        nextMemory = np.concatenate([last, most], 1).add(by(x.ref, table.memory, width, memory));
        driven = np.concatenate([x, nextMemory.ref], 1);
      }
      const levels = (depth === 1 ? [h] : np.split(h, depth, 1)).map((part, l) => {
        const last = part.reshape([batch, n]);
        const rows = l === 0 ? width + memory : n;
        const sum = by(last.ref, table.recurrent[l], n, n)
          .add(by(driven, table.input[l], rows, n));
        const next = by(last, table.turn[l], n, n).mul(keep).add(np.tanh(sum).mul(write));
        driven = next.ref;
        return next.reshape([batch, 1, n]);
      });
      driven.dispose();
      const next = depth === 1 ? levels[0] : np.concatenate(levels, 1);
      const shown = next.ref.reshape([batch, depth * n]);
      return [nextMemory ? { h: next, m: nextMemory } : { h: next }, shown];
    },

    outputs(_, params, shown, x) {
      x.dispose();
      return linear(params, shown);
    },
  };
}

const matrix = (data: Float64Array, rows: number, columns: number, dtype: JaxDType) =>
  constant(Float64Array.from(data), [rows, columns], dtype);
