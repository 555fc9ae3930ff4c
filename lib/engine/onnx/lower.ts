/**
 * @file Lowers a traced graph to ONNX, equation by equation. Loops become ONNX `Scan` nodes, whose bodies are
 * lowered like any other graph.
 */
import type { Equation, Graph, ScanParams, Value } from "../graph.ts";
import { neededResults } from "../loop.ts";
import { sizeOf } from "../types.ts";
import { UnsupportedPrimitive } from "../unsupported.ts";
import { fusions } from "./fusions.ts";
import { cpuKernels, type Dialect, Model, type Ref } from "./model.ts";
import type { Lowering } from "./lowering_table.ts";
import * as module from "./lowering_table.ts";
import { Table } from "../table.ts";
import { broadcastView, materialize, reshapeRef, shapeOf, type View, viewOf } from "./view.ts";

const lowerings = new Table<Lowering>("lib/engine/onnx/lowering_table.ts", module);

/** The primitives (of jax-js), loops and fused operations (of `rules/`) this engine can run. */
export const loweredPrimitives: readonly string[] = [...lowerings.operations, "scan"];

/** A program as an ONNX model. */
export interface Lowered {
  /** The model as ONNX Runtime reads it. */
  readonly bytes: Uint8Array;
  /** Nodes of the graph and of the bodies of its loops. */
  readonly nodes: number;
  /** Names of the inputs, in the order of the graph's; unused ones are absent. */
  readonly inputs: readonly (string | undefined)[];
  /** Names of the outputs, in the order of the graph's; equal outputs share a name. */
  readonly outputs: readonly string[];
}

/** Rules of a provider in place of the table's. */
export type Lowerings = Readonly<Record<string, Lowering>>;

/**
 * Lowers a graph to a serialised ONNX model, for the kernels of one of ONNX Runtime's providers.
 * @param own rules of that provider alone.
 */
export function lower(
  graph: Graph,
  dialect: Dialect = cpuKernels,
  own: Lowerings = {},
): Lowered {
  const model = new Model(dialect);
  const used = usedValues(graph);
  const inputs = graph.inputs.map((value, i) =>
    used.has(value) ? model.input(`in${i}`, value.shape, model.typeOf(value.dtype)) : undefined
  );
  const views = inputs.map((ref, i) => ref && viewOf(ref, graph.inputs[i].dtype));
  const outputs = lowerGraph(model, graph, views, graph.outputs, own);
  const distinct = [...new Map(outputs.map((ref) => [ref.name, ref])).values()];
  return {
    bytes: model.serialize(distinct),
    nodes: model.nodes,
    inputs: inputs.map((ref) => ref?.name),
    outputs: outputs.map((ref) => ref.name),
  };
}

function usedValues(graph: Graph, outputs: readonly Value[] = graph.outputs): Set<Value> {
  return new Set([...graph.live(outputs).flatMap((e) => e.inputs), ...outputs]);
}

/**
 * Lowers a graph into a model that exists already.
 * @param inputs a view for every input of the graph; unused ones may be absent.
 * @param outputs those of the graph that are asked for.
 * @returns them, dense, each made by a node as ONNX demands of graph outputs.
 */
function lowerGraph(
  model: Model,
  graph: Graph,
  inputs: readonly (View | undefined)[],
  outputs: readonly Value[],
  own: Lowerings,
): Ref[] {
  const views = new Map<Value, View>();
  graph.inputs.forEach((value, i) => inputs[i] && views.set(value, inputs[i]));
  const read = (value: Value): View => {
    let view = views.get(value);
    if (!view) views.set(value, view = constantView(model, graph, value));
    return view;
  };
  const equations = graph.live(outputs);
  const used = usedValues(graph, outputs);
  const fused = fusions(graph, equations, outputs);
  for (const equation of equations) {
    const { op, inputs, params, outs, line } = equation;
    if (fused.absorbed.has(equation)) continue;
    if (outs.every((v) => sizeOf(v.shape) === 0)) continue;
    const [{ shape, dtype }] = outs;
    const together = fused.lowerings.get(equation);
    if (together) {
      views.set(outs[0], together(model, read));
      continue;
    }
    if (op === "scan") {
      const results = lowerScan(
        model,
        graph,
        equation,
        inputs.map(read),
        outs.map((v) => used.has(v)),
        own,
      );
      outs.forEach((value, i) => results[i] && views.set(value, results[i]));
      continue;
    }
    // Looked up in any case: what a provider has in its place may call it.
    const shared = lowerings.rule(graph, op);
    const lowering = own[op] ?? shared;
    if (!lowering) throw new UnsupportedPrimitive(op, line);
    const results = lowering({ model, equation, shape, dtype, params }, ...inputs.map(read));
    const list = Array.isArray(results) ? results : [results];
    outs.forEach((value, i) => views.set(value, list[i]));
  }
  return outputRefs(model, outputs.map(read));
}

