/**
 * @file AdamW (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2) with gradient clipping by global norm, as pure jax-js
 * functions over parameter trees.
 */
import { numpy as np } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import { leavesOf, treeLike } from "../engine/trees.ts";
import { type Tensor, tensor, type Tree } from "../tensor/tensor.ts";
import { mapTensors } from "../tensor/trees.ts";

/** The optimiser's constants but its learning rate, which a schedule gives. */
export interface AdamWOptions {
  /** Decay of the first moment, 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment, 0.999. */
  readonly beta2?: number;
  /** Added to the root of the second moment, 1e-8. */
  readonly epsilon?: number;
  /** Every step shrinks weights by this times the learning rate, 0. */
  readonly weightDecay?: number;
  /** Gradients are scaled down to this global norm; no clipping if undefined. */
  readonly clipNorm?: number;
}

/** First and second moments, shaped like the parameters, and the number of steps taken. */
export type AdamWState<P extends Arrays = Arrays> = { first: P; second: P; count: JaxArray };

/** Zero moments for parameters, on the host. */
export function adamwInit(params: Tree<Tensor>): Record<keyof AdamWState, Tree<Tensor>> {
  const zeros = () => mapTensors(params, ({ shape, dtype }) => tensor(0, shape, dtype));
  return { first: zeros(), second: zeros(), count: tensor(0) };
}

/** Square root of the sum of squares over all leaves; the tree is not consumed. */
export function globalNorm(grads: Arrays): JaxArray {
  const squares = leavesOf(grads).map((g) => np.sum(g.ref.mul(g.ref)));
  return np.sqrt(squares.reduce((a, b) => a.add(b)));
}

/**
 * One update. Weights (arrays of two or more axes) decay, biases and scales do not.
 * @param lr learning rate, scalar.
 * @returns new parameters, new state, and the gradient norm before clipping.
 */
export function adamwUpdate<P extends Arrays>(
  params: P,
  grads: P,
  state: AdamWState<P>,
  lr: JaxArray,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, clipNorm }: AdamWOptions = {},
): { params: P; state: AdamWState<P>; gradNorm: JaxArray } {
  const gradNorm = globalNorm(grads);
  const scale = clipNorm === undefined
    ? undefined
    : np.minimum(np.reciprocal(gradNorm.ref.add(1e-12)).mul(clipNorm), 1);
  const count = state.count.add(1);
  // beta^t as exp(t log beta): bias corrections of Kingma & Ba, algorithm 1.
  const correction = (beta: number) =>
    np.reciprocal(np.exp(count.ref.mul(Math.log(beta))).neg().add(1));
  // m c1 / (sqrt(v c2) + epsilon) with both divided by sqrt(c2): one pass less over the parameters.
  const scaleDown = np.sqrt(np.reciprocal(correction(beta2)));
  const stepSize = lr.ref.mul(correction(beta1)).mul(scaleDown.ref);
  const floor = scaleDown.mul(epsilon);

  const [first, second, updated]: JaxArray[][] = [[], [], []];
  const [gradLeaves, firstLeaves, secondLeaves] = [grads, state.first, state.second].map(leavesOf);
  leavesOf(params).forEach((p, i) => { // all of one leaf while it is in the cache
    const g = scale ? gradLeaves[i].mul(scale.ref) : gradLeaves[i];
    const m = firstLeaves[i].mul(beta1).add(g.ref.mul(1 - beta1));
    const v = secondLeaves[i].mul(beta2).add(g.ref.mul(g).mul(1 - beta2));
    const move = m.ref.div(np.sqrt(v.ref).add(floor.ref)).mul(stepSize.ref);
    const decayed = weightDecay > 0 && p.ndim >= 2 ? p.ref.sub(p.mul(lr.ref.mul(weightDecay))) : p;
    first.push(m);
    second.push(v);
    updated.push(decayed.sub(move));
  });
  return {
    params: treeLike(params, updated),
    state: { first: treeLike(params, first), second: treeLike(params, second), count },
    gradNorm,
  };
}
