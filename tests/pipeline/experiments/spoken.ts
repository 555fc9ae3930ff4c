/** @file Jobs as people speak of them: filtering by its system, models by the names of their presets. */
import type { Graph } from "../../../pipeline/graph.ts";

/** A node of a graph, as far as this file looks into it. */
type Node = Pick<Graph["jobs"][number], "params">;

// deno-lint-ignore no-explicit-any -- parameters of any stage
type Any = any;

/** A model by its preset, without the options that say nothing: patches of one, one LSTM. */
function spokenModel({ model, layers = [] }: { model: Any; layers?: Any[] }): Any {
  const { block: _, mlp: __, width, patch, ...rest } = model.options;
  const patches = patch > 1 ? { patch } : {};
  if (model.name !== "stack") return { name: model.name, options: { ...rest, ...patches } };
  const [{ name, options }] = layers;
  const same = JSON.stringify(layers[0]);
  if (layers.some((layer) => JSON.stringify(layer) !== same)) throw new Error("a hybrid");
  switch (name) {
    case "softmax_attention":
    case "linear_attention": {
      const size = { dModel: width, layers: layers.length, heads: options.heads };
      const preset = name === "softmax_attention" ? "transformer" : "linear_transformer";
      return { name: preset, options: { ...size, ...rest, ...patches } };
    }
    case "lstm":
      return { name, options: { dModel: width, ...rest, ...patches } };
    default:
      return { name, options: { state: options.state, ...patches } };
  }
}

const spokenSeed = ({ instance, ...seed }: Any) => ({ system: instance, ...seed });

/** The parameters of a job; those of other tasks than filtering as they are. */
export function paramsOf(node: unknown): Any {
  const params = (node as Node).params as Any;
  if (params.task?.name !== "filtering") return params;
  const { task, model, layers, seeds, instance, index, protocol, reference, data, ...rest } =
    params;
  const { length, ...distribution } = task.options;
  const bounds = reference ? protocol.rollout : {};
  return {
    ...rest,
    ...bounds,
    length,
    system: instance === undefined ? distribution : { key: instance, ...distribution },
    ...(model ? { model: spokenModel({ model, layers }) } : {}),
    ...(seeds ? { seeds: seeds.map(spokenSeed) } : {}),
    ...(index === undefined ? {} : { member: index }),
    ...(!reference && protocol?.rollout ? { rollout: protocol.rollout } : {}),
    ...(data === undefined ? {} : { dataSeed: data }),
  };
}