/**
 * A loop as one ONNX `Scan`: state goes round, sequences are sliced along axis 0, and everything else that the body reads
 * is captured from around it, so that it is not copied in every turn.
 * @param read which of its results are; the others are not made, unless the loop needs them itself.
 */
function lowerScan(
  model: Model,
  graph: Graph,
  { params, outs }: Equation,
  inputs: View[],
  read: readonly boolean[],
  own: Lowerings,
): (View | undefined)[] {
  const { body: id, carries, sequences, length, reverse } = params as unknown as ScanParams;
  const body = graph.body(id);
  const needed = neededResults(body, carries, read);
  const outputs = body.outputs.filter((_, i) => needed[i]);
  const used = usedValues(body, outputs);
  /** What enters the loop by turns; state goes round whether the body reads it or not. */
  const enters = body.inputs.map((v, i) =>
    i < carries ? needed[i] : i < carries + sequences && used.has(v)
  );
  const inner = model.subgraph();
  const views = inputs.map((view, i) => {
    const { shape, dtype } = body.inputs[i];
    if (enters[i]) return viewOf(inner.input(`in${i}`, shape, model.typeOf(dtype)), dtype);
    return used.has(body.inputs[i]) ? view : undefined;
  });
  const entering = inputs.flatMap((view, i) => enters[i] ? [materialize(model, view)] : []);
  if (!enters.slice(carries).includes(true)) {
    // A loop has to have something to count its turns by.
    entering.push(model.fill(0, "bool", [length]));
    inner.input("turn", [], "bool");
  }
  const results = distinctNames(inner, lowerGraph(inner, body, views, outputs, own));
  const states = needed.slice(0, carries).filter(Boolean).length;
  const slices = entering.length - states;
  const direction = Number(reverse);
  const made = outs.filter((_, i) => needed[i]);
  const refs = model.nodeMany(
    "Scan",
    entering,
    made.map(({ shape, dtype }) => ({ shape, type: model.typeOf(dtype) })),
    {
      body: { graph: inner.graph(results) },
      num_scan_inputs: slices,
      scan_input_directions: new Array(slices).fill(direction),
      scan_output_directions: new Array(made.length - states).fill(direction),
    },
  );
  let at = 0;
  return outs.map((v, i) => needed[i] ? viewOf(refs[at++], v.dtype) : undefined);
}

/** A body may return one value twice, but its outputs need names of their own. */
function distinctNames(model: Model, refs: readonly Ref[]): Ref[] {
  const seen = new Set<string>();
  return refs.map((ref) => {
    if (seen.has(ref.name)) return model.copy(ref);
    seen.add(ref.name);
    return ref;
  });
}

function constantView(model: Model, graph: Graph, value: Value): View {
  const { shape, dtype } = value;
  if (sizeOf(shape) === 0) return viewOf(model.fill(0, model.typeOf(dtype), shape), dtype);
  if (value.uniform !== undefined) {
    const scalar = viewOf(model.fill(value.uniform, model.typeOf(dtype)), dtype);
    return broadcastView(scalar, shape, [...shape.keys()]);
  }
  const tensor = graph.constants.get(value);
  if (!tensor) throw new Error("a value is read before any equation makes it");
  return viewOf(model.constant(tensor), dtype);
}

/** Dense results; each is made by a node, as ONNX demands of graph outputs. */
function outputRefs(model: Model, views: readonly View[]): Ref[] {
  return views.map((view) => {
    const ref = materialize(model, view);
    const shape = shapeOf(view);
    const exact = reshapeRef(model, ref, shape);
    return model.makes(exact) ? exact : model.copy(exact);
  });
}
