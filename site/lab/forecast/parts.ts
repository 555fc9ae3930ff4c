/** @file One step of a forecast as a sum. */
import type { Column, Found } from "./forecast.ts";

/** A part of one forecast. */
export interface Part {
  label: string;
  /** Value of the input, in units of the file. */
  value?: number;
  adds: number;
}

/** Inputs that are told one by one. */
const TOLD = 5;

/** What one step of a column's forecast is the sum of: the inputs that add most, the others, and the rest of it. */
export function partsOf(
  { adds, baseline, deviation, past }: Column,
  { inputTexts, horizon }: Pick<Found, "inputTexts" | "horizon">,
  step: number,
): Part[] {
  const values = past.slice(-inputTexts.length);
  const inputs = inputTexts.map((label, l): Part => ({
    ...{ label, value: values[l], adds: adds[l * horizon + step] },
  })).sort((a, b) => Math.abs(b.adds) - Math.abs(a.adds));
  const rest = inputs.slice(TOLD);
  return [
    { label: "every input at its mean", adds: baseline[step] },
    ...inputs.slice(0, TOLD),
    ...(rest.length
      ? [{
        label: `${rest.length} other inputs`,
        adds: rest.reduce((sum, { adds }) => sum + adds, 0),
      }]
      : []),
    ...(deviation ? [{ label: "deviation of the inputs", adds: deviation[step] }] : []),
  ];
}
