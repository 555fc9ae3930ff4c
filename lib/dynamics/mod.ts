/** @file Training dynamics of products of matrices, for lib/mod.ts. */
export {
  DynamicsAnalyzer,
  type Observation,
  type RankEvent,
  type Snapshot,
  type Watched,
} from "./analyzer.ts";
export { conservationError, drift, imbalance, imbalances } from "./balancedness.ts";
export { coupling, flow, type FlowOptions, preconditioned } from "./balanced_flow.ts";
export { type Chain, descended, gradients, productOf } from "./chain.ts";
export { logVolumeOfOrthogonalGroup, orbitEntropy } from "./entropy.ts";
export { type Mode, strengthAfter, timeTo } from "./mode_curve.ts";
export { blockDiagonalStep, minimumNormStep } from "./natural_gradient.ts";
export { endGradient, excessLoss, type Regression, relativeExcess } from "./regression.ts";
export { effectiveRank, numericalRank, participationRatio, stableRank } from "./spectrum.ts";
export { conditionNumber, contraction, largestStableRate, type Optimum } from "./step_laws.ts";
