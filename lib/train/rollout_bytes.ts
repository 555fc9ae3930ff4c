import { sizeOf, type Tensor, type Tree } from "../tensor/tensor.ts";
import type { SequenceModel } from "../models/model.ts";
import { flatten } from "../tensor/trees.ts";

/** placeholder */
export function rolloutBytes(model: SequenceModel, capacity: number, channels: number): number {
  const state: Tree<Tensor> = model.initialState(1, capacity);
  const size = Object.values(flatten(state)).reduce((sum, t) => sum + sizeOf(t.shape), 0);
  return 4 * (9 * size + 3 * capacity * model.patch * channels);
}
