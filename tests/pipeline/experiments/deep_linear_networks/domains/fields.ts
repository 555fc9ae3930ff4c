/** @file The experiments on fields, by their ids. */
import * as climate from "../../../../../pipeline/experiments/deep_linear_networks/domains/climate.ts";
import * as earthquakes from "../../../../../pipeline/experiments/deep_linear_networks/domains/earthquakes.ts";
import * as eyeState from "../../../../../pipeline/experiments/deep_linear_networks/domains/eye_state.ts";
import * as finance from "../../../../../pipeline/experiments/deep_linear_networks/domains/finance.ts";
import * as heartbeats from "../../../../../pipeline/experiments/deep_linear_networks/domains/heartbeats.ts";
import * as nab from "../../../../../pipeline/experiments/deep_linear_networks/domains/anomalies.ts";
import * as roads from "../../../../../pipeline/experiments/deep_linear_networks/domains/roads.ts";
import * as turbofan from "../../../../../pipeline/experiments/deep_linear_networks/domains/turbofan.ts";
import type { Experiment } from "../../grids.ts";

export const fields: Record<string, Experiment> = Object.fromEntries(
  [nab, finance, climate, roads, earthquakes, heartbeats, eyeState, turbofan]
    .map((experiment) => [experiment.meta.id, experiment]),
);
