/**
 * @file The deep linear network as a forecaster, trained by full-batch Adam.
 *
 * The training loss is quadratic in the end-to-end matrix M, so loss and gradient need only the
 * covariances of the windows: a step costs no pass over the data, and the gradient is exact.
 *
 *   loss(M) = (energy - 2 tr(M'C) + tr(M'GM)) / horizon,   dloss/dM = 2 (GM - C) / horizon
 *
 * The intercept is not trained: for given weights the best one is mean(y) - M' mean(x), and it is
 * used throughout (variable projection). Convergence is judged by the excess over least squares,
 * computed in float64 from the collapsed network, on the training windows.
 */
import { lax, numpy as np, tree } from "@jax-js/jax";
import { grad } from "../../../engine/gradient.ts";
import { compile, type EngineName, type Tensor } from "../../../engine/mod.ts";
import { scan } from "../../../engine/scan.ts";
import { collapse, type DeepLinear, endToEnd, init, widthOf } from "../../../models/deep_linear.ts";
import { keyOf } from "../../../random/random.ts";
import { type AdamWState, adamwUpdate } from "../../../train/adamw.ts";
import { disposeTree } from "../../../train/host.ts";
import type { Fit } from "../forecaster.ts";
import { linearForecaster } from "../linear_map.ts";
import { centre, type Covariances, trainingLoss, windowMoments } from "../moments.ts";
import type { Problem } from "../problem.ts";
import { dctMatrix, rotate, unrotate } from "../window_basis.ts";
import { solveLeastSquares, withIntercept } from "./ols.ts";

export interface DeepLinearOptions {
  /** Number of matrices. */
  depth: number;
  /** Units between them; min(lookback, horizon) by default: no bottleneck. */
  width?: number;
  /** Most steps to take. */
  steps?: number;
  /** Stop once the training loss exceeds that of least squares by this share only; absent: take every step. */
  tolerance?: number;
  /**
   * Peak of the learning rate, 4 / (width depth) but at most 0.03 by default: Adam moves every entry
   * of a layer by about the rate, which changes a singular value of the layer by up to width times
   * that, and one of the product by depth times as much again. The constant was chosen on training losses of
   * ETTh1; twice it diverges at width 336. A linear warm-up of 100 steps, then a half cosine to zero.
   */
  learningRate?: number;
  /** Singular value of the end-to-end matrix at the start. */
  scale?: number;
  seed?: number;
  /**
   * `dct`: the network reads the orthonormal DCT-II of the window; `window`: the window itself. The
   * DCT is a rotation: gradient flow and every reachable map are the same. Adam scales coordinates,
   * and so depends on the basis: frequencies of a window are nearly uncorrelated, its rows are not,
   * and depth 10 needs several times fewer steps.
   */
  basis?: "dct" | "window";
  engine?: EngineName;
  threads?: number;
  signal?: AbortSignal;
  /** Called after each measurement of the training loss. */
  onProgress?: (step: number, excess: number) => void;
}

const DEFAULT_STEPS = 1500;
/** Steps in one run of the compiled program. */
const STEPS_PER_RUN = 5;
/** Steps between measurements of the training loss. */
const MEASURE_EVERY = 100;

interface TrainingState {
  params: DeepLinear<np.Array>;
  adam: AdamWState;
}

/**
 * Fits on the training rows.
 * @throws Error when the loss stops being finite, with step and learning rate.
 */
export async function fit(problem: Problem, options: DeepLinearOptions): Promise<Fit> {
  const { channels, split, lookback, horizon } = problem;
  const { steps = DEFAULT_STEPS, tolerance = -Infinity, seed = 0, basis = "dct" } = options;
  const shape = { lookback, horizon, depth: options.depth, width: options.width };
  const width = widthOf(shape);
  const peak = options.learningRate ?? Math.min(0.03, 4 / (width * options.depth));
  const rateAt = (step: number) => learningRateAt(step, steps, peak);
  const covariances = centre(windowMoments(channels, split.train, lookback, horizon));
  const rotation = basis === "dct" ? dctMatrix(lookback) : undefined;
  const params = init(keyOf(seed), shape, options.scale);
  // A series that least squares fits exactly has a loss of rounding errors, of either sign.
  const target = Math.max(trainingLoss(covariances, solveLeastSquares(covariances)), 1e-12);

  const start = performance.now();
  const trainer = await makeTrainer(params, rotate(covariances, rotation), rateAt, options);
  const compileSeconds = (performance.now() - start) / 1000;
  const curve: { step: number; value: number }[] = [];
  let weights: Float64Array = new Float64Array(0);
  let loss = NaN;
  const measure = async (step: number) => {
    weights = unrotate(collapse(await trainer.read()), rotation, lookback, horizon);
    loss = trainingLoss(covariances, weights);
    if (!Number.isFinite(loss)) {
      throw new Error(
        `training diverged: loss ${loss} at step ${step}, learning rate ` +
          `${rateAt(step).toPrecision(3)} (peak ${peak.toPrecision(3)}). Use a lower one.`,
      );
    }
    curve.push({ step, value: loss / target - 1 });
    options.onProgress?.(step, loss / target - 1);
  };
  let step = 0;
  try {
    await measure(step);
    while (step < steps && loss / target - 1 > tolerance) {
      options.signal?.throwIfAborted();
      const until = Math.min(steps, step + MEASURE_EVERY);
      for (; step < until; step += STEPS_PER_RUN) await trainer.run(step, until);
      step = until;
      await measure(step);
    }
  } finally {
    await trainer.close();
  }
  const trainSeconds = (performance.now() - start) / 1000 - compileSeconds;
  const map = withIntercept(covariances, weights);
  return {
    forecaster: linearForecaster(map),
    metrics: {
      trainingLoss: loss,
      excess: loss / target - 1,
      steps: step,
      width,
      learningRate: peak,
    },
    observations: { compileSeconds, trainSeconds },
    tensors: {
      weights: { shape: [lookback, horizon], data: map.weights },
      intercept: { shape: [horizon], data: map.intercept },
    },
    curves: { excess: curve },
  };
}

