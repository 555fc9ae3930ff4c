/**
 * @file Linear state-space systems, their sequences, and the Kalman filter that predicts them as
 * well as possible.
 *
 * @example
 * ```ts
 * import { createSystem, expectedLoss, kalman, predict, simulate } from "./mod.ts";
 *
 * const system = createSystem(0, { lambda: 0.9 }); // one fixed (A, C)
 * const y = simulate(system, 1, { batch: 16, length: 256 }); // [16, 256, 2]
 * const filter = kalman(system, 256); // S_t, K_t, P_t: exact, no data
 * const prediction = predict(filter, y); // [16, 256, 2]
 * const loss = expectedLoss(filter); // tr(S_t) / obs
 * ```
 */
export { bestCausalMap, observationCovariance } from "./causal_map.ts";
export { forecast, predict } from "./filter.ts";
export { innovationsSampler } from "./innovations.ts";
export {
  expectedLoss,
  type Forecasts,
  forecastVariance,
  type Kalman,
  kalman,
  nextPatch,
  oneStep,
  predictiveCovariance,
  steadyState,
  zeroVariance,
} from "./kalman.ts";
export { expectedExcess } from "./linear_loss.ts";
export { fold, type Key, keyOf, normals, split, uniforms } from "../random/random.ts";
export { type Score, score } from "./scores.ts";
export { simulate, type SimulateOptions } from "./simulate.ts";
export { createSystem, henrici, type System, type SystemOptions } from "./system.ts";
