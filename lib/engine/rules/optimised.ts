/** @file The rewrites that every natively executed program goes through while it is traced. */
import { activations } from "./activations.ts";
import { algebra } from "./algebra.ts";
import { followFunctions } from "./following.ts";
import { softmax } from "./softmax.ts";

/** What `trace` is handed for engine `ort`: rules in the order in which they are tried. */
export const optimised = { rules: [algebra, softmax, activations], observers: [followFunctions] };
