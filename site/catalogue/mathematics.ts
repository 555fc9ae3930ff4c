/** @file TeX as MathML, made when the site is built: browsers draw it without a font, a style or a script of ours. */
import katex from "katex";

/** @throws {Error} naming the line that KaTeX does not understand */
export function mathMl(tex: string): string {
  try {
    return katex.renderToString(tex, { output: "mathml", displayMode: true, strict: "error" });
  } catch (cause) {
    throw new Error(`The equation ${tex} cannot be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}
