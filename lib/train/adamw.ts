/**
 * @file AdamW (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2) with gradient clipping by global norm, as pure jax-js
 * functions over parameter trees.
 */
import { numpy as np, tree } from "@jax-js/jax";

export interface AdamWOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** Gradients are scaled down to this global norm; no clipping if undefined. */
  readonly clipNorm?: number;
}

/** First and second moments, shaped like the parameters, and the number of steps taken. */
// deno-lint-ignore no-explicit-any
export type AdamWState = { first: any; second: any; count: np.Array };

/** Zero moments for a parameter tree (which is not consumed). */
// deno-lint-ignore no-explicit-any
export function adamwInit(params: any): AdamWState {
  const zeros = () =>
    tree.map((p: np.Array) => np.zeros(p.shape, { dtype: p.dtype }), params as never);
  return { first: zeros(), second: zeros(), count: np.zeros([]) };
}

/** Square root of the sum of squares over all leaves; the tree is not consumed. */
// deno-lint-ignore no-explicit-any
export function globalNorm(grads: any): np.Array {
  const squares = tree.leaves(grads as never).map((g) => {
    const array = g as np.Array;
    return np.sum(array.ref.mul(array.ref));
  });
  return np.sqrt(squares.reduce((a, b) => a.add(b)));
}

/**
 * One update. Weights (arrays of two or more axes) decay, biases and scales do not.
 * @param lr learning rate, scalar.
 * @returns new parameters, new state, and the gradient norm before clipping.
 */
// deno-lint-ignore no-explicit-any
export function adamwUpdate<P = any>(
  params: P,
  grads: P,
  state: AdamWState,
  lr: np.Array,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, clipNorm }: AdamWOptions = {},
): { params: P; state: AdamWState; gradNorm: np.Array } {
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

  const first: np.Array[] = [];
  const second: np.Array[] = [];
  const updated: np.Array[] = [];
  const [leaves, structure] = tree.flatten(params as never) as unknown as [
    np.Array[],
    never,
  ];
  const gradLeaves = tree.leaves(grads as never) as np.Array[];
  const firstLeaves = tree.leaves(state.first) as np.Array[];
  const secondLeaves = tree.leaves(state.second) as np.Array[];
  leaves.forEach((p, i) => {
    const g = scale ? gradLeaves[i].mul(scale.ref) : gradLeaves[i];
    const m = firstLeaves[i].mul(beta1).add(g.ref.mul(1 - beta1));
    const v = secondLeaves[i].mul(beta2).add(g.ref.mul(g).mul(1 - beta2));
    const move = m.ref.div(np.sqrt(v.ref).add(floor.ref)).mul(stepSize.ref);
    const decayed = weightDecay > 0 && p.ndim >= 2 ? p.ref.sub(p.mul(lr.ref.mul(weightDecay))) : p;
    first.push(m);
    second.push(v);
    updated.push(decayed.sub(move));
  });
  const build = (list: np.Array[]) => tree.unflatten(structure, list);
  return {
    params: build(updated) as P,
    state: { first: build(first), second: build(second), count },
    gradNorm,
  };
}
