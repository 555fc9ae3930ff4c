/** @file What a free-running sequence needs of memory, so that batches can be sized before they start. */
import type { SequenceModel } from "../models/model.ts";
import { sizeOf, type Tensor, type Tree } from "../tensor/tensor.ts";
import { flatten } from "../tensor/trees.ts";

/** The state is there at the start, as input, as computed and as output. */
const states = 4;
/** Arrays of a step that are there at once, none larger than the largest part of the state or the widest product. */
const inFlight = 12;

/**
 * Bytes that one sequence holds at once: an upper bound. Measured peaks are 0.4 (LRU, hybrids) to 0.9 (linear attention) of it
 * (tests/train/rollout_bytes_test.ts).
 * @param params for their shapes.
 * @param capacity tokens of warm-up and of what follows.
 * @param channels of an observation.
 */
export function rolloutBytes(
  model: SequenceModel,
  params: Tree<Tensor>,
  capacity: number,
  channels: number,
): number {
  const parts = Object.values(flatten(model.initialState(1, capacity))).map(({ shape }) =>
    sizeOf(shape)
  );
  // A product is as wide as the matrix that it is made with.
  const widths = Object.values(flatten(params)).flatMap(({ shape }) => shape.slice(-2));
  const state = parts.reduce((sum, size) => sum + size, 0);
  const largest = Math.max(0, ...parts, ...widths);
  // Observations as given, in a batch and rolled out.
  const observations = 3 * capacity * model.patch * channels;
  return 4 * (observations + states * state + inFlight * largest);
}
