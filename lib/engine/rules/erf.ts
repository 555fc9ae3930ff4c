/**
 * @file The error function in double precision, for comparing functions while tracing.
 *
 * erf by its Maclaurin series for |x| < 3, erfc by the continued fraction of Lentz otherwise
 * (Abramowitz & Stegun 7.1.5 and 7.1.14). Accurate to about 1e-14, far beyond what is compared.
 */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= -x * x / n;
    const next = sum + term / (2 * n + 1);
    if (next === sum) break;
    sum = next;
  }
  return 2 / Math.sqrt(Math.PI) * sum;
}

function tail(x: number): number {
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

/** Error function. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const a = Math.abs(x);
  const y = a < 3 ? series(a) : 1 - tail(a);
  return x < 0 ? -y : y;
}

/** Complementary error function, 1 - erf(x), without cancellation for large x. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const a = Math.abs(x);
  const y = a < 3 ? 1 - series(a) : tail(a);
  return x < 0 ? 2 - y : y;
}
