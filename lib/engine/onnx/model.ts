/**
 * @file Grows an ONNX graph node by node. Equal nodes are shared (same operator, inputs and attributes),
 * so the lowering rules may ask for the same transpose or constant as often as they like.
 */
import { createHash } from "node:crypto";
import onnxProto from "onnx-proto";
import { type DType, sizeOf, type Tensor } from "../types.ts";

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

/** ONNX element types the lowering uses; `int64` is ONNX's own index type, `uint32` what `bits.ts` computes in. */
export type ElementType = "float32" | "float64" | "int32" | "uint32" | "int64" | "bool";

/** What ONNX calls the element types. */
export const typeCodes: Record<ElementType, number> = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  int32: DataType.INT32,
  uint32: DataType.UINT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
};

/** A tensor of the ONNX graph: its name, and the shape and type it has there. */
export interface Ref {
  /** Unique in its model. */
  readonly name: string;
  /** Sizes of the axes; [] for a scalar. */
  readonly shape: readonly number[];
  /** Element type. */
  readonly type: ElementType;
}

/** A finished subgraph, the body of a loop. */
export type Subgraph = InstanceType<typeof onnxProto.onnx.GraphProto>;

/** An attribute of a node: numbers are integers unless wrapped as `float`. */
export type Attribute =
  | number
  | { float: number }
  | { graph: Subgraph }
  | string
  | readonly number[];

/** The operator set the lowering writes against, newer ones that single operators need, and ONNX Runtime's own operators. */
const opset = 20;
const newer: Record<string, number> = { BitCast: 26 };
const contrib = "com.microsoft";
const contribOps = new Set(["FusedMatMul"]);

/** A result of a node. */
export interface Out {
  /** Sizes of the axes. */
  readonly shape: readonly number[];
  /** Element type. */
  readonly type: ElementType;
}

/** A node that is about to be added. */
export interface NodeRequest {
  /** ONNX's name of the operator. */
  readonly op: string;
  /** In the operator's order; optional ones may be absent. */
  readonly inputs: readonly (Ref | undefined)[];
  /** What it results in. */
  readonly outs: readonly Out[];
  /** By ONNX's names. */
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** What ONNX Runtime's kernels can do differs from one of its providers to another; the lowering asks here. */
export interface Dialect {
  /** Types that carry values inside a session; what is missing does not exist there. */
  readonly types: Readonly<Partial<Record<DType, ElementType>>>;
  /** Of indices that are computed. */
  readonly indexType: "int32" | "int64";
  /** Sums and products of int32 end at its limits instead of wrapping around. */
  readonly saturates: boolean;
  /** Other nodes for one that the provider has no kernel for; `undefined` where it has one, or nothing else does. */
  readonly replace?: (model: Model, node: NodeRequest) => readonly Ref[] | undefined;
}

/**
 * Kernels of ONNX Runtime's CPU provider, which all of its providers fall back on. uint32 lacks some there (sums over axes,
 * Where, Gather's indices); int64 holds all its values and has them.
 */
export const cpuKernels: Dialect = {
  types: { float32: "float32", float64: "float64", int32: "int32", uint32: "int64", bool: "bool" },
  indexType: "int64",
  saturates: true,
};

/** An ONNX graph that grows, with its own inputs, constants and names. */
export class Model {
  readonly #nodes: InstanceType<typeof onnx.NodeProto>[] = [];
  readonly #shared = new Map<string, readonly Ref[]>();
  readonly #inputs: Ref[] = [];
  readonly #constants = new Map<string, { ref: Ref; bytes: Uint8Array }>();
  readonly #made = new Set<string>();
  #nextId = 0;
  #bodyNodes = 0;
  #bodies = 0;

  /**
   * An empty graph.
   * @param prefix of every name, so that the names of a body hide none around it.
   * @param needs the operator set that this model and its bodies need together.
   */
  constructor(
    readonly dialect: Dialect = cpuKernels,
    readonly prefix = "",
    private readonly needs = { opset },
  ) {}

