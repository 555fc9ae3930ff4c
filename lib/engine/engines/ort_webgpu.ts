/** @file Engine `ort-webgpu`: ONNX Runtime's WebGPU provider, on GPUs of any maker. */
import { checkedLeaves } from "../arguments.ts";
import { compileGraph } from "../compile_graph.ts";
import { optimised } from "../rules/optimised.ts";
import type { CompileOptions, Program, Spec, TracedFunction, Tree } from "../types.ts";
import { openWebgpu, webgpuProgram } from "../webgpu/program.ts";

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

/** As of engine `ort`. */
export const runtime: readonly unknown[] = [openWebgpu, checkedLeaves];
