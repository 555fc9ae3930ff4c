/**
 * @file The Kalman filter run over sequences: the one-step predictions, and forecasts from any
 * context. The gains are shared by all sequences, so a token costs O(n obs): 4,096 sequences of 256
 * tokens take about a second.
 */
import { checkForecasts, type Forecasts, type Kalman } from "./kalman.ts";
import type { Matrix } from "../linalg/matrix.ts";
import { advance, advanceRows } from "./modes.ts";
import type { Float64Tensor, NumericTensor } from "../tensor/tensor.ts";
import { observe } from "./simulate.ts";

/**
 * E[y_t | y_1..y_{t-1}] for every t, [batch, T, obs] beside y [batch, T, obs] (the prediction of
 * y_1 is 0).
 * @throws RangeError for another shape, a T beyond the filter's, or an observation that is not
 * finite.
 */
export function predict(filter: Kalman, y: NumericTensor): Float64Tensor {
  const [batch, length, obs] = checkSequences(filter, y);
  if (length > filter.length) {
    throw new RangeError(
      `predict: sequences of ${length} tokens, but the filter was made for ${filter.length}. ` +
        `Use kalman(system, ${length}).`,
    );
  }
  const data = new Float64Array(batch * length * obs);
  run(filter, y, length, (b, context, _state, prediction) => {
    if (context < length) data.set(prediction, (b * length + context) * obs);
  });
  return { dtype: "float64", shape: [batch, length, obs], data };
}

/**
 * E[y_{c+h} | y_1..y_c], [batch, contexts, horizons, obs], from y [batch, T, obs] with T at least
 * the largest context.
 * @throws RangeError as `predict`, and for contexts or horizons out of range.
 */
export function forecast(filter: Kalman, y: NumericTensor, forecasts: Forecasts): Float64Tensor {
  const { contexts, horizons } = forecasts;
  const [batch, length, obs] = checkSequences(filter, y);
  checkForecasts(filter, forecasts);
  const last = Math.max(...contexts);
  if (last > length) {
    throw new RangeError(`forecast: context ${last}, but the sequences have ${length} tokens.`);
  }
  const G = readouts(filter, horizons);
  const slots = new Map<number, number[]>(); // where each context is wanted
  contexts.forEach((context, i) => slots.set(context, [...slots.get(context) ?? [], i]));
  const data = new Float64Array(batch * contexts.length * horizons.length * obs);
  run(filter, y, last, (b, context, state) => {
    for (const slot of slots.get(context) ?? []) {
      const start = (b * contexts.length + slot) * horizons.length * obs;
      G.forEach((readout, h) => observe(readout, state, data, start + h * obs));
    }
  });
  return {
    dtype: "float64",
    shape: [batch, contexts.length, horizons.length, obs],
    data,
  };
}

/** What `run` hands over; the arrays are reused. */
type Visit = (b: number, context: number, state: Float64Array, prediction: Float64Array) => void;

/**
 * For each sequence b and each context c = 0..last, visits the state's mean E[z_{c+1} | y_1..y_c]
 * and the prediction H times it.
 */
function run(filter: Kalman, y: NumericTensor, last: number, visit: Visit): void {
  for (let b = 0; b < y.shape[0]; b++) runSequence(filter, y, b, last, visit);
}

/**
 * A function of its own, because V8 compiles what is called often better than the inside of one
 * long loop.
 */
function runSequence(
  { system, K }: Kalman,
  y: NumericTensor,
  b: number,
  last: number,
  visit: Visit,
): void {
  const { latentDim: n, obsDim: obs, modes, H } = system;
  const length = y.shape[1];
  const state = new Float64Array(n);
  const prediction = new Float64Array(obs);
  const innovation = new Float64Array(obs);
  for (let context = 0;; context++) {
    observe(H, state, prediction, 0);
    visit(b, context, state, prediction);
    if (context === last) return;
    const token = (b * length + context) * obs;
    for (let j = 0; j < obs; j++) innovation[j] = y.data[token + j] - prediction[j];
    correct(state, K[context], innovation);
    advance(modes, state);
  }
}

/** state += K innovation, two observations at a time: no sum waits for another. */
function correct(state: Float64Array, K: Matrix, innovation: Float64Array): void {
  const obs = innovation.length;
  const n = state.length;
  let j = 0;
  for (; j + 1 < obs; j += 2) {
    const e = innovation[j];
    const f = innovation[j + 1];
    for (let i = 0, k = j; i < n; i++, k += obs) state[i] += K[k] * e + K[k + 1] * f;
  }
  if (j < obs) { for (let i = 0, k = j; i < n; i++, k += obs) state[i] += K[k] * innovation[j]; }
}

/** H D^{h-1} [obs, n] for each horizon h. */
function readouts({ system }: Kalman, horizons: readonly number[]): Matrix[] {
  const powers: Matrix[] = [system.H];
  for (let h = 1; h < Math.max(...horizons); h++) {
    powers.push(powers[h - 1].slice());
    advanceRows(system.modes, powers[h]);
  }
  return horizons.map((h) => powers[h - 1]);
}

/** The shape [batch, T, obs] of sequences that this filter can read. */
function checkSequences({ system }: Kalman, y: NumericTensor): [number, number, number] {
  const { shape, data } = y;
  if (shape.length !== 3 || shape[2] !== system.obsDim || shape.some((size) => size < 1)) {
    throw new RangeError(
      `Sequences of shape [${shape}]: expected [batch, T, ${system.obsDim}] for this system.`,
    );
  }
  if (data.length !== shape[0] * shape[1] * shape[2]) {
    throw new RangeError(`Sequences of shape [${shape}] hold ${data.length} numbers.`);
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      const [, length, obs] = shape;
      throw new RangeError(
        `Sequences: y[${Math.floor(i / (length * obs))}, ${Math.floor(i / obs) % length}, ${
          i % obs
        }] is ` +
          `${data[i]}: expected finite observations.`,
      );
    }
  }
  return [shape[0], shape[1], shape[2]];
}
