/** @file Ridge regression that takes in one pair after the other. */

/** The posterior of weights under independent normal priors. */
export class RecursiveRidge {
  /** Posterior mean of the weights, [d]: after some pairs the ridge regression of these with penalty noise variance / prior variance. */
  readonly mean: Float64Array;
  /** Posterior covariance [d, d]. */
  readonly #covariance: Float64Array;
  readonly #noise: number;

  /** Before any pair. @param inputs d @param prior variance of each weight. @param noise variance of an answer, given the weights. */
  constructor(inputs: number, prior: number, noise: number) {
    this.mean = new Float64Array(inputs);
    this.#covariance = new Float64Array(inputs * inputs);
    for (let i = 0; i < inputs; i++) this.#covariance[i * inputs + i] = prior;
    this.#noise = noise;
  }

  /** The expected answer to x [d]. */
  predict(x: ArrayLike<number>): number {
    return this.mean.reduce((sum, weight, i) => sum + weight * x[i], 0);
  }

  /** One pair: the Kalman filter of a state that does not move (Plackett, Biometrika 37, 1950). @param x [d] */
  learn(x: ArrayLike<number>, y: number): void {
    const { length: d } = this.mean;
    const P = this.#covariance;
    const Px = Float64Array.from({ length: d }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += P[i * d + j] * x[j];
      return sum;
    });
    const variance = Px.reduce((sum, value, i) => sum + value * x[i], this.#noise);
    const innovation = (y - this.predict(x)) / variance;
    for (let i = 0; i < d; i++) {
      this.mean[i] += Px[i] * innovation;
      for (let j = 0; j < d; j++) P[i * d + j] -= Px[i] * Px[j] / variance;
    }
  }
}
