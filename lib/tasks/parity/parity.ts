/**
 * @file Parity: whether the number of ones so far is odd. A linear recurrence of finite precision can follow it to any length only
 * if its transitions have eigenvalues that are not positive reals (Grazzi et al., arXiv 2411.12537, theorem 1).
 *
 * @example A sequence and its states
 * ```ts
 * import assert from "node:assert/strict";
 * import { task } from "./parity.ts";
 *
 * const parity = task.configure({ length: 5 });
 * const { x, target } = parity.generate!(0, 1, 2);
 * let odd = 0;
 * Array.from(x.data.slice(0, 5)).forEach((bit, t) => assert.equal(target.data[t], odd = odd ^ bit));
 * ```
 */
import { type StateTracking, stateTracking } from "../state_tracking.ts";

/** Two states; a one changes between them. */
export const task: StateTracking = stateTracking("parity", [[0, 1], [1, 0]]);
