/**
 * @file The models that experiments and sweeps call by one name, as a model and its layers; and the filtering task. Every option
 * is spelt out, so that jobs which mean the same are the same.
 */
import { z } from "zod";
import { readOptions } from "../lib/options.ts";
import { type Distribution, distributionFields } from "../lib/tasks/filtering/distribution.ts";
import { once } from "../lib/once.ts";
import type { Part, Parts } from "./parts.ts";

/** A model as a job names it. */
export type Architecture = Pick<Parts, "model" | "layers">;

const count = () => z.number().int().min(1);
const patch = () => z.number().int().min(1).max(32).default(1);
const norm = () => z.enum(["none", "fixed", "causal"]).default("fixed");

const schemas = {
  transformer: () => decoder(),
  linear_transformer: () => decoder(),
  lstm: () =>
    z.strictObject({
      patch: patch(),
      norm: norm(),
      layers: count().default(1),
      dModel: count().default(64),
    }),
  lru: () =>
    z.strictObject({
      patch: patch(),
      state: count().default(64),
      minRadius: z.number().default(0.2),
      maxRadius: z.number().default(0.99),
    }),
  dense_recurrence: () =>
    z.strictObject({ patch: patch(), state: count().default(64), radius: z.number().default(0.9) }),
  causal_linear: () => z.strictObject({ patch: patch(), taps: count().default(64) }),
};

function decoder() {
  return z.strictObject({
    patch: patch(),
    norm: norm(),
    layers: count().default(4),
    dModel: count().default(256),
    heads: count().default(4),
  });
}

export type PresetName = keyof typeof schemas;
export const presetNames = Object.keys(schemas) as PresetName[];

export const isPreset = (name: string): name is PresetName => Object.hasOwn(schemas, name);

/** Names of the options of a preset. */
export const presetOptions = (name: PresetName): string[] => Object.keys(schemas[name]().shape);

type Options<N extends PresetName> = z.output<ReturnType<typeof schemas[N]>>;
const made: { [N in PresetName]: (options: Options<N>) => Architecture } = {
  transformer: (options) => residual("softmax_attention", options),
  linear_transformer: (options) => residual("linear_attention", options),
  lstm({ layers, dModel, ...ends }) {
    return stack({ block: "bare", width: dModel, ...ends }, repeated(layers, "lstm", {}));
  },
  lru: ({ patch, ...options }) => filter("lru", patch, options),
  dense_recurrence: ({ patch, ...options }) => filter("dense_recurrence", patch, options),
  causal_linear: (options) => ({ model: { name: "causal_linear", options }, layers: [] }),
};

/** @throws {Error} naming the option, its value and what is allowed. */
export function preset(name: PresetName, options: object = {}): Architecture {
  const make = made[name] as (options: unknown) => Architecture;
  return make(readOptions<unknown>(name, schemas[name](), options));
}

/** Pre-norm blocks of attention and an MLP. */
function residual(
  layer: string,
  { layers, dModel, heads, ...ends }: Options<"transformer">,
): Architecture {
  const options = { block: "residual", mlp: true, width: dModel, ...ends };
  return stack(options, repeated(layers, layer, { heads }));
}

/** One layer that sees the patches themselves. */
function filter(layer: string, patch: number, options: Record<string, unknown>): Architecture {
  return stack({ block: "bare", patch, norm: "fixed" }, [{ name: layer, options }]);
}

const stack = (options: Part["options"], layers: Part[]): Architecture => ({
  model: { name: "stack", options },
  layers,
});

const repeated = (count: number, name: string, options: Part["options"]): Part[] =>
  Array.from({ length: count }, () => ({ name, options }));

/** Of a distribution, made once: a grid asks thousands of times, and a schema takes far longer to make than to read options with. */
const distributions = once(() => z.strictObject(distributionFields()));

/**
 * Filtering the systems of a distribution.
 * @param length of the sequences.
 * @throws {Error} naming the option, its value and what is allowed.
 */
export function filteringTask(distribution: Partial<Distribution>, length: number): Part {
  const options = readOptions("filtering", distributions(), distribution);
  return { name: "filtering", options: { ...options, length } };
}
