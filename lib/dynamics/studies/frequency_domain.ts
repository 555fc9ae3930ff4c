/**
 * @file How a state space of one layer learns, told by the spectra of its data (Smékal et al., arXiv 2407.07279, section 3): N states with one eigenvalue a,
 * read-ins and read-outs learned from equal values. With G(w) = 1 / (1 - a exp(-i w)), sigma the mean of |G U|^2 over frequencies and eta that of
 * Re (G U)* Y, the product p = sum_i c_i b_i obeys dp/dt = 2 p (eta - sigma p): the logistic curve of a network of two linear layers.
 * More states start with a larger product, so they are quicker.
 */
import * as z from "zod";
import { makeFft } from "../../linalg/fft.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf, normals } from "../../random/random.ts";
import type { StudyModule } from "../study.ts";
import { strengthAfter, timeTo } from "../mode_curve.ts";

const schema = () =>
  z.strictObject({
    /** N. */
    states: z.number().int().min(1),
    /** a. */
    kept: z.number().gt(-1).lt(1).default(0.8),
    /** What the inputs keep from step to step: the spectrum is not flat. */
    coloured: z.number().gt(-1).lt(1).default(0.5),
    /** Every read-in and read-out at the start. */
    start: z.number().positive().default(0.05),
    /** Inputs of a period, a power of two. */
    length: z.number().int().min(2).default(512),
    /** Learning rate, as a share of 1 / (2 eta). */
    share: z.number().positive().default(0.004),
    /** Times at which products are compared. */
    points: z.number().int().min(1).default(10),
  });

/**
 * Scalars: `expected` and `measured`, the time (rate times steps, in units of 1 / (2 eta)) until half of the product is learned, by the spectra and in
 * training on the sequence itself; `deviation`, the largest difference of the products over the final one.
 */
export const study: StudyModule = {
  configure(options) {
    const { states, kept, coloured, start, length, share, points } = readOptions(
      "frequency_domain",
      schema(),
      options,
    );
    return {
      run(seed, _data, progress) {
        const input = filtered(normals(fold(keyOf(seed), 0), length), coloured);
        // A target that no p reaches exactly: another eigenvalue, and noise.
        const noise = normals(fold(keyOf(seed), 1), length);
        const target = filtered(input, kept / 2).map((value, t) => value + 0.3 * noise[t]);
        const { sigma, eta } = spectralMeans(input, target, kept);
        const mode = { depth: 2, target: eta / sigma, start: states * start ** 2 };
        const unit = 1 / (2 * eta);
        const rate = share * unit;
        const steps = Math.ceil(1.25 * timeTo(0.95 * mode.target, mode) / sigma / rate);
        const state = filtered(input, kept);
        const [readIn, readOut] = [0, 1].map(() => new Float64Array(states).fill(start));
        let [half, deviation] = [0, 0];
        for (let step = 1, at = 1; step <= steps; step++) {
          const product = readIn.reduce((sum, b, i) => sum + b * readOut[i], 0);
          // Mean over the sequence of the error times the state.
          let slope = 0;
          for (let t = 0; t < length; t++) {
            slope += (product * state[t] - target[t]) * state[t] / length;
          }
          for (let i = 0; i < states; i++) {
            const [b, c] = [readIn[i], readOut[i]];
            readIn[i] -= rate * slope * c;
            readOut[i] -= rate * slope * b;
          }
          const now = readIn.reduce((sum, b, i) => sum + b * readOut[i], 0);
          if (half === 0 && now >= mode.target / 2) half = step * rate / unit;
          if (step !== Math.round(at * steps / points)) continue;
          const theory = strengthAfter(step * rate * sigma, mode);
          deviation = Math.max(deviation, Math.abs(now - theory) / mode.target);
          progress(at++, points);
        }
        const expected = timeTo(mode.target / 2, mode) / sigma / unit;
        return { scalars: { expected, measured: half, deviation }, details: { sigma, eta, steps } };
      },
    };
  },
};

/** x_t = a x_(t-1) + u_t over a period of u that repeats for ever. */
function filtered(u: Float64Array, a: number): Float64Array<ArrayBuffer> {
  let x = 0;
  // From zero a period leaves the state that a whole past leaves, but for the factor.
  for (const value of u) x = a * x + value;
  x /= 1 - a ** u.length;
  return Float64Array.from(u, (value) => x = a * x + value);
}

/** Means over frequencies; transforms leave both signals in one order, so that frequencies have to be read from a third. */
function spectralMeans(input: Float64Array, target: Float64Array, kept: number) {
  const length = input.length;
  const fft = makeFft(length);
  const transformed = (signal: ArrayLike<number>) => {
    const [re, im] = [Float64Array.from(signal), new Float64Array(length)];
    fft.forward(re, im);
    return { re, im };
  };
  const [u, y] = [transformed(input), transformed(target)];
  // exp(-i w) is the transform of a pulse at time 1.
  const shift = transformed(Array.from({ length }, (_, t) => t === 1 ? 1 : 0));
  let [sigma, eta] = [0, 0];
  for (let k = 0; k < length; k++) {
    const [re, im] = [1 - kept * shift.re[k], -kept * shift.im[k]];
    const size = re * re + im * im;
    const [gre, gim] = [
      (u.re[k] * re + u.im[k] * im) / size,
      (u.im[k] * re - u.re[k] * im) / size,
    ];
    sigma += (gre * gre + gim * gim) / length ** 2;
    eta += (gre * y.re[k] + gim * y.im[k]) / length ** 2;
  }
  return { sigma, eta };
}