  /**
   * The type that carries a dtype.
   * @throws {TypeError} where the provider has none.
   */
  typeOf(dtype: DType): ElementType {
    const type = this.dialect.types[dtype];
    if (type) return type;
    throw new TypeError(
      `this engine has no ${dtype}, it has ${
        Object.keys(this.dialect.types).join(", ")
      }; use one of them, or engine "ort"`,
    );
  }

  /** Nodes of the graph and of the bodies in it. */
  get nodes(): number {
    return this.#nodes.length + this.#bodyNodes;
  }

  /** An empty model for the body of a loop in this one. */
  subgraph(): Model {
    return new Model(this.dialect, `${this.prefix}b${this.#bodies++}_`, this.needs);
  }

  /** A further input of the graph, under the model's prefix. */
  input(name: string, shape: readonly number[], type: ElementType): Ref {
    const ref = { name: this.prefix + name, shape, type };
    this.#inputs.push(ref);
    return ref;
  }

  /** Adds a node with one output of known shape. */
  node(
    op: string,
    inputs: readonly (Ref | undefined)[],
    shape: readonly number[],
    type: ElementType,
    attributes: Record<string, Attribute> = {},
  ): Ref {
    return this.nodeMany(op, inputs, [{ shape, type }], attributes)[0];
  }

