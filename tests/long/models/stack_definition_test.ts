/** @file Residual stacks with every norm against their definition in loops over numbers. */
import { testResidual } from "../../models/stack_definitions.ts";

testResidual(() => ["none", "fixed", "causal"]);
