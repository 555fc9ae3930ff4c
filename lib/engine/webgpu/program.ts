/**
 * @file Engine `ort-webgpu`: the traced program as an ONNX graph, run by ONNX Runtime's WebGPU provider on the GPU of any maker.
 * Results stay on the GPU until they are read.
 */
import * as ort from "onnxruntime-node";
import type { GraphProgram } from "../compile_graph.ts";
import type { Graph } from "../graph.ts";
import { EngineHandle } from "../handle.ts";
import { lower } from "../onnx/lower.ts";
import { fromOrt, type OrtTensor, toOrt } from "../onnx/tensors.ts";
import { webgpuKernels, webgpuLowerings } from "../onnx/webgpu_rules.ts";
import { describe, type DType, hostArray, sizeOf, type Spec, type Tensor } from "../types.ts";
import { unrolled, unrolledSize } from "../unroll.ts";
import { readTensor } from "./read.ts";
import { openSession } from "./session.ts";

/** A tensor on the GPU and how many hold it: equal outputs of a program are one tensor with several handles. */
export class HeldTensor {
  #holders = 0;

  /** Held by nobody yet. @param tensor undefined where there are no elements: a buffer of none does not exist. */
  constructor(readonly tensor: OrtTensor | undefined) {}

  /** Counts one more holder. */
  hold(): this {
    this.#holders++;
    return this;
  }

  /** Counts one holder less; the last one frees the memory. */
  release(): void {
    if (--this.#holders === 0) this.tensor?.dispose();
  }
}

const emptyTensor = ({ dtype, shape }: Spec): Tensor => ({
  dtype,
  shape,
  data: hostArray(dtype, 0),
});

/** A result that stays on the GPU. */
export class WebgpuHandle extends EngineHandle<HeldTensor> {
  /** A further holder of `value`. */
  constructor(dtype: DType, shape: readonly number[], value: HeldTensor) {
    super(dtype, shape, value.hold());
  }

  /** The elements on the host. */
  protected async copy({ tensor }: HeldTensor): Promise<Tensor> {
    return tensor ? fromOrt(await readTensor(tensor), this) : emptyTensor(this);
  }

  /** Lets go of the tensor; the last holder frees its memory. */
  protected free(value: HeldTensor): void {
    value.release();
  }
}

/** Opening a session grows with the square of the operations: 10,000 take seconds, so many a minute or two. */
const mostOperations = 40_000;

function refuseLongLoops(graph: Graph): void {
  const { equations, turns } = unrolledSize(graph);
  if (equations <= mostOperations) return;
  throw new RangeError(
    `engine "ort-webgpu" runs loops turn by turn, and with them (the largest has ${turns} turns) this program has ` +
      `${equations} operations; at most ${mostOperations} are allowed, because opening it would take minutes. Use engine ` +
      '"ort", which has loops of its own, or shorter sequences, fewer layers or fewer steps a run',
  );
}

/**
 * Lowers a graph and opens a session for it.
 * @param deviceOnly refuse a program of which anything would run on the CPU.
 * @throws {RangeError} for loops of so many turns that it would take minutes.
 */
export async function webgpuProgram(given: Graph, deviceOnly: boolean): Promise<GraphProgram> {
  const started = performance.now();
  refuseLongLoops(given);
  const graph = unrolled(given);
  const lowered = lower(graph, webgpuKernels, webgpuLowerings);
  const loweredAt = performance.now();
  const session = await openSession(lowered.bytes, { deviceOnly });
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
        if (arg instanceof WebgpuHandle) {
          const { tensor } = arg.native(`argument ${i}`);
          feeds[name] = tensor ?? toOrt(emptyTensor(arg), webgpuKernels);
        } else if ("data" in arg) feeds[name] = toOrt(arg, webgpuKernels);
        else {
          throw new TypeError(`argument ${i} (${describe(specs[i])}) belongs to another engine`);
        }
      });
      const results = await session.run(feeds);
      const held = new Map(Object.entries(results).map(([name, t]) => [name, new HeldTensor(t)]));
      return lowered.outputs.map((name, i) => {
        const { dtype, shape } = graph.outputs[i];
        const value = sizeOf(shape) === 0 ? new HeldTensor(undefined) : held.get(name)!;
        return new WebgpuHandle(dtype, shape, value);
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      await session.release();
    },
  };
}
