/** @file Least squares y = x w, whose answer is known: the smallest training there is. */
import { numpy as np } from "@jax-js/jax";
import { compile } from "../../lib/engine/engines/ort.ts";
import { tensor } from "../../lib/engine/mod.ts";
import { compileStep } from "../../lib/train/trainer.ts";
import { generator, randomTensor } from "../engine/oracle.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

export const target = [1, -2, 0.5];
export const loss = ({ w }: { w: np.Array }, { x, y }: { x: np.Array; y: np.Array }) => {
  const error = np.matmul(x, w).sub(y);
  return np.mean(error.ref.mul(error));
};
export const nextBatch = (step: number) => {
  const x = randomTensor(generator(step + 1), [8, 3]);
  const rows = Array.from({ length: 8 }, (_, r) => Array.from(x.data.slice(3 * r, 3 * r + 3)));
  return { x, y: tensor(rows.map((row) => row.reduce((s, v, i) => s + v * target[i], 0))) };
};
export const start = { w: tensor(0, [3]) };
export const compilingRuns = (stepsPerRun?: number) => (example: Any) =>
  compileStep(loss as Any, start, example, { compile, stepsPerRun });
export const compiling = compilingRuns();
export const dataOf = (params: Any) => params.w.data as Float32Array;
