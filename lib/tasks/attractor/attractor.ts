/**
 * @file Reconstruction of a chaotic system: a model learns to predict the next observation on pieces of one orbit, then runs free from the first
 * observations of others, far beyond the time for which any prediction holds. What counts is whether it stays on the attractor: by the divergence of where
 * its orbits have been from where true ones have, beside that of a second set of true orbits (the optimum) and of staying at the mean (the floor).
 *
 * @example Observations, and what a training step sees
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./attractor.ts";
 *
 * const lorenz = task.configure({ system: "lorenz", scored: 300 });
 * assert.deepEqual(lorenz.signature, { kind: "series", channels: 3 });
 * assert.deepEqual(lorenz.generate!(0, 1, 2).y.shape, [2, 300, 3]);
 * ```
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import type { SequenceModel, Signature } from "../../models/model.ts";
import { readOptions } from "../../options.ts";
import { fold, type Key, keyOf, split, uniforms } from "../../random/random.ts";
import { type Tensor, tensor, type Tree } from "../../tensor/tensor.ts";
import { gapClosed } from "../gap_closed.ts";
import type { Evaluation, Runner, Task, TaskData, TaskModule } from "../task.ts";
import { forcedPredictions } from "./forced.ts";
import { spectrumDistance, stateSpaceDivergence } from "./likeness.ts";
import { DIMENSIONS, type FlowName, flows, orbitOf } from "./systems.ts";

/** How a model is evaluated. */
export interface Protocol {
  /** Observations that it reads before it runs free. */
  readonly warmup: number;
}

/** What an evaluation leaves: divergences are the loss, these the distances of spectra. */
export interface Details {
  /** Hellinger distances of power spectra, of the model, of staying at the mean, and of other true orbits. */
  readonly spectrum: { readonly loss: number; readonly floor: number; readonly optimum: number };
  /** Share of orbits that left for what is not finite, or for more than a hundred standard deviations. */
  readonly escaped: number;
  /** Observations that were generated for each orbit. */
  readonly generated: number;
}

const schema = () =>
  z.strictObject({
    system: z.enum(Object.keys(flows) as [FlowName, ...FlowName[]]).default("lorenz"),
    /** Observations of the orbit that is learned from. */
    orbit: z.number().int().min(100).default(10_000),
    /** Of a piece of it in training. */
    length: z.number().int().min(2).default(64),
    /** Of each orbit that `generate` makes. */
    scored: z.number().int().min(2).default(2112),
    /** Share of what was observed in what a model reads in training (forced.ts); 1: nothing else. */
    alpha: z.number().gt(0).max(1).default(1),
  });

/** Orbits of the optimum; no data key is as large. */
const second = keyOf(2 ** 40);
/** Standard deviations from the mean at which an orbit has escaped. */
const far = 100;

