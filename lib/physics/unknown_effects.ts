/** @file What a textbook equation leaves out: a strength that varies from place to place, damping, a drift. */
import type { Matrix } from "../linalg/matrix.ts";
import { fold, type Key, uniforms } from "../random/random.ts";
import { type Dynamics, operatorOf, type TwoFrames } from "./known_dynamics.ts";

/**
 * Effects of one place: strength +-20 % at every point; damping of 1 to 5 % a step (of heights for heat, of speeds for a wave); for
 * heat also a drift of up to a tenth of a point a step. All linear, and small enough that nothing grows.
 */
export function unknownEffects(dynamics: Dynamics, n: number, key: Key): TwoFrames {
  const { equation } = dynamics;
  const [damping, drift] = uniforms(fold(key, 0), 2);
  const gamma = 0.01 + 0.04 * damping;
  const v = 0.2 * drift - 0.1;
  const variation = uniforms(fold(key, 1), n).map((u) => 0.4 * u - 0.2);
  const { now: known } = operatorOf(dynamics, n);
  const level = equation === "heat" ? 1 : 2;
  const now: Matrix = known.map((value, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    // The equation without its level is the strength times second differences.
    return variation[i] * (value - (i === j ? level : 0)) - (i === j ? gamma : 0);
  });
  const before = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    if (equation === "wave") before[i * n + i] = gamma;
    else {
      now[i * n + (i + 1) % n] -= v / 2;
      now[i * n + (i + n - 1) % n] += v / 2;
    }
  }
  return { now, before };
}
