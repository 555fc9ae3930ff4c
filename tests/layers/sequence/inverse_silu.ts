/** @file Weights by hand for layers whose keys and values are silu of something. */

/** The number whose silu is y > -.278; of two the one nearer to zero. */
export function inverseSilu(y: number): number {
  let [low, high] = [-1.27, 1.27];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (middle / (1 + Math.exp(-middle)) < y) low = middle;
    else high = middle;
  }
  return low;
}
