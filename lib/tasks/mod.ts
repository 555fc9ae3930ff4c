/** @file Tasks with their floors and optima, and the cores that new ones are made of, for those who import the library. */
export type { Distribution } from "./filtering/distribution.ts";
export {
  type FilteringTask,
  type Protocol as FilteringProtocol,
  task as filtering,
} from "./filtering/filtering.ts";
export type { Scores as FilteringScores } from "./filtering/scores.ts";
export type { Fit, Forecaster, LinearMap } from "./forecasting/forecaster.ts";
export { forecastingTask, task as forecasting } from "./forecasting/forecasting.ts";
export type { ForecastingTask, Training } from "./forecasting/forecasting_task.ts";
export { type Split, type SplitName } from "./forecasting/split.ts";
export { makeProblem, type Problem, type ProblemOptions } from "./forecasting/problem.ts";
export { task as parity } from "./parity/parity.ts";
export { type Details as RecallDetails, task as recall } from "./recall/recall.ts";
export {
  type Details as StateTrackingDetails,
  type Protocol as StateTrackingProtocol,
  type StateTracking,
  stateTracking,
  type Transitions,
} from "./state_tracking.ts";
export { task as automaton } from "./automaton/automaton.ts";
export { type Automaton, groupOf, type Permutation, wordProblem } from "./automaton/table.ts";
export { task as arithmetic } from "./arithmetic/arithmetic.ts";
export { task as composition } from "./composition/composition.ts";
export { task as copying } from "./copying/copying.ts";
export { task as selectiveCopying } from "./selective_copying/selective_copying.ts";
export { task as induction } from "./induction/induction.ts";
export { task as noisyParity } from "./noisy_parity/noisy_parity.ts";
export { task as inContextRegression } from "./in_context_regression/in_context_regression.ts";
export { task as noiseIntegration } from "./noise_integration/noise_integration.ts";
export { type Protocol as AttractorProtocol, task as attractor } from "./attractor/attractor.ts";
export { task as automatonAtEnd } from "./automaton_at_end/automaton_at_end.ts";
export {
  type Details as SymbolDetails,
  type Lengths,
  type Protocol as SymbolProtocol,
  type Questions,
  type Scored,
  type SymbolTask,
  symbolTask,
} from "./symbol_task.ts";
export type { Sequences } from "./symbols.ts";
export {
  type Details as ValueDetails,
  type Quantity,
  type ValueTask,
  valueTask,
} from "./value_task.ts";
export { gapClosed } from "./gap_closed.ts";
export type {
  About as TaskAbout,
  ClosedFormModule,
  Evaluation,
  Outputs,
  ProtocolOf,
  Reference,
  ReferenceModule,
  Runner,
  Seed,
  Task,
  TaskData,
  TaskModule,
} from "./task.ts";
