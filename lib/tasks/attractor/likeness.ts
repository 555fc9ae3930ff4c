/**
 * @file How like two orbits are that no longer follow each other: by where they have been (the divergence of Koppe et al., arXiv 1902.07186, equation 9, with
 * fewer bins for fewer points), and by their power spectra (the distance of Mikhaeil, Monfared, Durstewitz, arXiv 2110.07238, with Welch's averages in
 * place of a smoothed periodogram).
 */
import { makeFft } from "../../linalg/fft.ts";

/** Bins of a variable. */
const bins = 12;
/** Added to the count of every bin, so that one that a generated orbit has not visited costs something finite. */
const pseudocount = 0.5;

/**
 * Kullback-Leibler divergence of the points of `generated` from those of `true`, in nats, over the bins of a box around the true ones, with a bin more
 * on either side for what leaves it; points that are not finite are in none.
 * @param orbits [points, variables] each
 */
export function stateSpaceDivergence(
  orbits: { true: ArrayLike<number>; generated: ArrayLike<number> },
  variables: number,
): number {
  const low = new Float64Array(variables).fill(Infinity);
  const high = new Float64Array(variables).fill(-Infinity);
  for (let at = 0; at < orbits.true.length; at++) {
    const [i, value] = [at % variables, orbits.true[at]];
    low[i] = Math.min(low[i], value);
    high[i] = Math.max(high[i], value);
  }
  const side = bins + 2;
  const counted = (points: ArrayLike<number>) => {
    const counts = new Float64Array(side ** variables).fill(pseudocount);
    let all = counts.length * pseudocount;
    for (let at = 0; at < points.length; at += variables) {
      let [bin, finite] = [0, true];
      for (let i = 0; i < variables; i++) {
        const share = (points[at + i] - low[i]) / (high[i] - low[i]);
        finite &&= Number.isFinite(share);
        // The highest value belongs to the last bin.
        const place = share === 1 ? bins - 1 : Math.floor(share * bins);
        bin = bin * side + 1 + Math.max(-1, Math.min(bins, place));
      }
      if (!finite) continue;
      counts[bin]++;
      all++;
    }
    return counts.map((count) => count / all);
  };
  const [p, q] = [counted(orbits.true), counted(orbits.generated)];
  return p.reduce((sum, value, bin) => sum + value * Math.log(value / q[bin]), 0);
}

/** Values in a window of a spectrum, a power of two. */
const window = 256;

/**
 * Hellinger distance of the power spectra of two orbits, 0 to 1, the mean over variables; 1 where one of them has no power, or is not finite.
 * @param orbits of whole sequences [sequences, length, variables], flat
 * @throws {RangeError} for sequences shorter than a window
 */
export function spectrumDistance(
  orbits: { true: ArrayLike<number>; generated: ArrayLike<number> },
  { length, variables }: { length: number; variables: number },
): number {
  if (length < window) {
    throw new RangeError(
      `attractor: sequences of ${length} observations have no spectrum; expected at least ${window} after the warm-up.`,
    );
  }
  let sum = 0;
  for (let i = 0; i < variables; i++) {
    const [p, q] = [orbits.true, orbits.generated]
      .map((orbit) => spectrum(orbit, { length, variables, variable: i }));
    // Of the same order of frequencies, whatever it is.
    const overlap = p && q ? p.reduce((all, value, k) => all + Math.sqrt(value * q[k]), 0) : 0;
    sum += Math.sqrt(Math.max(0, 1 - overlap)) / variables;
  }
  return sum;
}

/** Shares of the power by frequency, of windows that overlap by half; undefined where there is none. */
function spectrum(
  orbit: ArrayLike<number>,
  { length, variables, variable }: { length: number; variables: number; variable: number },
): Float64Array | undefined {
  const fft = makeFft(window);
  const power = new Float64Array(window);
  const sequences = orbit.length / (length * variables);
  for (let n = 0; n < sequences; n++) {
    for (let from = 0; from + window <= length; from += window / 2) {
      const re = Float64Array.from(
        { length: window },
        (_, t) => orbit[(n * length + from + t) * variables + variable],
      );
      const mean = re.reduce((sum, value) => sum + value, 0) / window;
      const hann = re.map((value, t) =>
        (value - mean) * (0.5 - 0.5 * Math.cos(2 * Math.PI * (t + 0.5) / window))
      );
      const im = new Float64Array(window);
      fft.forward(hann, im);
      power.forEach((_, k) => power[k] += hann[k] ** 2 + im[k] ** 2);
    }
  }
  const all = power.reduce((sum, value) => sum + value, 0);
  return all > 1e-12 && Number.isFinite(all) ? power.map((value) => value / all) : undefined;
}
