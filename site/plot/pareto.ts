/** @file What a model costs against how far it gets: the models that no other beats in both are joined and named. */
import * as Plot from "@observablehq/plot";
import type { Drawn } from "../../lib/plot/document.ts";
import { fitted, short } from "../../lib/plot/labels.ts";
import { finished } from "./finish.ts";
import { STYLES } from "./reach.ts";
import { svgDocument } from "./svg_document.ts";

export interface Priced {
  label: string;
  kind: string;
  /** Positive: the axis is logarithmic. */
  cost: number;
  /** Gap closed. */
  gain: number;
}

/** Those for which no other costs no more and gains no less, and is not the same in both; by cost. */
export function frontier(models: readonly Priced[]): Priced[] {
  return models.filter((a) =>
    !models.some((b) =>
      b.cost <= a.cost && b.gain >= a.gain && (b.cost < a.cost || b.gain > a.gain)
    )
  ).sort((a, b) => a.cost - b.cost);
}

/** One panel as SVG, as wide as a phone. */
export function drawPareto(
  { title, cost, models }: { title: string; cost: string; models: readonly Priced[] },
): string {
  const shown = models.filter(({ cost, gain }) =>
    cost > 0 && Number.isFinite(cost) && Number.isFinite(gain)
  );
  if (!shown.length) return "";
  const best = frontier(shown);
  const least = Math.min(0, ...shown.map(({ gain }) => gain));
  const svg = Plot.plot({
    document: svgDocument(),
    ...{ className: "plot", width: 340, height: 264 },
    ...{ marginLeft: 50, marginRight: 24, marginTop: 40, marginBottom: 44, inset: 10 },
    x: {
      ...{ type: "log", label: cost, labelAnchor: "center", labelArrow: "none" },
      axis: null,
    },
    y: {
      ...{
        domain: [Math.max(-0.35, least), 1.02],
        grid: true,
        ticks: 4,
        tickSize: 0,
        label: "gap closed",
      },
      ...{
        labelArrow: "none",
        tickFormat: (y: number) => `${short(Math.round(100 * y))}\u00a0%`,
        clamp: true,
      },
    },
    marks: [
      // As text: a tick format on a logarithmic axis leaves out some of them.
      Plot.axisX({
        ...{ ticks: logTicks(shown.map((model) => model.cost)), text: short, tickSize: 0 },
        ...{ label: cost, labelAnchor: "center", labelArrow: "none" },
      } as Plot.AxisXOptions),
      Plot.line(best, {
        x: "cost",
        y: "gain",
        curve: "step-after",
        className: "reference",
        strokeDasharray: "2 3",
      }),
      ...shown.map((model) => {
        const { color, symbol } = styleOf(model.kind);
        return Plot.dot([model], {
          ...{
            x: "cost",
            y: "gain",
            symbol,
            fill: color,
            stroke: "var(--page)",
            strokeWidth: 1,
            r: 4.5,
          },
          title: () => `${model.label}: ${(100 * model.gain).toFixed(1)} % at ${short(model.cost)}`,
        });
      }),
      ...spread(best).map((model) => {
        const along = place(model.cost, shown.map(({ cost }) => cost));
        const textAnchor = along < 0.35 ? "start" : along > 0.65 ? "end" : "middle";
        return Plot.text([model], {
          ...{ x: "cost", y: "gain", text: ({ label }: Priced) => fitted(label, 190) },
          ...{ dy: -12, textAnchor, className: "halo" },
        });
      }),
    ],
  }) as unknown as Drawn;
  const names = best.map(({ label, gain, cost }) =>
    `${label} ${(100 * gain).toFixed(1)} % at ${short(cost)}`
  );
  return finished(
    svg,
    `${title}: gap closed against ${cost}. Not beaten in both: ${names.join(", ")}.`,
  );
}

/** Where a cost lies between the least and the most, from 0 to 1. */
function place(cost: number, all: readonly number[]): number {
  const [least, most] = [Math.log(Math.min(...all)), Math.log(Math.max(...all))];
  return most > least ? (Math.log(cost) - least) / (most - least) : 0.5;
}

/** Powers of ten, or where there are fewer than three of them 1, 2 and 5 of each. */
export function logTicks(values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const from = Math.floor(Math.log10(least));
  const powers = Array.from({ length: Math.ceil(Math.log10(most)) - from + 1 }, (_, i) => from + i);
  const ticks = (digits: number[]) =>
    powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((tick) => tick >= least * 0.999 && tick <= most * 1.001);
  const tens = ticks([1]);
  return tens.length >= 3 ? tens : ticks([1, 2, 5]);
}

const styleOf = (kind: string) =>
  STYLES[kind as keyof typeof STYLES] ?? { color: "var(--series-5)", symbol: "circle" as const };

/** Names that would lie over one another are left out: the last of the frontier, which goes furthest, is always named. */
function spread(best: readonly Priced[]): Priced[] {
  const kept: Priced[] = [];
  for (const model of best.toReversed()) {
    const near = kept.some((other) =>
      Math.abs(Math.log10(other.cost / model.cost)) < 0.8 &&
      Math.abs(other.gain - model.gain) < 0.09
    );
    if (!near) kept.push(model);
  }
  return kept.reverse();
}
