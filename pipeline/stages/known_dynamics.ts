/** @file Stage that learns a field from some of its frames, with and without its equation, in closed form. */
import { z } from "zod";
import { identity } from "../../lib/linalg/matrix.ts";
import {
  fitResidual,
  oneStepError,
  operatorOf,
  plus,
  simulate,
  type TwoFrames,
} from "../../lib/physics/known_dynamics.ts";
import { unknownEffects } from "../../lib/physics/unknown_effects.ts";
import { fold, keyOf } from "../../lib/random/random.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params {
  equation: "heat" | "wave";
  strength: number;
  /** On the ring. */
  points: number;
  /** Numbers of frames that are learned from. */
  frames: number[];
  /** Frames on which errors are measured. */
  test: number;
  /** Pushes at every step. */
  noise: number;
  /** Which place: what its equation leaves out, and how it was pushed. */
  place: number;
}

export function params() {
  const count = (least: number) => z.number().int().min(least);
  return z.strictObject({
    equation: z.enum(["heat", "wave"]),
    strength: z.number(),
    points: count(1).default(16),
    frames: z.array(count(12)).min(1),
    test: count(3).default(2000),
    noise: z.number().positive().default(0.1),
    place: z.number().int().nonnegative(),
  });
}

/** Ridges that are tried, on the last quarter of the frames. */
const ridges = [1e-3, 1e-2, 1e-1, 1, 10, 100];

/**
 * Leaves the scalars `excess floor` (repeating the last frame) and, of every number N of frames, `excess known N` and `excess free N`: the
 * mean squared error of the next frame, less that of the true map on the same frames, with and without the equation.
 */
export function run({ params: p, progress }: StageContext<Params>): StageResult {
  const { points: n, frames, test, noise, place, ...dynamics } = p;
  const key = keyOf(place);
  const known = operatorOf(dynamics, n);
  const truth = plus(known, unknownEffects(dynamics, n, fold(key, 0)));
  const unseen = simulate(truth, n, test, noise, fold(key, 1));
  const best = oneStepError(truth, unseen, n);
  const excess = (map: TwoFrames) => oneStepError(map, unseen, n) - best;
  const none = { now: new Float64Array(n * n), before: new Float64Array(n * n) };
  const scalars: Record<string, number> = {
    "excess floor": excess({ ...none, now: identity(n) }),
  };
  // The same pushes, so that more frames are the same ones and others.
  const all = simulate(truth, n, Math.max(...frames), noise, fold(key, 2));
  for (const [i, count] of frames.entries()) {
    const seen = all.subarray(0, count * n);
    scalars[`excess known ${count}`] = excess(learned(seen, n, known));
    scalars[`excess free ${count}`] = excess(learned(seen, n, none));
    progress(i + 1, frames.length);
  }
  return { files: {}, scalars };
}

/** Least squares with the ridge that does best on the last quarter of the frames, then on all of them. */
function learned(seen: Float64Array, n: number, known: TwoFrames): TwoFrames {
  const cut = Math.floor(0.75 * seen.length / n) * n;
  const errors = ridges.map((ridge) =>
    oneStepError(fitResidual(seen.subarray(0, cut), n, known, ridge), seen.subarray(cut), n)
  );
  return fitResidual(seen, n, known, ridges[errors.indexOf(Math.min(...errors))]);
}
