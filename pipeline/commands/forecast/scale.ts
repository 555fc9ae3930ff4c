/** @file Values of a column as an axis shows them: few digits that differ, with what they have in common said once. */

/** How an axis writes the values of a column. */
export interface Scale {
  /** The number that an axis shows for a value. */
  shown(value: number): number;
  /** What turns it back, such as "× 10⁶ + 1600000000"; empty where nothing has to. */
  note: string;
}

/** Where values differ by less than this share of their level, the level is taken out. */
const SMALL_CHANGE = 1e-3;

/**
 * @param low smallest of the values
 * @param high largest of the values
 */
export function scaleOf(low: number, high: number): Scale {
  const level = Math.max(Math.abs(low), Math.abs(high));
  const range = high - low;
  const offset = range > 0 && range < SMALL_CHANGE * level
    ? roundedDown(low, 10 ** (Math.floor(Math.log10(range)) + 1))
    : 0;
  const largest = Math.max(Math.abs(low - offset), Math.abs(high - offset));
  const exponent = largest > 0 ? Math.floor(Math.log10(largest)) : 0;
  const power = exponent >= 5 || exponent <= -3 ? exponent : 0;
  // In two steps: 10^-320 alone would be zero.
  const [first, second] = [Math.trunc(power / 2), power - Math.trunc(power / 2)];
  const parts = [
    ...(power === 0 ? [] : [`× 10${superscript(power)}`]),
    ...(offset === 0 ? [] : [`${offset < 0 ? "−" : "+"} ${Math.abs(offset)}`]),
  ];
  return {
    shown: (value) =>
      power < 0
        ? (value - offset) * 10 ** -first * 10 ** -second
        : (value - offset) / 10 ** first / 10 ** second,
    note: parts.join(" "),
  };
}

/** A shown value as text: digits only, as many as six are significant. */
export function plain(value: number): string {
  const rounded = Number(value.toPrecision(6));
  const text = Math.abs(rounded) < 1e-6 ? "0" : String(rounded);
  return text.replace("-", "−");
}

function roundedDown(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

function superscript(value: number): string {
  return String(value).replace(/./g, (c) => c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]);
}
