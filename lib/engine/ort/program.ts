/**
 * @file Engine `ort`: the traced program as an ONNX graph, run by ONNX Runtime's native CPU kernels; and `ort-cuda`, the same on
 * its CUDA provider, where that is installed. With CUDA results are copied to the host after every run: the bindings for Node.js
 * keep them on the device for WebGPU only.
 */
import process from "node:process";
import * as ort from "onnxruntime-node";
import type { GraphProgram } from "../compile_graph.ts";
import type { Graph } from "../graph.ts";
import { lower } from "../onnx/lower.ts";
import { cpuKernels, Model } from "../onnx/model.ts";
import {
  type LoweredProgram,
  programOf,
  type ResultMemory,
  sessionProgram,
} from "../onnx/session_program.ts";
import { fromOrt } from "../onnx/tensors.ts";
import type { TypedArray } from "../types.ts";

/** Of ONNX Runtime's providers, those whose results lie on the host. */
export type Provider = "cpu" | "cuda";

const host: ResultMemory = {
  dialect: cpuKernels,
  keep: (result) => result,
  read: fromOrt,
  // ONNX Runtime's own `dispose` only drops a reference; detaching the ArrayBuffer of the data frees its memory.
  free: ({ data }) => void ((data as TypedArray).buffer as ArrayBuffer).transfer(0),
};
const memories: Record<Provider, ResultMemory> = { cpu: host, cuda: { ...host } };

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
  const started = performance.now();
  const { digest, ...program } = programOf(graph, lower(graph));
  const lowerMs = performance.now() - started;
  return { ...await openOrt(program, threads, provider), lowerMs, digest };
}

/** Opens a session for a program: all that happens to it once it is lowered. */
export async function openOrt(
  program: LoweredProgram,
  threads: number,
  provider: Provider,
): Promise<Omit<GraphProgram, "lowerMs" | "digest">> {
  keepFreedMemory();
  const started = performance.now();
  const session = await openSession(program.bytes, threads, provider, program.nodes);
  const sessionMs = performance.now() - started;
  return { ...sessionProgram(session, program, memories[provider]), sessionMs };
}
