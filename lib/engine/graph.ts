/**
 * @file The engine's own small intermediate representation, and the builder that grows it.
 *
 * jax-js gives us a jaxpr; we copy it equation by equation into this graph. Because every equation
 * passes through one `emit`, common subexpressions are shared and local rewrites (see `rules/`)
 * apply while the graph grows, and no separate optimisation passes are needed. What ends up unused is
 * dropped by {@linkcode Graph.live}.
 */
import { type DType, type Tensor } from "./types.ts";

/** A node's result: a typed array of known shape. */
export interface Value {
  /** Unique in its graph, ascending in the order of creation. */
  readonly id: number;
  /** Sizes of the axes; [] for a scalar. */
  readonly shape: readonly number[];
  /** Type of the elements. */
  readonly dtype: DType;
  /** Set when every element is known to be this number (literals and broadcasts of them). */
  readonly uniform?: number;
}

/** What an operation needs to know beside its operands, by name: plain data. Equal JSON means equal parameters. */
export type Params = Readonly<Record<string, unknown>>;

/** One operation. `op` is a jax-js primitive or one of the fused operations of `rules/`. */
export interface Equation {
  /** Name of the operation. */
  readonly op: string;
  /** Operands, in order. */
  readonly inputs: readonly Value[];
  /** For an operation of jax-js by the names that it uses. */
  readonly params: Params;
  /** Results, in order; nearly always one. */
  readonly outs: readonly Value[];
  /** The line of the model that asked for it, where it was recorded. */
  readonly line?: string;
}

/**
 * Parameters of a `scan` equation. Its inputs are the initial state, the sequences (sliced along axis 0), and whatever
 * else the body reads; its results the final state and the outputs stacked along axis 0. The body takes and returns
 * the same without the leading axis.
 */
export interface ScanParams {
  /** Of {@linkcode Graph.body}. */
  readonly body: number;
  /** How many inputs are state; as many results come first. */
  readonly carries: number;
  /** How many inputs are sequences; they follow the state. */
  readonly sequences: number;
  /** Turns, the leading size of every sequence and stacked output. */
  readonly length: number;
  /** From the last slice to the first; stacked outputs keep the order of the sequences. */
  readonly reverse: boolean;
  /** Segments of the way back; see `ScanOptions` of scan.ts. */
  readonly segments: number;
}

/** Parameters of jax-js's `conv`. */
export interface ConvParams {
  /** Leading axes that are mapped over. */
  readonly vmapDims: number;
  /** Step of the window by spatial axis, in elements. */
  readonly strides: readonly number[];
  /** Zeros [before, after] by spatial axis; negative ones cut. */
  readonly padding: readonly (readonly [number, number])[];
  /** Spacing of the input's elements by spatial axis; 1 for none between them. */
  readonly lhsDilation: readonly number[];
  /** Spacing of the kernel's elements by spatial axis; 1 for none between them. */
  readonly rhsDilation: readonly number[];
}

/** Parameters of jax-js's `gather`. */
export interface IndexParams {
  /** The indexed axes, one for each array of indices. */
  readonly axis: readonly number[];
  /** Where the axes of the indices stand in the result. */
  readonly outDim: number;
}

/** A rewrite tried whenever an equation is about to be added; `undefined` means "not mine". */
export type Rule = (
  graph: Graph,
  op: string,
  inputs: readonly Value[],
  params: Params,
  out: { shape: readonly number[]; dtype: DType },
) => Value | undefined;

/** Called after an equation was added, so that a rule can keep notes about values. */
export type Observer = (graph: Graph, equation: Equation) => void;

/** Operations for which the order of the operands does not matter, to the last bit. */
const commutative: ReadonlySet<string> = new Set(["add", "mul", "min", "max"]);

/** A program: inputs and constants, equations in an order in which they can run, and which values come out. */
export class Graph {
  /** Arguments of the program, in order. */
  readonly inputs: Value[] = [];
  /** Values known before the program runs, with their contents; those of equal elements are `uniform` instead. */
  readonly constants = new Map<Value, Tensor>();
  /** All equations so far, each after those whose results it reads; {@linkcode Graph.live} leaves out unused ones. */
  readonly equations: Equation[] = [];
  /** Results of the program, in order; set when they are known. */
  outputs: readonly Value[] = [];
  /** Rules of tables that the program used, as `path#operation`; of siblings too. See table.ts. */
  readonly uses: Set<string>;
  /** The line of the model behind the equations that are being added. */
  line: string | undefined;

  readonly #definition = new Map<Value, Equation>();
  readonly #shared = new Map<string, readonly Value[]>();
  readonly #bodies: Graph[] = [];
  readonly #rules: readonly Rule[];
  readonly #observers: readonly Observer[];
  #nextId = 0;

  /**
   * An empty graph.
   * @param rules tried in this order on everything that {@linkcode Graph.emit} adds; the first that gives a value wins.
   * @param observers called after every new equation.
   * @param differentiated it will be, so what stops gradients has to stay in it.
   * @param uses where rules that are used are noted.
   */
  constructor(
    rules: readonly Rule[] = [],
    observers: readonly Observer[] = [],
    readonly differentiated = false,
    uses: Set<string> = new Set(),
  ) {
    this.uses = uses;
    this.#rules = rules;
    this.#observers = observers;
  }

