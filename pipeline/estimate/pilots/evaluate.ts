/** @file Cost of scoring a trained model. */
import type { Params } from "../../stages/evaluate.ts";
import type { Pilot, PilotInput } from "../pilot.ts";
import { costly, observationsOf } from "../task_cost.ts";

interface Rollout {
  warmup: number;
  horizons: number[];
}

/** Sequences are the units where data are simulated, measured on the second of two batches; on other data it is measured whole. */
export function pilot(p: Params, { data }: Record<string, PilotInput>): Pilot {
  if (data.stage !== "generate") return { class: p, params: p, units: 1, of: 1 };
  const { task, model, layers, protocol } = p;
  const of = data.params.sequences;
  const batch = Math.min(p.batch, Math.ceil(of / 2), 128);
  const sequences = 2 * batch;
  const { structure } = task.options;
  const each = observationsOf(data.params.task) * bytesPerObservation;
  const rollout = protocol.rollout as Rollout | undefined;
  return {
    class: {
      ...{ task: costly(task), data: costly(data.params.task), structure },
      ...{ model, layers, batch: p.batch, protocol },
    },
    params: { ...p, batch },
    inputs: { data: { ...data.params, sequences } },
    units: sequences,
    of,
    ...(rollout ? peakOf(p, data, rollout, each) : { memory: () => (of - sequences) * each }),
  };
}

/** Observations in float64 and float32, and two predictions of them. */
const bytesPerObservation = 28;

/** One whole batch of rollouts, but short ones; what the rest of their length adds is known. */
function peakOf(p: Params, data: PilotInput, rollout: Rollout, each: number) {
  const of = data.params.sequences;
  const sequences = Math.min(p.batch, of);
  const { warmup = 64, horizons = [64] } = rollout; // with the defaults of the filtering task
  const furthest = Math.max(...horizons);
  const short = Math.min(8, furthest); // enough steps for the states of several to be held at once
  return {
    peak: {
      params: { ...p, protocol: { rollout: { ...rollout, horizons: [short] } } },
      inputs: { data: { ...data.params, sequences } },
    },
    memory: (observed: Record<string, number>) => {
      const states = Math.min(sequences * observed["sequence bytes"], p.memoryMiB * 2 ** 20);
      return (of - sequences) * each + states * (furthest - short) / (warmup + furthest);
    },
  };
}