  /** Adds a node with any number of outputs of known shapes, or returns those of an equal node. */
  nodeMany(
    op: string,
    inputs: readonly (Ref | undefined)[],
    outs: readonly Out[],
    attributes: Record<string, Attribute> = {},
  ): readonly Ref[] {
    const others = this.dialect.replace?.(this, { op, inputs, outs, attributes });
    if (others) return others;
    const names = inputs.map((ref) => ref?.name ?? "");
    // The result's shape is part of the key: an Expand of the same scalar is not one node.
    const loop = Object.values(attributes).find((a) => typeof a === "object" && "graph" in a);
    if (loop) this.#bodyNodes += (loop as { graph: Subgraph }).graph.node.length;
    const key = loop
      ? undefined
      : `${op}(${names})${JSON.stringify(attributes)}${outs.length}:${outs[0].shape}`;
    const shared = key === undefined ? undefined : this.#shared.get(key);
    if (shared) return shared;
    const refs = outs.map((out) => ({ ...out, name: `${this.prefix}v${this.#nextId++}` }));
    for (const ref of refs) this.#made.add(ref.name);
    this.needs.opset = Math.max(this.needs.opset, newer[op] ?? opset);
    this.#nodes.push(onnx.NodeProto.fromObject({
      opType: op,
      domain: contribOps.has(op) ? contrib : "",
      input: names,
      output: refs.map((ref) => ref.name),
      attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
    }));
    if (key !== undefined) this.#shared.set(key, refs);
    return refs;
  }

  /** A constant tensor; equal constants are shared. */
  constant(tensor: Tensor): Ref {
    return this.#constant(
      tensor.shape,
      this.typeOf(tensor.dtype),
      encode(tensor, this.typeOf(tensor.dtype)),
    );
  }

  /** A scalar constant, or one of `shape` filled with it. */
  fill(value: number, type: ElementType, shape: readonly number[] = []): Ref {
    const size = sizeOf(shape);
    if (type === "int64") return this.ints(new Array(size).fill(value), shape);
    const data = type === "float64"
      ? new Float64Array(size)
      : type === "float32"
      ? new Float32Array(size)
      : type === "uint32"
      ? new Uint32Array(size)
      : new Int32Array(size);
    data.fill(value);
    const bytes = type === "bool" ? Uint8Array.from(data, Number) : new Uint8Array(data.buffer);
    return this.#constant(shape, type, bytes);
  }

  /** An int64 constant, by default a vector: shapes, axes, indices. */
  ints(values: readonly number[], shape: readonly number[] = [values.length]): Ref {
    const data = BigInt64Array.from(values, BigInt);
    return this.#constant(shape, "int64", new Uint8Array(data.buffer));
  }

  /** The numbers of a constant vector of int64. */
  valuesOf(ref: Ref): number[] {
    for (const { ref: { name }, bytes } of this.#constants.values()) {
      if (name === ref.name) return Array.from(new BigInt64Array(bytes.buffer), Number);
    }
    throw new Error(`${ref.name} is no constant`);
  }

  /** A constant of indices, in the type of those that are computed. */
  indices(values: readonly number[], shape: readonly number[] = [values.length]): Ref {
    if (this.dialect.indexType === "int64") return this.ints(values, shape);
    const bytes = new Uint8Array(Int32Array.from(values).buffer);
    return this.#constant(shape, "int32", bytes);
  }

  /** The same numbers in the type of indices. */
  asIndices(ref: Ref): Ref {
    const type = this.dialect.indexType;
    return ref.type === type
      ? ref
      : this.node("Cast", [ref], ref.shape, type, { to: typeCodes[type] });
  }

  #constant(shape: readonly number[], type: ElementType, bytes: Uint8Array): Ref {
    const key = `${type}[${shape}]${
      bytes.length <= 256 ? bytes.toString() : createHash("sha256").update(bytes).digest("hex")
    }`;
    const known = this.#constants.get(key);
    if (known) return known.ref;
    const ref = { name: `${this.prefix}c${this.#constants.size}`, shape, type };
    this.#constants.set(key, { ref, bytes });
    return ref;
  }

  /** The same value under a new name. */
  copy(ref: Ref): Ref {
    const node = { op: "Identity", inputs: [ref], outs: [ref], attributes: {} };
    const [other] = this.dialect.replace?.(this, node) ?? [];
    if (other) return other;
    const copy = { ...ref, name: `${this.prefix}v${this.#nextId++}` };
    const [input, output] = [[ref.name], [copy.name]];
    this.#nodes.push(onnx.NodeProto.fromObject({ opType: "Identity", input, output }));
    return copy;
  }

  /** True for a value that a node of this very graph makes: only such may be its outputs. */
  makes(ref: Ref): boolean {
    return this.#made.has(ref.name);
  }

  /** The graph with the given outputs (distinct refs, in order). */
  graph(outputs: readonly Ref[]): Subgraph {
    return onnx.GraphProto.fromObject({
      name: `${this.prefix}program`,
      node: this.#nodes,
      input: this.#inputs.map(valueInfo),
      output: outputs.map(valueInfo),
      initializer: [...this.#constants.values()].map(({ ref, bytes }) => ({
        name: ref.name,
        dims: ref.shape,
        dataType: typeCodes[ref.type],
        rawData: bytes,
      })),
    });
  }

  /** Serialises the model with the given outputs. */
  serialize(outputs: readonly Ref[]): Uint8Array {
    const model = onnx.ModelProto.fromObject({
      irVersion: 9,
      opsetImport: [{ domain: "", version: this.needs.opset }, { domain: contrib, version: 1 }],
      graph: this.graph(outputs),
    });
    return onnx.ModelProto.encode(model).finish();
  }
}

function valueInfo(ref: Ref) {
  const dim = ref.shape.map((dimValue) => ({ dimValue }));
  return {
    name: ref.name,
    type: { tensorType: { elemType: typeCodes[ref.type], shape: { dim } } },
  };
}

function attributeProto(name: string, value: Attribute) {
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  if (typeof value === "string") {
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  }
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ("graph" in value) return { name, type: AttributeType.GRAPH, g: value.graph };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

function encode({ data }: Tensor, type: ElementType): Uint8Array {
  if (type === "bool") return Uint8Array.from(data, Number);
  if (type === "int64") {
    return new Uint8Array(BigInt64Array.from(data as Uint32Array, BigInt).buffer);
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
