/** @file What a derivative rule is: how a cotangent of an operation's results becomes one of its operands. */
import type { Graph, Params, Value } from "../graph.ts";
import type { Ops } from "./ops.ts";

/** An equation that is differentiated, in the graph where its derivative is built. */
export interface Pullback {
  /** Emits the derivative, into the graph where it is built. */
  readonly ops: Ops;
  /** Of the equation. */
  // deno-lint-ignore no-explicit-any
  readonly params: Params & Record<string, any>;
  /** Operands of the equation, in the graph where the derivative is built. */
  readonly inputs: readonly Value[];
  /** Results of the equation, in that graph. */
  readonly outs: readonly Value[];
  /** By result; at least one is there. */
  readonly cotangents: readonly (Value | undefined)[];
  /** By operand: whether its cotangent is asked for. */
  readonly wanted: readonly boolean[];
}

/** Cotangents by operand; `undefined` for zero. */
export type Cotangents = readonly (Value | undefined)[];

/** The cotangents of the operands, from those of the results. */
export type DerivativeRule = (pullback: Pullback) => Cotangents;

/** By what a function is differentiated, and with which cotangents of its outputs. */
export interface By {
  /** Which inputs of the function to differentiate by. */
  readonly by: readonly number[];
  /** Cotangents of the outputs, given the outputs; `undefined` for zero. */
  cotangents(outputs: readonly Value[]): readonly (Value | undefined)[];
  /** Values of the function that are there already, by what they are in `graph`; their equations are not repeated. */
  readonly known?: ReadonlyMap<Value, Value>;
}

/** What {@linkcode Differentiate} adds to a graph. */
export interface Differentiated {
  /** Those of the function, in the graph that it was added to. */
  readonly outputs: readonly Value[];
  /** Of the sum of <output, its cotangent>, in the order of `by`; zeros where nothing depends on the input. */
  readonly gradients: readonly Value[];
}

/**
 * Adds a function and its derivative to a graph, see {@linkcode differentiate} of differentiate.ts.
 * @param body the function.
 * @param inputs values of `graph`, one for each input of `body`.
 */
export type Differentiate = (
  graph: Graph,
  body: Graph,
  inputs: readonly Value[],
  by: By,
) => Differentiated;

/** A rule of an operation with one operand: its cotangent from the operand, the result and the result's cotangent. */
export const unary = (
  rule: (ops: Ops, ct: Value, x: Value, y: Value, params: Pullback["params"]) => Value,
): DerivativeRule =>
({ ops, inputs: [x], outs: [y], cotangents: [ct], params }) => [rule(ops, ct!, x, y, params)];
