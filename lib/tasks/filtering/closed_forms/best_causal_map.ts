/** @file The causal linear map of the last k tokens of least expected loss: what training causal_linear.ts converges to. */
import { bestCausalMap, expectedExcess } from "../../../ssm/mod.ts";
import { flatten } from "../../../tensor/trees.ts";
import type { ClosedFormModule } from "../../task.ts";
import type { FilteringTask } from "../filtering.ts";
import { shapeOf } from "./shape_of.ts";

/** For model causal_linear. */
export const closedForm: ClosedFormModule<FilteringTask> = {
  solve(task, instance, example) {
    const [taps, width] = shapeOf(flatten(example), "kernel", "best_causal_map");
    const patch = width / task.distribution.obsDim;
    const { shape, data } = bestCausalMap(task.filterOf(instance), { patch, taps });
    return { kernel: { dtype: "float64", shape, data } };
  },
  excess(task, instance, { kernel }) {
    const { obsDim } = task.distribution;
    // Patches are scored at all their offsets, which the exact loss is not made for.
    return kernel.shape[1] === obsDim ? expectedExcess(task.filterOf(instance), kernel) : undefined;
  },
};
