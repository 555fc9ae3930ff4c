/**
 * @file x Phi(x), with Phi the normal distribution function, of operations that every engine has in double precision too: an error
 * function it has not (Hendrycks & Gimpel, arXiv 1606.08415, eq. 1).
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/** Abramowitz & Stegun, Handbook of Mathematical Functions, 7.1.26: of t, t^2, ... t^5; the error is below 1.5e-7, as of jax-js's own. */
const coefficients = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
const slope = 0.3275911;

/** x Phi(x) = (x + |x|) / 2 - |x| Phi(-|x|), of every number. */
export function exactGelu(x: JaxArray): JaxArray {
  const size = np.abs(x.ref);
  const t = np.reciprocal(size.ref.mul(slope * Math.SQRT1_2).add(1));
  let polynomial = t.ref.mul(coefficients[4]);
  for (const c of coefficients.slice(0, -1).reverse()) polynomial = polynomial.add(c).mul(t.ref);
  t.dispose();
  const beyond = polynomial.mul(np.exp(size.ref.mul(size.ref).mul(-0.5))).mul(0.5);
  return x.add(size.ref).mul(0.5).sub(size.mul(beyond));
}
