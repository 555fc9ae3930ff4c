/**
 * @file Formulas of a theory of depth and width, as its page and its proofs print them (github.com/ekg/elman-proofs@5082610,
 * ElmanProofs/Architectures/DepthScaling.lean, parts 2 to 4, and ElmanProofs/Expressivity/SpectralLowRank.lean, parts 2 and 3), and beside
 * one of them what it approximates: so that each can be held to what is said of it.
 */

/** A network of L layers of width d has `parameters` = `perLayer` L d^2. */
export interface Budget {
  /** P */
  readonly parameters: number;
  /** c: matrices of d by d in a layer. */
  readonly perLayer: number;
}

/** d of a budget that is spent on so many layers. */
export function widthOf({ parameters, perLayer }: Budget, layers: number): number {
  return Math.sqrt(parameters / (perLayer * layers));
}

/** Log of the condition number that the theory gives a network: (d^alpha)^L. */
export function logCondition(budget: Budget, layers: number, alpha: number): number {
  return layers * alpha * Math.log(widthOf(budget, layers));
}

/** L* = P / (c e), where the derivative of {@linkcode logCondition} by the layers is 0: "the depth that minimizes" it. */
export function stationaryDepth({ parameters, perLayer }: Budget): number {
  return parameters / (perLayer * Math.E);
}

/**
 * r* = epsilon^{1 / (2 alpha - 1)}: on the page the rank that keeps a share 1 - epsilon of the variance of singular values i^-alpha, in the
 * proofs that rank as a share of the width.
 */
export function statedRank(alpha: number, epsilon: number): number {
  return epsilon ** (1 / (2 * alpha - 1));
}

/** The smallest rank that keeps a share 1 - epsilon of the sum of i^{-2 alpha} over i = 1 to `width`, counted. */
export function rankThatKeeps(alpha: number, epsilon: number, width: number): number {
  const variance = Float64Array.from({ length: width }, (_, i) => (i + 1) ** (-2 * alpha));
  const enough = (1 - epsilon) * variance.reduce((sum, x) => sum + x, 0);
  let kept = 0;
  for (let r = 1; r <= width; r++) {
    kept += variance[r - 1];
    if (kept >= enough) return r;
  }
  return width;
}
