/** @file Everything that reads strangers' bytes. */
import { targets as archives } from "./archives.ts";
import { targets as datasets } from "./datasets.ts";
import { targets as series } from "./series.ts";
import { targets as sweeps } from "./sweeps.ts";
import type { Target } from "./target.ts";

/** By their names. */
export const targets: readonly Target[] = [...series, ...sweeps, ...datasets, ...archives];
