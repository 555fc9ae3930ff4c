/**
 * @file The list of experiments: module paths, nothing else. It stands outside every fingerprint, so adding a
 * line here reruns nothing.
 */
export const experiments: readonly string[] = [
  "pipeline/experiments/eigenvalue_sweep.ts",
  "pipeline/experiments/filter_leaderboard.ts",
  "pipeline/experiments/filter_rollouts.ts",
  "pipeline/experiments/diagonal_vs_dense.ts",
  "pipeline/experiments/patching.ts",
  "pipeline/experiments/observation_dimension.ts",
  "pipeline/experiments/depth_scaling.ts",
  "pipeline/experiments/full_size.ts",
  "pipeline/experiments/instance_norm.ts",
];
