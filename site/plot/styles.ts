/**
 * @file One style a model on all pages: a colour, a symbol and a dash go with the name of a series, not with its place in a plot.
 */
import type { PlotSpec } from "../../pipeline/results.ts";
import type { ExperimentResult } from "../results.ts";

export interface Style {
  /** A variable of the style sheet, which has a value for dark and for light. */
  color: string;
  /** Series differ in shape too, for readers who do not tell the colours apart. */
  symbol: typeof SYMBOLS[number];
  dash: string | undefined;
}

const SYMBOLS = [
  "circle",
  "square",
  "triangle",
  "diamond2",
  "cross",
  "star",
  "hexagon",
  "wye",
] as const;
const COLORS = 8;

/** The style of each series, by the column that names it and its name. */
export type Styles = ReadonlyMap<string, Style>;

/** What a column of names is about: models have one style, whatever the table calls their column. */
function subject(column: string): string {
  return ["predictor", "model", "layer"].includes(column) ? "model" : column;
}

export const styleKey = (column: string, name: string) => `${subject(column)}\0${name}`;

/**
 * Styles for every series of every plot. A name takes, where it first appears, the colour that is rarest in that plot and then
 * anywhere, so that plots of few series have few colours twice; with a colour goes a symbol that no other name has.
 */
export function stylesOf(experiments: Styled): Styles {
  const known = found.get(experiments);
  if (known) return known;
  const styles = new Map<string, Style>();
  const taken = Array.from({ length: COLORS }, () => 0);
  for (const { plots, rows } of experiments) {
    for (const plot of plots) {
      const keys = [...new Set(rows.map((row) => nameIn(plot, row)))];
      const here = Array.from({ length: COLORS }, () => 0);
      for (const key of keys) {
        const known = styles.get(key);
        if (known) here[colorIndex(known)]++;
      }
      for (const key of keys) {
        if (styles.has(key)) continue;
        const indices = [...here.keys()];
        const [color] = indices.sort((a, b) => here[a] - here[b] || taken[a] - taken[b] || a - b);
        styles.set(key, styleAt(color, taken[color]));
        here[color]++;
        taken[color]++;
      }
    }
  }
  found.set(experiments, styles);
  return styles;
}

type Styled = readonly Pick<ExperimentResult, "plots" | "rows">[];

/** Every page asks for the styles of the same results. */
const found = new WeakMap<Styled, Styles>();

/** The key of the series that a row belongs to; a plot without series has one, of no name. */
export function nameIn(
  { series }: Pick<PlotSpec, "series">,
  row: ExperimentResult["rows"][number],
): string {
  return series === undefined ? styleKey("", "") : styleKey(series, row.get(series)?.text ?? "–");
}

function styleAt(color: number, nth: number): Style {
  return {
    color: `var(--series-${color + 1})`,
    symbol: SYMBOLS[(color + nth) % SYMBOLS.length],
    dash: nth === 0 ? undefined : nth % 2 ? "5 3" : "2 3",
  };
}

const colorIndex = ({ color }: Style) => Number(/\d+/.exec(color)![0]) - 1;
