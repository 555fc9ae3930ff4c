/** @file The settings that the experiments on filtering have in common. */

/** Rollout horizons after a warm-up of 64. */
export const horizons = [2, 4, 8, 16, 32, 64];
export const warmup = 64;

export const lambdas = [0.36, 0.68, 0.84, 0.92, 0.96, 0.98, 0.99];

/** The settings of the experiments that do not sweep lambda; the sweep reports what it finds at each. */
export const medium = { name: "medium", lambda: 0.92 };
export const settings = [{ name: "easy", lambda: 0.68 }, medium, { name: "hard", lambda: 0.99 }];
