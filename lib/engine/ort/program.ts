/**
 * @file Engine `ort`: the traced program as an ONNX graph, run by ONNX Runtime's native CPU kernels; and `ort-cuda`, the same on
 * its CUDA provider, where that is installed. With CUDA results are copied to the host after every run: the bindings for Node.js
 * keep them on the device for WebGPU only.
 */
import process from "node:process";
import * as ort from "onnxruntime-node";
import type { GraphProgram } from "../compile_graph.ts";
import type { Graph } from "../graph.ts";
import { EngineHandle } from "../handle.ts";
import { lower } from "../onnx/lower.ts";
import { cpuKernels, Model } from "../onnx/model.ts";
import { fromOrt, type OrtTensor, toOrt } from "../onnx/tensors.ts";
import { describe, type DType, type Spec, type Tensor, type TypedArray } from "../types.ts";

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

/** Of ONNX Runtime's providers, those whose results lie on the host. */
export type Provider = "cpu" | "cuda";

/** A result that stays in an ONNX Runtime tensor. */
export class OrtHandle extends EngineHandle<HeldTensor> {
  /** A further holder of `value`, whose memory is freed with its last one. */
  constructor(
    dtype: DType,
    shape: readonly number[],
    value: HeldTensor,
    readonly provider: Provider,
  ) {
    super(dtype, shape, value.hold());
  }

  /** The elements on the host, uint32 and booleans in their host form. */
  protected copy({ tensor }: HeldTensor): Tensor {
    return fromOrt(tensor, this);
  }

  /** Lets go of the tensor; the last holder frees its memory. */
  protected free(value: HeldTensor): void {
    value.release();
  }
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

/** Files of ONNX Runtime's CUDA provider that the npm package leaves out. */
const cudaFiles = "libonnxruntime_providers_cuda.so and libonnxruntime_providers_shared.so";

/** Why `ort-cuda` cannot be used here, and what to install; `undefined` where it can. */
export async function cudaProblem(): Promise<string | undefined> {
  const model = new Model();
  const y = model.node("Exp", [model.input("x", [1], "float32")], [1], "float32");
  try {
    await (await openSession(model.serialize([y]), 1, "cuda")).release();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function openSession(
  bytes: Uint8Array,
  threads: number,
  provider: Provider,
  nodes = 1,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: nodes > largeGraph ? "disabled" : "basic",
      logSeverityLevel: 3,
    });
  } catch (error) {
    const { message } = error as Error;
    if (provider !== "cuda" || !/cuda|provider|library/i.test(message)) throw error;
    const folder = new URL(
      `../bin/napi-v6/${process.platform}/${process.arch}/`,
      import.meta.resolve("onnxruntime-node"),
    );
    throw new Error(
      `engine "ort-cuda" needs ONNX Runtime's CUDA provider, which npm does not carry: put ${cudaFiles} of the NuGet package ` +
        `Microsoft.ML.OnnxRuntime.Gpu.Linux ${
          ort.env.versions.node ?? ""
        } into ${folder.pathname}, with CUDA 12 and cuDNN 9 ` +
        `where the loader finds them (Linux on x86-64 only); or use engine "ort-webgpu" or "ort". ONNX Runtime says: ${message}`,
      { cause: error },
    );
  }
}

/** Lowers a graph and opens an ONNX Runtime session for it. */
export async function ortProgram(
  graph: Graph,
  threads: number,
  provider: Provider = "cpu",
): Promise<GraphProgram> {
  keepFreedMemory();
  const started = performance.now();
  const lowered = lower(graph);
  const loweredAt = performance.now();
  const session = await openSession(lowered.bytes, threads, provider, lowered.nodes);
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
        if (arg instanceof OrtHandle && arg.provider === provider) {
          feeds[name] = arg.native(`argument ${i}`).tensor;
        } else if ("data" in arg) feeds[name] = toOrt(arg, cpuKernels);
        else {
          throw new TypeError(`argument ${i} (${describe(specs[i])}) belongs to another engine`);
        }
      });
      const results = await session.run(feeds);
      const held = new Map(Object.entries(results).map(([name, t]) => [name, new HeldTensor(t)]));
      return lowered.outputs.map((name, i) => {
        const { dtype, shape } = graph.outputs[i];
        return new OrtHandle(dtype, shape, held.get(name)!, provider);
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      await session.release();
    },
  };
}
