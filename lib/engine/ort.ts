/**
 * @file Engine `ort`: the traced program as an ONNX graph, run by ONNX Runtime's native CPU kernels.
 */
import * as ort from "onnxruntime-node";
import type { Graph } from "./graph.ts";
import { EngineHandle } from "./handle.ts";
import { lower } from "./onnx/lower.ts";
import { elementTypeOf } from "./onnx/model.ts";
import {
  describe,
  type DType,
  type Handle,
  hostArray,
  type Spec,
  type Tensor,
  type TypedArray,
} from "./types.ts";

/** What ONNX Runtime takes and returns. */
export type OrtTensor = ort.Tensor;

/**
 * An ONNX Runtime tensor and how many hold it: equal outputs of a program are one tensor with several handles. ONNX
 * Runtime's own `dispose` only drops a reference, detaching the ArrayBuffer of the data frees its memory.
 */
export class HeldTensor {
  #holders = 0;

  /** Held by nobody yet. */
  constructor(readonly tensor: OrtTensor) {}

  /** Counts one more holder. */
  hold(): this {
    this.#holders++;
    return this;
  }

  /** Counts one holder less; the last one frees the memory, and the data can no longer be read. */
  release(): void {
    if (--this.#holders > 0) return;
    const { buffer } = this.tensor.data as TypedArray;
    (buffer as ArrayBuffer).transfer(0);
  }
}

/** A result that stays in an ONNX Runtime tensor. */
export class OrtHandle extends EngineHandle<HeldTensor> {
  /** A further holder of `value`, whose memory is freed with its last one. */
  constructor(dtype: DType, shape: readonly number[], value: HeldTensor) {
    super(dtype, shape, value.hold());
  }

  /** The elements on the host, uint32 and booleans in their host form. */
  protected copy({ tensor }: HeldTensor): Tensor {
    const { dtype, shape } = this;
    const source = tensor.data as ArrayLike<number | bigint>;
    const data = hostArray(dtype, source.length);
    // int64 stands for uint32 and bytes for booleans inside the session.
    if (dtype === "uint32") {
      for (let i = 0; i < data.length; i++) data[i] = Number(source[i]);
    } else data.set(source as ArrayLike<number>);
    return { dtype, shape, data };
  }

  /** Lets go of the tensor; the last holder frees its memory. */
  protected free(value: HeldTensor): void {
    value.release();
  }
}

function toOrt({ dtype, shape, data }: Tensor): ort.Tensor {
  const dims = [...shape];
  switch (elementTypeOf[dtype]) {
    case "bool":
      return new ort.Tensor("bool", Uint8Array.from(data, (x) => Number(x !== 0)), dims);
    case "int64":
      return new ort.Tensor("int64", BigInt64Array.from(data as Uint32Array, BigInt), dims);
    default:
      // deno-lint-ignore no-explicit-any
      return new ort.Tensor(dtype as any, data as any, dims);
  }
}

/** A graph in an ONNX Runtime session. */
export interface OrtProgram {
  /**
   * Runs the graph on its inputs' values, in order; rejects once the program is closed.
   * @throws {TypeError} for a handle of another engine, or one that was disposed of.
   */
  run(args: readonly (Tensor | Handle)[]): Promise<OrtHandle[]>;
  /** Frees the session; harmless when repeated. */
  close(): Promise<void>;
  /** Milliseconds from the graph to the serialised model. */
  readonly lowerMs: number;
  /** Milliseconds that ONNX Runtime took to open the session. */
  readonly sessionMs: number;
  /** Nodes of the ONNX graph, bodies of loops included. */
  readonly nodes: number;
}

/**
 * Freeing a mapped block, here one that is never touched, teaches glibc to take blocks of up to 32 MiB from its heap and
 * to keep 64 MiB of freed memory there. Else it may give the old training state back to the kernel in every step, and the next
 * one is faulted in page by page: 12,000 faults and up to 100 ms a step with parameters of 16 MiB. Other systems
 * just free the block.
 */
function keepFreedMemory(): void {
  new ArrayBuffer(2 ** 25 - 2 ** 16).transfer(0);
}

/**
 * Our lowering leaves ONNX Runtime nothing to fuse (training steps are as fast at "basic" as at "all"), and creating
 * a session at a higher level grows faster than linearly with the nodes: 6,000 nodes take five times longer.
 */
const largeGraph = 3_000;

/** Lowers a graph and opens an ONNX Runtime session for it. */
export async function ortProgram(graph: Graph, threads: number): Promise<OrtProgram> {
  keepFreedMemory();
  const started = performance.now();
  const lowered = lower(graph);
  const loweredAt = performance.now();
  const session = await ort.InferenceSession.create(lowered.bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: lowered.nodes > largeGraph ? "disabled" : "basic",
    logSeverityLevel: 3,
  });
  const sessionMs = performance.now() - loweredAt;
  const specs: readonly Spec[] = graph.inputs;
  let closed = false;
  return {
    lowerMs: loweredAt - started,
    sessionMs,
    nodes: lowered.nodes,
    async run(args) {
      if (closed) throw new Error("the program is closed");
      const feeds: Record<string, ort.Tensor> = {};
      lowered.inputs.forEach((name, i) => {
        if (name === undefined) return;
        const arg = args[i];
        if (arg instanceof OrtHandle) feeds[name] = arg.native(`argument ${i}`).tensor;
        else if ("data" in arg) feeds[name] = toOrt(arg);
        else {
          throw new TypeError(`argument ${i} (${describe(specs[i])}) belongs to another engine`);
        }
      });
      const results = await session.run(feeds);
      const held = new Map(Object.entries(results).map(([name, t]) => [name, new HeldTensor(t)]));
      return lowered.outputs.map((name, i) => {
        const { dtype, shape } = graph.outputs[i];
        return new OrtHandle(dtype, shape, held.get(name)!);
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      await session.release();
    },
  };
}
