/** @file Cost of bringing a file here. */
import type { Params } from "../../stages/download.ts";
import type { Pilot } from "../pilot.ts";

/** What is on this machine anyway; nothing is downloaded for an estimate. */
export function pilot({ entry }: Params): Pilot | undefined {
  if (!entry.npm && !entry.path) return undefined;
  return { class: entry, params: { entry }, units: 1, of: 1 };
}
