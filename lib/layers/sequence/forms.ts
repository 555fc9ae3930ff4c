/** @file The forms in which a sequence layer is used, derived from its functions once for all of them. */
import { numpy as np, tree } from "@jax-js/jax";
import type { Arrays, JaxArray, JaxDType } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";
import { isFloat, type Tensor, type Tree } from "../../tensor/tensor.ts";
import { constant } from "../constant.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/**
 * Over a sequence, token by token: one loop of the program. It is the definition of the layer, and its float64 oracle.
 * @param params consumed, like the other arrays.
 * @param x [B, T, d]
 * @param state before the first token, the fresh one by default.
 * @returns the state after the last token, and y [B, T, d]
 */
export function recurrent<Config, P extends Arrays, S extends Arrays>(
  layer: SequenceLayer<Config, P, S>,
  config: Config,
  params: P,
  x: JaxArray,
  state?: S,
): [S, JaxArray] {
  const [batch, length] = x.shape;
  state ??= freshState(layer, config, batch, length, x.dtype);
  // Time first, which the loop goes along; the projections know no state: one product for all times.
  const tokens = np.transpose(x, [1, 0, 2]);
  const xs = layer.outputs ? tokens.ref : tokens;
  const inputs = layer.inputs ? layer.inputs(config, tree.ref(params), xs) : xs;
  const [last, outputs] = scan(
    (params: P, state: S, input: Arrays) => layer.cell(config, params, state, input),
    layer.outputs ? tree.ref(params) : params,
    state,
    inputs,
  );
  const y = layer.outputs ? layer.outputs(config, params, outputs, tokens) : outputs as JaxArray;
  return [last, np.transpose(y, [1, 0, 2])];
}

/** As {@linkcode recurrent}, in the layer's parallel form where it has one. */
export function overSequence<Config, P extends Arrays, S extends Arrays>(
  layer: SequenceLayer<Config, P, S>,
  config: Config,
  params: P,
  x: JaxArray,
  state?: S,
): [S, JaxArray] {
  return layer.parallel
    ? layer.parallel(config, params, x, state)
    : recurrent(layer, config, params, x, state);
}

/**
 * One token.
 * @param x [B, d]
 * @returns the next state, and y [B, d]
 */
export function step<Config, P extends Arrays, S extends Arrays>(
  layer: SequenceLayer<Config, P, S>,
  config: Config,
  params: P,
  state: S,
  x: JaxArray,
): [S, JaxArray] {
  const input = layer.inputs
    ? layer.inputs(config, tree.ref(params), layer.outputs ? x.ref : x)
    : layer.outputs
    ? x.ref
    : x;
  const [next, output] = layer.cell(
    config,
    layer.outputs ? tree.ref(params) : params,
    state,
    input,
  );
  return [next, layer.outputs ? layer.outputs(config, params, output, x) : output as JaxArray];
}

/**
 * The state before the first token inside a traced function.
 * @param capacity tokens that it must have room for.
 * @param dtype of its floats: that of x, so that a float64 trace stays in float64.
 */
export function freshState<Config, P extends Arrays, S extends Arrays>(
  layer: SequenceLayer<Config, P, S>,
  config: Config,
  batch: number,
  capacity: number,
  dtype: JaxDType,
): S {
  return onDevice(layer.initialState(config, batch, capacity), dtype) as S;
}

function onDevice(state: Tree<Tensor>, dtype: JaxDType): Arrays {
  if (isTensor(state)) return arrayOf(state, dtype);
  if (Array.isArray(state)) return state.map((part) => onDevice(part, dtype));
  const parts = Object.entries(state) as [string, Tree<Tensor>][];
  return Object.fromEntries(parts.map(([name, part]) => [name, onDevice(part, dtype)]));
}

const isTensor = (state: Tree<Tensor>): state is Tensor =>
  "data" in state && ArrayBuffer.isView(state.data);

function arrayOf({ data, dtype: stored, shape: given }: Tensor, dtype: JaxDType): JaxArray {
  const shape = [...given];
  const own = isFloat(stored) ? dtype : np.int32;
  // A scalar that is broadcast costs a program nothing, however large the state.
  if (data.every((value) => value === data[0])) return np.full(shape, data[0] ?? 0, { dtype: own });
  if (isFloat(stored)) return constant(Float64Array.from(data), shape, dtype);
  return np.array(Int32Array.from(data), { shape, dtype: own });
}