  /** An empty graph of the same program, with the same rules. */
  sibling(differentiated: boolean = this.differentiated): Graph {
    return new Graph(this.#rules, this.#observers, differentiated, this.uses);
  }

  /** A further argument of the program. */
  input(shape: readonly number[], dtype: DType): Value {
    const value = this.#value(shape, dtype);
    this.inputs.push(value);
    return value;
  }

  /** A value with these contents; `uniform` where all elements are equal. */
  constant(tensor: Tensor): Value {
    const first = tensor.data[0];
    if (tensor.data.length > 0 && tensor.data.every((x) => Object.is(x, first))) {
      return this.uniform(first, tensor.shape, tensor.dtype);
    }
    const value = this.#value(tensor.shape, tensor.dtype);
    this.constants.set(value, tensor);
    return value;
  }

  /** An array whose elements all equal `value`, rounded to the dtype. */
  uniform(value: number, shape: readonly number[], dtype: DType): Value {
    const rounded = dtype === "float32" ? Math.fround(value) : value;
    const key = `uniform ${Object.is(rounded, -0) ? "-0" : rounded} ${dtype} ${shape}`;
    let shared = this.#shared.get(key);
    if (!shared) {
      shared = [{ id: this.#nextId++, shape, dtype, uniform: rounded }];
      this.#shared.set(key, shared);
    }
    return shared[0];
  }

  /** The equation that made a value; `undefined` for inputs and constants. */
  definition(value: Value): Equation | undefined {
    return this.#definition.get(value);
  }

  /** The defining equation if it is an `op`. */
  made(value: Value, op: string): Equation | undefined {
    const equation = this.#definition.get(value);
    return equation?.op === op ? equation : undefined;
  }

  /** Adds an equation with one result, or returns an equal or simpler value. */
  emit(
    op: string,
    inputs: readonly Value[],
    params: Params,
    shape: readonly number[],
    dtype: DType,
  ): Value {
    for (const rule of this.#rules) {
      const simpler = rule(this, op, inputs, params, { shape, dtype });
      if (simpler) return simpler;
    }
    return this.emitMany(op, inputs, params, [{ shape, dtype }])[0];
  }

  /** Adds an equation as it stands, sharing an equal one that exists. */
  emitMany(
    op: string,
    inputs: readonly Value[],
    params: Params,
    outs: readonly { shape: readonly number[]; dtype: DType }[],
  ): readonly Value[] {
    const ids = inputs.map((v) => v.id);
    if (commutative.has(op)) ids.sort((a, b) => a - b);
    const key = `${op} ${ids} ${JSON.stringify(params)}`;
    const shared = this.#shared.get(key);
    if (shared) return shared;
    const values = outs.map(({ shape, dtype }) => this.#value(shape, dtype));
    const equation = { op, inputs, params, outs: values, line: this.line };
    this.equations.push(equation);
    for (const value of values) this.#definition.set(value, equation);
    this.#shared.set(key, values);
    for (const observe of this.#observers) observe(this, equation);
    return values;
  }

  /** Registers a graph as the body of loops in this one. */
  addBody(body: Graph): number {
    return this.#bodies.push(body) - 1;
  }

  /** The body of a loop, by the number that {@linkcode Graph.addBody} gave it. */
  body(id: number): Graph {
    return this.#bodies[id];
  }

  /**
   * Repeats the equations of another graph in this one.
   * @param inputs a value for each of its inputs.
   * @param outputs those of its values that are wanted.
   * @returns them in this graph.
   */
  inline(
    other: Graph,
    inputs: readonly Value[],
    outputs: readonly Value[] = other.outputs,
  ): Value[] {
    const here = new Map<Value, Value>(other.inputs.map((v, i) => [v, inputs[i]]));
    const read = (v: Value): Value => {
      const known = here.get(v);
      if (known) return known;
      if (v.uniform !== undefined) return this.uniform(v.uniform, v.shape, v.dtype);
      const tensor = other.constants.get(v);
      if (!tensor) throw new Error("a value is read before any equation makes it");
      const value = this.constant(tensor);
      here.set(v, value);
      return value;
    };
    for (const equation of other.live(outputs)) {
      const results = this.repeat(other, equation, equation.inputs.map(read));
      equation.outs.forEach((v, i) => here.set(v, results[i]));
    }
    return outputs.map(read);
  }

  /** Adds an equation of another graph to this one. @returns its results here. */
  repeat(
    other: Graph,
    { op, params, outs, line }: Equation,
    inputs: readonly Value[],
  ): readonly Value[] {
    const around = this.line;
    this.line = line ?? around;
    const own = op === "scan"
      ? { ...params, body: this.addBody(other.body(params.body as number)) }
      : params;
    const results = outs.length === 1
      ? [this.emit(op, inputs, own, outs[0].shape, outs[0].dtype)]
      : this.emitMany(op, inputs, own, outs);
    this.line = around;
    return results;
  }

  /** The equations that values depend on, those of all outputs by default, in order. */
  live(outputs: readonly Value[] = this.outputs): Equation[] {
    const needed = new Set<Value>(outputs);
    const kept: Equation[] = [];
    for (let i = this.equations.length - 1; i >= 0; i--) {
      const equation = this.equations[i];
      if (!equation.outs.some((v) => needed.has(v))) continue;
      kept.push(equation);
      for (const v of equation.inputs) needed.add(v);
    }
    return kept.reverse();
  }

  #value(shape: readonly number[], dtype: DType): Value {
    return { id: this.#nextId++, shape, dtype };
  }
}
