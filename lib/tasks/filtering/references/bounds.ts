/** @file The two ends of the scale on given data: predicting zero, and the Kalman filter, whose measured loss must lie around its exact one. */
import { forecast, type Forecasts, oneStep, type Score, score } from "../../../ssm/mod.ts";
import type { ReferenceModule } from "../../task.ts";
import { type FilteringTask, observations } from "../filtering.ts";

interface End {
  readonly oneStep: Score;
  readonly rollout: readonly Score[];
}

/** Scores of both, one step ahead and at the horizons of rollouts. */
export const reference: ReferenceModule<FilteringTask> = {
  score(task, instance, data, { rollout }) {
    if (!rollout) throw new RangeError("bounds: the protocol needs rollout: {warmup, horizons}");
    const { warmup, horizons } = rollout;
    const y = observations(data);
    const [, length] = y.shape;
    const filter = task.filterOf(instance, length);
    const both = (forecasts: Forecasts) => {
      const optimal = forecast(filter, y, forecasts);
      const nothing = { shape: optimal.shape, data: new Float64Array(optimal.data.length) };
      return [optimal, nothing].map((prediction) => score(filter, y, prediction, forecasts));
    };
    const [kalmanStep, zeroStep] = both(oneStep(length));
    const [kalmanAhead, zeroAhead] = both({ contexts: [warmup], horizons });
    const details: { kalman: End; zero: End; horizons: readonly number[] } = {
      kalman: { oneStep: kalmanStep.overall, rollout: kalmanAhead.byHorizon },
      zero: { oneStep: zeroStep.overall, rollout: zeroAhead.byHorizon },
      horizons,
    };
    const { ratio, zero, gapClosed } = kalmanStep.overall;
    return { loss: ratio, floor: zero, optimum: 1, gapClosed, details };
  },
};
