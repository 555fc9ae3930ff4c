/** @file The distribution that the systems of a filtering task are drawn from, as options of jobs and sweeps. */
import * as z from "zod";
import type { SystemOptions } from "../../ssm/mod.ts";

/** Everything about a system but its key, see {@linkcode SystemOptions}. */
export type Distribution = Required<SystemOptions>;

/**
 * The fields of the options, with the defaults of `createSystem`.
 * @internal
 */
export function distributionFields() {
  return {
    latentDim: z.number().int().min(1).default(64),
    obsDim: z.number().int().min(1).default(2),
    lambda: z.number().gt(0).lt(1).default(0.9),
    sigma: z.number().positive().default(1),
    structure: z.enum(["diagonal", "dense"]).default("diagonal"),
    condition: z.number().min(1).default(1),
    observation: z.enum(["matched", "redrawn"]).default("matched"),
  };
}
