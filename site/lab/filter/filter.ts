/**
 * @file What the page on filtering computes: a random linear system, the exact Kalman filter of it, sequences, and how far the closed
 * forms are from the filter. All of it is the library's, as the pipeline runs it.
 */
import {
  createSystem,
  forecast,
  forecastVariance,
  type Kalman,
  kalman,
  oneStep,
  score,
  simulate,
  zeroVariance,
} from "../../../lib/ssm/mod.ts";
import { closedForm as bestCausalMap } from "../../../lib/tasks/filtering/closed_forms/best_causal_map.ts";
import { closedForm as steadyState } from "../../../lib/tasks/filtering/closed_forms/steady_state.ts";
import type { FilteringTask } from "../../../lib/tasks/filtering/filtering.ts";
import { type Float64Tensor, type Tensor, tensor } from "../../../lib/tensor/tensor.ts";

/** What the published systems are drawn from besides lambda; a test compares it with the published jobs. */
export const SETTING = { latentDim: 64, obsDim: 2, length: 256 } as const;

/** What is asked. */
export interface Question {
  /** Largest magnitude of an eigenvalue, in (0, 1). */
  lambda: number;
  /** Key of the system and of its sequences. */
  seed: number;
  /** How many are simulated. */
  sequences: number;
}

/** A predictor beside the filter. */
export interface Predictor {
  /** As published rows are called. */
  label: string;
  /** Exact expected loss over the filter's, minus 1. */
  excess: number;
}

/** What is found first: exact numbers, which need no sequence. */
export interface Exact {
  /** The simplest first. */
  predictors: Predictor[];
  seconds: number;
}

/** What is found of simulated sequences. */
export interface Simulated {
  /** Of the filter on the simulated sequences: squared error over the exact expected one, and its standard error. */
  measured: { ratio: number; error: number };
  /** The first channel of the first sequence: what was observed, what the filter expected one step before, and its deviation. */
  trace: { observed: Float64Array; expected: Float64Array; deviation: Float64Array };
  seconds: number;
}

/**
 * @param say hears the exact numbers, which take less than half of the time
 * @throws {RangeError} naming the value that is not allowed
 */
export function filterOnce(
  { lambda, seed, sequences }: Question,
  say: (exact: Exact) => void,
): Simulated {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const { latentDim, obsDim, length } = SETTING;
  const system = createSystem(seed, { lambda, latentDim, obsDim });
  const filter = kalman(system, length);
  const forecasts = oneStep(length);
  const variance = forecastVariance(filter, forecasts);
  const zero =
    zeroVariance(filter, forecasts).reduce((sum, loss, t) => sum + loss / variance[t], 0) /
    variance.length;
  say({
    predictors: [{ label: "zero", excess: zero - 1 }, ...closedForms(filter)],
    seconds: seconds(),
  });
  const y = simulate(system, seed, { batch: sequences, length });
  const optimal = forecast(filter, y, forecasts);
  const { rawRatio, rawRatioError } = score(filter, y, optimal, forecasts).overall;
  return {
    measured: { ratio: rawRatio, error: rawRatioError },
    trace: traceOf(filter, y, optimal),
    seconds: seconds(),
  };
}

/** Closed forms ask a task for its filter, its sizes and no more. */
function closedForms(filter: Kalman): Predictor[] {
  const { latentDim, obsDim, length } = SETTING;
  const task = {
    filterOf: () => filter,
    length,
    distribution: filter.system,
  } as unknown as FilteringTask;
  const last = (taps: number): Predictor => {
    const example = { kernel: tensor(0, [taps, obsDim, obsDim]) };
    return excessOf(`last ${taps}, closed form`, bestCausalMap, example);
  };
  const excessOf = (
    label: string,
    form: typeof bestCausalMap,
    example: Record<string, Tensor>,
  ): Predictor => ({ label, excess: form.excess!(task, 0, form.solve(task, 0, example))! });
  const state = { "blocks.0.layer.b": tensor(0, [latentDim, obsDim]) };
  return [last(8), last(64), excessOf("steady-state Kalman filter", steadyState, state)];
}

/** @param optimal [sequences, length - 1, 1, channels], of the second observation on */
function traceOf(filter: Kalman, y: Float64Tensor, optimal: Float64Tensor): Simulated["trace"] {
  const { obsDim, length } = SETTING;
  const channel = ({ data }: Float64Tensor, from: number) =>
    Float64Array.from({ length: length - 1 }, (_, t) => data[(from + t) * obsDim]);
  const deviation = Float64Array.from(
    { length: length - 1 },
    (_, t) => Math.sqrt(filter.S[t + 1][0]),
  );
  return { observed: channel(y, 1), expected: channel(optimal, 0), deviation };
}
