/**
 * @file The steady-state Kalman filter as parameters of one bare dense recurrence: the best that it can do at late tokens, and what it
 * can be held against at early ones. In modal coordinates, with h_t the prediction of the next state:
 * A = D (I - K H), B = D K, C = H.
 */
import { multiply } from "../../../linalg/matrix.ts";
import { expectedExcess, steadyState, type System } from "../../../ssm/mod.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { advance } from "../../../ssm/modes.ts";
import { flatten } from "../../../tensor/trees.ts";
import type { ClosedFormModule } from "../../task.ts";
import type { FilteringTask } from "../filtering.ts";
import { shapeOf } from "./shape_of.ts";

const layer = "blocks.0.layer";

/** For a bare stack of one dense_recurrence, without patches and with as many states as the system has at least. */
export const closedForm: ClosedFormModule<FilteringTask> = {
  solve(task, instance, example) {
    const [state, width] = shapeOf(flatten(example), `${layer}.b`, "steady_state");
    const { system } = task.filterOf(instance);
    const { latentDim: n, obsDim: obs } = system;
    if (width !== obs || state < n) {
      throw new RangeError(
        `steady_state: the steady-state filter needs patch 1 and a state of at least ${n}, not patch ${
          width / obs
        } and state ${state}`,
      );
    }
    const { a, b, c, d } = filterMatrices(system, state);
    return {
      [`${layer}.a`]: { dtype: "float64", shape: [state, state], data: a },
      [`${layer}.b`]: { dtype: "float64", shape: [state, obs], data: b },
      [`${layer}.c`]: { dtype: "float64", shape: [obs, state], data: c },
      [`${layer}.d`]: { dtype: "float64", shape: [obs, obs], data: d },
    };
  },
  excess(task, instance, solved) {
    const [a, b, c] = ["a", "b", "c"].map((name) => solved[`${layer}.${name}`]);
    const [state, obs] = b.shape;
    return expectedExcess(task.filterOf(instance), responseOf(a, b, c, state, obs, task.length));
  },
};

/** W_k = C A^k B [lags, obs, obs]: what a recurrence says of an observation k steps back. */
function responseOf(a: Tensor, b: Tensor, c: Tensor, state: number, obs: number, lags: number) {
  const data = new Float64Array(lags * obs * obs);
  let powered = Float64Array.from(b.data);
  for (let k = 0; k < lags; k++) {
    data.set(multiply(Float64Array.from(c.data), powered, obs, state, obs), k * obs * obs);
    powered = multiply(Float64Array.from(a.data), powered, state, state, obs);
  }
  return { shape: [lags, obs, obs], data };
}

/** A [state, state], B [state, obs], C [obs, state] and D [obs, obs], zero beyond the system's n states. */
function filterMatrices(system: System, state: number) {
  const { latentDim: n, obsDim: obs, H, modes } = system;
  const { K } = steadyState(system);
  const a = new Float64Array(state * state);
  const b = new Float64Array(state * obs);
  const c = new Float64Array(obs * state);
  const column = new Float64Array(n);
  for (let j = 0; j < n + obs; j++) { // columns of [I - K H, K], turned by D
    for (let i = 0; i < n; i++) {
      if (j >= n) column[i] = K[i * obs + j - n];
      else {
        let sum = Number(i === j);
        for (let o = 0; o < obs; o++) sum -= K[i * obs + o] * H[o * n + j];
        column[i] = sum;
      }
    }
    advance(modes, column);
    for (let i = 0; i < n; i++) {
      if (j < n) a[i * state + j] = column[i];
      else b[i * obs + j - n] = column[i];
    }
  }
  for (let o = 0; o < obs; o++) for (let i = 0; i < n; i++) c[o * state + i] = H[o * n + i];
  return { a, b, c, d: new Float64Array(obs * obs) };
}
