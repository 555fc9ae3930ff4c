/** @file What a causal linear predictor loses over the Kalman filter, from the exact covariances of the observations: no sampling. */
import { observationCovariance } from "./causal_map.ts";
import { forecastVariance, type Kalman, oneStep } from "./kalman.ts";

/**
 * Expected loss over the filter's, minus 1, of predicting y_{t+1} by sum_k W_k y_{t-k}, what lies before y_1 being zero: the mean over
 * t = 1..T-1 of its squared error over the filter's own, T = `filter.length`. What lib/ssm/scores.ts estimates.
 * @param response W [lags, obs, obs], newest first (output, input); lags beyond T - 1 are of no account
 * @throws {RangeError} for a response that does not fit the system, or is not finite
 */
export function expectedExcess(
  filter: Kalman,
  { shape, data }: { shape: readonly number[]; data: ArrayLike<number> },
): number {
  const { system, length } = filter;
  const obs = system.obsDim;
  const [lags] = shape;
  if (
    shape.length !== 3 || shape[1] !== obs || shape[2] !== obs || data.length !== lags * obs * obs
  ) {
    throw new RangeError(
      `expectedExcess: a response of shape [${shape}]: expected [lags, ${obs}, ${obs}].`,
    );
  }
  const variance = forecastVariance(filter, oneStep(length));
  const covariance = observationCovariance(system, length);
  const size = length * obs;
  const row = new Float64Array(size);
  let total = 0;
  for (let t = 1; t < length; t++) {
    let loss = 0;
    const seen = t * obs;
    for (let o = 0; o < obs; o++) {
      // The error as a combination of y_1..y_{t+1}: minus the prediction, plus the target.
      row.fill(0);
      for (let k = 0; k < Math.min(lags, t); k++) {
        for (let j = 0; j < obs; j++) row[(t - 1 - k) * obs + j] = -data[(k * obs + o) * obs + j];
      }
      row[seen + o] = 1;
      for (let i = 0; i <= seen + o; i++) {
        if (row[i] === 0) continue;
        let sum = 0;
        for (let j = 0; j <= seen + o; j++) sum += covariance[i * size + j] * row[j];
        loss += row[i] * sum;
      }
    }
    total += loss / (variance[t - 1] * obs) - 1;
  }
  if (!Number.isFinite(total)) throw new RangeError("expectedExcess: the response is not finite.");
  return total / (length - 1);
}
