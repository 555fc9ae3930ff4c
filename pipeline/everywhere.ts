/** @file Engines that are the same on every machine, so that nobody has to look for them. */
import type { EngineName } from "../lib/engine/engines.ts";

export const EVERYWHERE: readonly string[] = ["ort", "jax", "tfjs"] satisfies EngineName[];
