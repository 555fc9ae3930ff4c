/** @file The kinds of sequence layers by number, for those who can hand on numbers only. */
import type { About } from "./sequence/sequence_layer.ts";

/** From what is simplest on, as the contract explains them. */
export const kinds: readonly About["kind"][] = ["linear map", "linear in the state", "nonlinear"];
