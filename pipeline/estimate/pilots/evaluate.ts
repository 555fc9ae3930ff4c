/** @file Cost of scoring a trained model. */
import type { Params } from "../../stages/evaluate.ts";
import type { Pilot, PilotInput } from "../pilot.ts";

/** Sequences are the units, measured on the second of two batches. */
export function pilot(p: Params, { data }: Record<string, PilotInput>): Pilot {
  const { system: { latentDim, obsDim, structure }, model, rollout } = p;
  const { length, sequences: of } = data.params;
  const batch = Math.min(p.batch, Math.ceil(of / 2), 128);
  const sequences = 2 * batch;
  return {
    class: { model, batch: p.batch, rollout, length, latentDim, obsDim, structure },
    params: { ...p, batch },
    inputs: { data: { ...data.params, sequences } },
    units: sequences,
    of,
    ...(rollout ? peakOf(p, data, rollout) : {
      memory: () => (of - sequences) * length * obsDim * bytesPerObservation,
    }),
  };
}

/** Observations in float64 and float32, and two predictions of them. */
const bytesPerObservation = 28;

/** One whole batch of rollouts, but short ones; what the rest of their length adds is known. */
function peakOf(p: Params, data: PilotInput, rollout: NonNullable<Params["rollout"]>) {
  const { length, sequences: of } = data.params;
  const sequences = Math.min(p.batch, of);
  const furthest = Math.max(...rollout.horizons);
  const short = Math.min(8, furthest); // enough steps for the caches of several to be held at once
  return {
    peak: {
      params: { ...p, rollout: { ...rollout, horizons: [short] } },
      inputs: { data: { ...data.params, sequences } },
    },
    memory: (observed: Record<string, number>) => {
      const { warmup, memoryMiB } = rollout;
      const caches = Math.min(sequences * observed["sequence bytes"], memoryMiB * 2 ** 20);
      return (of - sequences) * length * p.system.obsDim * bytesPerObservation +
        caches * (furthest - short) / (warmup + furthest);
    },
  };
}
