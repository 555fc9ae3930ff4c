/** @file The models of the filtering experiments: their sizes, how long they are trained, and how their learning rates are found. */
import { type Architecture, preset, type PresetName } from "../../../presets.ts";
import type { Profile } from "../../../profiles.ts";
import type { ModelId } from "./models.ts";

/** A model, and how it is made. */
export interface ModelSetup extends Architecture {
  /** A file of lib/tasks/filtering/closed_forms, instead of by gradient. */
  closedForm?: string;
  /** All systems in one program. */
  ensemble?: boolean;
  steps: number;
  batch: number;
  warmup: number;
  /** How its learning rate is found, or the rate itself. */
  rate: Search | number;
}

/** How a learning rate is found, see stages/tune.ts. */
export interface Search {
  rates: number[];
  /** Steps at the end of each rung of successive halving. */
  rungs: number[];
  /** To half or twice the rate, from the winner on. */
  moves: number;
  /** Share of the rate at the end of the last rung. */
  floor?: number;
  /** Trainings in one program, where not all fit. */
  together?: number;
}

/** How long each profile trains, and which learning rates it tries; the quick one takes one as it is. */
function training(profile: Profile): Pick<ModelSetup, "steps" | "batch" | "warmup" | "rate"> {
  return profile.pick<ReturnType<typeof training>>({
    smoke: {
      steps: 10,
      batch: 4,
      warmup: 3,
      rate: { rates: [2e-3, 8e-3], rungs: [4, 6], moves: 0 },
    },
    quick: { steps: 100, batch: 4, warmup: 20, rate: 5e-3 },
    standard: {
      ...{ steps: 400, batch: 4, warmup: 40 },
      rate: { rates: [2e-3, 4e-3, 8e-3, 1.6e-2], rungs: [60, 160], moves: 5, floor: 0.05 },
    },
    paper: {
      ...{ steps: 3000, batch: 32, warmup: 200 },
      rate: {
        rates: [2.5e-4, 5e-4, 1e-3, 2e-3],
        rungs: [50, 150],
        moves: 3,
        floor: 0.05,
        together: 4,
      },
    },
  });
}

/** A Transformer of the profile's size. */
export function transformer(
  profile: Profile,
  options: Record<string, unknown> = {},
  attention: "transformer" | "linear_transformer" = "transformer",
): ModelSetup {
  const size = profile.pick<Record<string, unknown>>({
    smoke: { dModel: 16, layers: 1, heads: 2 },
    quick: { dModel: 32, layers: 2, heads: 2 },
    paper: { dModel: 256, layers: 4, heads: 4 },
  });
  return {
    ...preset(attention, { ...size, ...options }),
    ensemble: fitsTogether(profile),
    ...training(profile),
  };
}

/** The Transformer that reads patches of so many observations as one token. */
export function patchTransformer(profile: Profile, patch: number): ModelSetup {
  return transformer(profile, patch === 1 ? {} : { patch });
}

/**
 * The Transformer again, trained longer and longer, so that undertraining is not mistaken for difficulty. Short trials favour
 * rates that are too high for long runs, so these have longer trials of their own.
 * @returns with how many times the steps
 */
export function references(profile: Profile): { times: number; setup: ModelSetup }[] {
  const setup = transformer(profile);
  const { rate } = setup;
  const trials = profile.pick<Partial<Search>>({
    smoke: {},
    standard: { rates: [1e-3, 2e-3, 4e-3, 8e-3], rungs: [100, 300] },
    paper: { rungs: [200, 600] },
  });
  return profile.pick({ smoke: [2], quick: [], standard: [8, 30], paper: [4] }).map((times) => ({
    times,
    setup: {
      ...{ ...setup, steps: times * setup.steps },
      rate: typeof rate === "number" ? rate : { ...rate, ...trials },
    },
  }));
}

/** Small models of several systems share a program; those of the paper profile fill the kernels by themselves. */
const fitsTogether = (profile: Profile) => !profile.atLeast("paper");

/** Everything that the leaderboard compares. */
export function modelSetups(profile: Profile): Record<ModelId, ModelSetup> {
  const state = profile.pick({ smoke: 8, quick: 64 });
  const ensemble = fitsTogether(profile);
  const of = (name: PresetName, options: object, more: Partial<ModelSetup> = {}): ModelSetup => ({
    ...preset(name, options),
    ensemble,
    ...training(profile),
    ...more,
  });
  return {
    "fir-8": of("causal_linear", { taps: 8 }, { closedForm: "best_causal_map" }),
    "fir-64": of("causal_linear", { taps: 64 }, { closedForm: "best_causal_map" }),
    "fir-64-trained": of("causal_linear", { taps: 64 }),
    "lru": of("lru", { state }),
    "dense-recurrence": of("dense_recurrence", { state }),
    "steady-state": of("dense_recurrence", { state: 64 }, { closedForm: "steady_state" }),
    "lstm": of("lstm", { dModel: state }),
    "linear-transformer": transformer(profile, {}, "linear_transformer"),
    "transformer": transformer(profile),
  };
}
