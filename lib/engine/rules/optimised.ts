/** @file The rewrites that every natively executed program goes through while it is traced. */
import { activations } from "./activations.ts";
import { algebra } from "./algebra.ts";
import { followFunctions } from "./following.ts";
import { softmax } from "./softmax.ts";

export const optimised = { rules: [algebra, softmax, activations], observers: [followFunctions] };