/** Reconstructing an attractor. */
export const task: TaskModule<Task<SequenceModel, Protocol>> = {
  about: {
    name: "attractor",
    floor: { name: "staying at the mean", known: "exact" },
    optimum: { name: "other orbits of the same system", known: "best known" },
  },
  protocol: (options) =>
    readOptions(
      "attractor protocol",
      z.strictObject({ warmup: z.number().int().min(1).default(64) }),
      options,
    ),
  configure(options) {
    const read = readOptions("attractor", schema(), options);
    const { system, orbit: learned, length, scored, alpha } = read;
    if (length >= learned) {
      throw new RangeError(
        `attractor options: pieces of length = ${length} do not fit into an orbit of ${learned} observations; lower length, or raise orbit`,
      );
    }
    const signature: Signature = { kind: "series", channels: DIMENSIONS };
    return {
      signature,
      tokens: (batch) => batch * length,
      source({ data }, batch, { patch }) {
        if (patch !== 1) {
          throw new RangeError(
            `attractor: observations are predicted one by one, but the model reads patches of ${patch}; expected patch = 1`,
          );
        }
        const [path, places] = split(keyOf(data));
        const orbit = orbitOf(system, path, learned);
        return (step): Tree<Tensor> => {
          const y = new Float32Array(batch * length * DIMENSIONS);
          uniforms(fold(places, step), batch).forEach((u, b) => {
            const from = Math.floor(u * (learned - length + 1)) * DIMENSIONS;
            const piece = orbit.subarray(from, from + length * DIMENSIONS);
            y.set(piece, b * length * DIMENSIONS);
          });
          return { y: tensor(y, [batch, length, DIMENSIONS]) };
        };
      },
      loss(model: SequenceModel, params: Arrays, batch: Arrays): JaxArray {
        const { y } = batch as { y: JaxArray };
        const [count] = y.shape;
        const out = alpha < 1
          ? forcedPredictions(model, params, y.ref, alpha)
          : model.apply(params, y.ref).reshape([count, length, DIMENSIONS]);
        const error = out.slice([], [0, length - 1]).sub(y.slice([], [1, length]));
        return np.mean(error.ref.mul(error));
      },
      generate: (_instance, data, sequences) => ({
        y: tensor(
          Float32Array.from(orbits(system, keyOf(data), sequences, scored)),
          [sequences, scored, DIMENSIONS],
        ),
      }),
      evaluate: (runner, _instance, data, protocol) => evaluate(system, runner, data, protocol),
    };
  },
};

/** @returns [sequences, length, 3], flat */
function orbits(system: FlowName, key: Key, sequences: number, length: number): Float64Array {
  const out = new Float64Array(sequences * length * DIMENSIONS);
  for (let n = 0; n < sequences; n++) {
    out.set(orbitOf(system, fold(key, n), length), n * length * DIMENSIONS);
  }
  return out;
}

async function evaluate(
  system: FlowName,
  runner: Runner<SequenceModel>,
  { tensors }: TaskData,
  { warmup }: Protocol,
): Promise<Evaluation> {
  const y = tensors?.y;
  if (y?.shape.length !== 3 || y.shape[2] !== DIMENSIONS) {
    throw new Error(
      `attractor: the test data hold no orbits y [N, T, ${DIMENSIONS}]; make them by stage generate`,
    );
  }
  const [sequences, length] = y.shape;
  const steps = length - warmup;
  if (steps < 1) {
    throw new RangeError(
      `attractor protocol: a warm-up of ${warmup} leaves nothing of ${length} observations; lower it, or raise the task's option scored`,
    );
  }
  const seen = new Float32Array(sequences * warmup * DIMENSIONS);
  const rest = new Float32Array(sequences * steps * DIMENSIONS);
  for (let n = 0; n < sequences; n++) {
    const own = y.data.subarray(n * length * DIMENSIONS, (n + 1) * length * DIMENSIONS);
    seen.set(own.subarray(0, warmup * DIMENSIONS), n * warmup * DIMENSIONS);
    rest.set(own.subarray(warmup * DIMENSIONS), n * steps * DIMENSIONS);
  }
  const shape = [sequences, warmup, DIMENSIONS];
  const { data: generated } = await runner.generate(tensor(seen, shape), steps);
  const others = orbits(system, second, sequences, steps);
  const still = new Float32Array(rest.length);
  const divergence = (of: ArrayLike<number>) =>
    stateSpaceDivergence({ true: rest, generated: of }, DIMENSIONS);
  const distance = (of: ArrayLike<number>) =>
    spectrumDistance({ true: rest, generated: of }, { length: steps, variables: DIMENSIONS });
  const losses = {
    loss: divergence(generated),
    floor: divergence(still),
    optimum: divergence(others),
  };
  const size = steps * DIMENSIONS;
  const gone = Array.from({ length: sequences }, (_, n) => {
    const own = generated.subarray(n * size, (n + 1) * size);
    return own.some((value) => !(Math.abs(value) <= far));
  });
  const details: Details = {
    spectrum: {
      loss: distance(generated),
      floor: distance(still),
      optimum: distance(others),
    },
    escaped: gone.filter(Boolean).length / sequences,
    generated: steps,
  };
  return { ...losses, gapClosed: gapClosed(losses), details };
}
