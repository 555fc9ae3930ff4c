/** @file Numbers and names as the labels of a plot: short, and no wider than their place. */

/** About the width of a character of a plot's labels, in pixels. */
export const CHARACTER = 7.2;

/** A value on an axis, as short as its four significant digits allow. */
export function short(value: number): string {
  const rounded = Number(value.toPrecision(4));
  const plain = String(rounded);
  const exponent = rounded.toExponential().replace("e+", "e");
  return (plain.length > 5 && exponent.length < plain.length ? exponent : plain)
    .replaceAll("-", "−");
}

/** Cut to what fits in `width` pixels. */
export function fitted(text: string, width: number): string {
  const characters = [...text];
  const limit = Math.max(1, Math.floor(width / CHARACTER));
  return characters.length > limit ? characters.slice(0, limit - 1).join("") + "…" : text;
}

/** Room to the left of a plot for its longest tick label, in pixels. */
export function leftMargin(labels: string[]): number {
  return 20 + CHARACTER * Math.max(0, ...labels.map((label) => label.length));
}
