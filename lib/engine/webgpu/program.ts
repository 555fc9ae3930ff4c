/**
 * @file Engine `ort-webgpu`: the traced program as an ONNX graph, run by ONNX Runtime's WebGPU provider on the GPU of any maker.
 * Results stay on the GPU until they are read.
 */
import type { GraphProgram } from "../compile_graph.ts";
import type { Graph } from "../graph.ts";
import { lower } from "../onnx/lower.ts";
import {
  type LoweredProgram,
  programOf,
  type ResultMemory,
  sessionProgram,
} from "../onnx/session_program.ts";
import { fromOrt, toOrt } from "../onnx/tensors.ts";
import { webgpuKernels, webgpuLowerings } from "../onnx/webgpu_rules.ts";
import { hostArray, sizeOf, type Spec, type Tensor } from "../types.ts";
import { unrolled, unrolledSize } from "../unroll.ts";
import { readTensor } from "./read.ts";
import { openSession } from "./session.ts";

const memory: ResultMemory = {
  dialect: webgpuKernels,
  // A buffer of no elements does not exist.
  keep: (result, spec) => sizeOf(spec.shape) ? result : toOrt(emptyTensor(spec), webgpuKernels),
  read: async (kept, spec) =>
    sizeOf(spec.shape) ? fromOrt(await readTensor(kept), spec) : emptyTensor(spec),
  free: (kept) => kept.dispose(),
};

const emptyTensor = ({ dtype, shape }: Spec): Tensor => ({
  dtype,
  shape,
  data: hostArray(dtype, 0),
});

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
  const { digest, ...program } = programOf(graph, lower(graph, webgpuKernels, webgpuLowerings));
  const lowerMs = performance.now() - started;
  return { ...await openWebgpu(program, deviceOnly), lowerMs, digest };
}

/** Opens a session for a program: all that happens to it once it is lowered. */
export async function openWebgpu(
  program: LoweredProgram,
  deviceOnly: boolean,
): Promise<Omit<GraphProgram, "lowerMs" | "digest">> {
  const started = performance.now();
  const session = await openSession(program.bytes, { deviceOnly });
  const sessionMs = performance.now() - started;
  return { ...sessionProgram(session, program, memory), sessionMs };
}
