/**
 * @file The list of experiments: module paths, nothing else. It stands outside every fingerprint, so adding a
 * line here reruns nothing.
 */
export const experiments: readonly string[] = [
  "pipeline/experiments/transformer_filters/eigenvalue_sweep.ts",
  "pipeline/experiments/transformer_filters/filter_leaderboard.ts",
  "pipeline/experiments/transformer_filters/filter_rollouts.ts",
  "pipeline/experiments/transformer_filters/diagonal_vs_dense.ts",
  "pipeline/experiments/transformer_filters/patching.ts",
  "pipeline/experiments/transformer_filters/observation_dimension.ts",
  "pipeline/experiments/deep_linear_networks/depth_scaling.ts",
  "pipeline/experiments/deep_linear_networks/depth_scaling_etth1.ts",
  "pipeline/experiments/deep_linear_networks/architectures.ts",
  "pipeline/experiments/deep_linear_networks/long_sequences.ts",
  "pipeline/experiments/deep_linear_networks/inference.ts",
  "pipeline/experiments/deep_linear_networks/traced_forecast.ts",
  "pipeline/experiments/transformer_filters/full_size.ts",
  "pipeline/experiments/transformer_filters/instance_norm.ts",
  "pipeline/experiments/transformer_filters/variances.ts",
  "pipeline/experiments/leaderboard/leaderboard.ts",
  "pipeline/experiments/leaderboard/leaderboard_etth1.ts",
  "pipeline/experiments/leaderboard/parity_by_length.ts",
  "pipeline/experiments/leaderboard/linear_filters.ts",
  "pipeline/experiments/leaderboard/recall_capacity.ts",
];
