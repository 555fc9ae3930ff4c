/** @file Labels of a logarithmic axis. */

/** A power of ten. */
export function power(value: number): string {
  const whole = Math.round(Math.log10(value));
  if (whole >= -2 && whole <= 2) return String(Number((10 ** whole).toPrecision(1)));
  return `10${String(whole).replace(/./g, (c) => c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])}`;
}
