/** @file The rules of all operations but loops. */
import { elementwise } from "./elementwise.ts";
import { linalg } from "./linalg.ts";
import { movement } from "./movement.ts";
import type { DerivativeRules } from "./rule.ts";
import { sums } from "./sums.ts";

/** Rules by operation; one that is missing here has no derivative, see {@linkcode DerivativeRules}. */
export const rules: DerivativeRules = { ...elementwise, ...movement, ...sums, ...linalg };
