/**
 * @file Recognises activation functions, however they are written, so that they run as one kernel and have the derivative of their
 * short form (../derivatives/elementwise.ts).
 *
 * jax-js writes tanh and gelu as ten to twenty elementwise equations. Matching each
 * spelling by structure would break at the next release. Instead every elementwise value is followed
 * as a sampled function of earlier ones (following.ts). When the samples agree with a known function
 * (known_activations.ts) to float32 accuracy, the value is emitted in its short form; the long one dies unused.
 */
import type { Graph, Rule, Value } from "../graph.ts";
import { derive, remember } from "./following.ts";
import { identify, Short } from "./known_activations.ts";

/** Operations that are already the short form of something. */
const shortForms = new Set(["sigmoid", "tanh", "softplus", "gelu_tanh", "gelu_erf"]);
const building = new WeakSet<Graph>();

/** Replaces a value that is a known activation of an earlier one. */
export const activations: Rule = (
  graph,
  op,
  inputs,
  params,
  { shape, dtype },
): Value | undefined => {
  if (dtype !== "float32" || building.has(graph) || shortForms.has(op)) return undefined;
  const candidates = derive(graph, op, inputs, params, shape);
  // The earliest source first: s'(x) = s'(-x), and it is x whose sigmoid exists already.
  for (const c of candidates.toSorted((a, b) => a.source.id - b.source.id)) {
    if (c.depth < 2 || c.source.dtype !== "float32") continue;
    const known = identify(c.samples);
    if (!known) continue;
    building.add(graph);
    try {
      const short = known.build(new Short(graph, c.source));
      remember(graph, short, candidates);
      return short;
    } finally {
      building.delete(graph);
    }
  }
  return undefined;
};
