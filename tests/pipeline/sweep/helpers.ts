/**
 * @file The text of a sweep file as what it means: its configuration, and the parameters of its runs.
 */
import { parseSweep } from "../../../pipeline/sweep/config.ts";
import { parseSweepText } from "../../../pipeline/sweep/parse.ts";
import { pointsOf } from "../../../pipeline/sweep/points.ts";

export const config = (yaml: string) => parseSweep(parseSweepText(yaml, "s.yaml"));
/** A grid sweep of these parameters. */
export const grid = (parameters: string, rest = "") =>
  config(`program: filtering\nmethod: grid\n${rest}\nparameters: ${parameters}`);
export const points = (yaml: string) => {
  const all = pointsOf(config(yaml), "s.yaml");
  return Array.from({ length: all.count! }, (_, i) => all.at(i));
};
