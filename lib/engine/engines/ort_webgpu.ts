/** @file Engine `ort-webgpu`: ONNX Runtime's WebGPU provider, on GPUs of any maker. */
import { compileGraph } from "../compile_graph.ts";
import { optimised } from "../rules/optimised.ts";
import type { CompileOptions, Program, Spec, TracedFunction, Tree } from "../types.ts";
import { webgpuProgram } from "../webgpu/program.ts";

/** Compiles for the GPU. @throws {Error} where there is no adapter, saying what is needed. */
export function compile(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
  { deviceOnly = false }: CompileOptions = {},
): Promise<Program> {
  return compileGraph(
    "ort-webgpu",
    fn,
    exampleArgs,
    optimised,
    (graph) => webgpuProgram(graph, deviceOnly),
  );
}
