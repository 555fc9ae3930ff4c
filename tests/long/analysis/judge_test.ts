/** @file The judge on experiments with nothing to find whose numbers are no normal ones. */
import { testFalseVerdicts } from "../../analysis/simulated.ts";

testFalseVerdicts("heavy tails (t, 3 degrees)");
testFalseVerdicts("difference of exponentials");
