/** @file Colours of a terminal, where they are wanted (https://no-color.org). */

export type Colour = "green" | "red" | "yellow" | "dim" | "bold";

const CODES: Record<Colour, [on: number, off: number]> = {
  green: [32, 39],
  red: [31, 39],
  yellow: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** Some text, and how it looks. */
export type Piece = string | [text: string, colour: Colour];

/** True where standard output is a terminal that can draw and may show colours. */
export const wantsColours = (): boolean => isDrawable() && !Deno.noColor;

/** True for a terminal that can draw. */
export const isDrawable = (): boolean =>
  Deno.stdout.isTerminal() && Deno.env.get("TERM") !== "dumb";

/** A line of pieces, cut to a width; codes take none. */
export function line(pieces: readonly Piece[], colours: boolean, width = Infinity): string {
  let left = width;
  return pieces.map((piece) => {
    const [text, colour] = typeof piece === "string" ? [piece] : piece;
    const shown = text.slice(0, left);
    left -= shown.length;
    if (!colours || !colour || !shown) return shown;
    const [on, off] = CODES[colour];
    return `\x1b[${on}m${shown}\x1b[${off}m`;
  }).join("");
}
