/** @file The normal distribution by its integral. */

export const density = (t: number) => Math.exp(-t * t / 2) / Math.sqrt(2 * Math.PI);

/** The distribution function, by Simpson's rule. */
export function normalBelow(x: number): number {
  const [count, h] = [4000, x / 4000];
  let all = density(0) + density(x);
  for (let i = 1; i < count; i++) all += (i % 2 ? 4 : 2) * density(i * h);
  return 0.5 + all * h / 3;
}