/** Warm-up and half cosine; the rate of the step after `step` steps. */
function learningRateAt(step: number, steps: number, peak: number): number {
  const warmUp = Math.min(1, (step + 1) / 100);
  return peak * warmUp * 0.5 * (1 + Math.cos(Math.PI * step / steps));
}

interface Trainer {
  /** Takes STEPS_PER_RUN steps from `step`, with rate zero from `until` on. */
  run(step: number, until: number): Promise<void>;
  read(): Promise<DeepLinear<Tensor>>;
  close(): Promise<void>;
}

async function makeTrainer(
  params: DeepLinear<Tensor>,
  { lookback, horizon, G, C }: Covariances,
  rateAt: (step: number) => number,
  options: DeepLinearOptions,
): Promise<Trainer> {
  const gram: Tensor = float32(G, [lookback, lookback]);
  const cross: Tensor = float32(C, [lookback, horizon]);
  const rates: Tensor = float32(new Float64Array(STEPS_PER_RUN), [STEPS_PER_RUN]);
  const zeros = () =>
    mapLayers(params, ({ data, shape }) => float32(new Float64Array(data.length), [...shape]));
  const adam = { first: zeros(), second: zeros(), count: float32(new Float64Array(1), []) };
  // deno-lint-ignore no-explicit-any
  let state: any = { params, adam };
  const program = await compile(takeSteps, [state, rates, gram, cross], options);
  return {
    async run(first, until) {
      // Steps beyond the last have rate 0.
      const data = new Float32Array(STEPS_PER_RUN);
      for (let k = 0; k < STEPS_PER_RUN && first + k < until; k++) data[k] = rateAt(first + k);
      const next = await program.run(state, { ...rates, data }, gram, cross);
      disposeTree(state);
      state = next;
    },
    async read() {
      const layers = Object.entries(state.params as DeepLinear<Tensor>);
      const read = await Promise.all(layers.map(async ([name, layer]) => {
        return [
          name,
          "read" in layer ? await (layer as { read(): Promise<Tensor> }).read() : layer,
        ];
      }));
      return Object.fromEntries(read) as DeepLinear<Tensor>;
    },
    close: () => program.close(),
  };
}

/** A step of Adam for each of the rates. */
function takeSteps(
  state: TrainingState,
  rates: np.Array,
  gram: np.Array,
  cross: np.Array,
): TrainingState {
  type Problem = { gram: np.Array; cross: np.Array };
  const step = (
    { gram, cross }: Problem,
    { params, adam }: TrainingState,
    rate: np.Array,
  ): [TrainingState, unknown[]] => {
    const gradient = gradientOf(tree.ref(params), gram, cross);
    const next = adamwUpdate(params, gradient, adam, rate);
    return [{ params: next.params, adam: next.state }, []];
  };
  return scan(step, { gram, cross }, state, rates)[0];
}

/**
 * Gradient of the training loss. dloss/dM enters as a constant, so that differentiating
 * tr(M'D) gives the layers' gradients without differentiating the quadratic form a second time.
 */
function gradientOf(
  params: DeepLinear<np.Array>,
  gram: np.Array,
  cross: np.Array,
): DeepLinear<np.Array> {
  const horizon = cross.shape[1];
  const inner = (params: DeepLinear<np.Array>, gram: np.Array, cross: np.Array) => {
    const M = endToEnd(params);
    const D = np.matmul(gram, M.ref).sub(cross).mul(2 / horizon);
    return M.mul(lax.stopGradient(D)).sum();
  };
  return grad(inner)(params, gram, cross);
}

type LayerName = keyof DeepLinear<unknown>;

function mapLayers<T, U>(
  layers: DeepLinear<T>,
  change: (layer: T, name: LayerName) => U,
): DeepLinear<U> {
  const names = Object.keys(layers) as LayerName[];
  return Object.fromEntries(
    names.map((name) => [name, change(layers[name]!, name)]),
  ) as unknown as DeepLinear<U>;
}

function float32(values: Float64Array, shape: number[]): Tensor {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}
