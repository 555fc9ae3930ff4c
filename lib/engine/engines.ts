/** @file The engines by name. Each is a module in `engines/` that exports `compile`; nothing here loads one. */

/**
 * What `--engine` takes. `ort` is ONNX Runtime on the CPU, `ort-webgpu` and `ort-cuda` the same on a GPU; `jax` is jax-js on
 * WebAssembly, `jax-webgpu` on Deno's WebGPU; `tfjs` is TensorFlow.js in pure JavaScript, `tfjs-node-gpu` its native form.
 */
export const ENGINES = [
  "ort",
  "ort-webgpu",
  "ort-cuda",
  "jax",
  "jax-webgpu",
  "tfjs",
  "tfjs-node-gpu",
] as const;

/** An engine by its name. */
export type EngineName = typeof ENGINES[number];

/** Engines without native libraries. An engine that is not on any list may need some. */
const pure: readonly string[] = ["jax", "jax-webgpu", "tfjs"] satisfies EngineName[];

/** Whether an engine loads native code. */
export const isNative = (name: string): boolean => !pure.includes(name);

/** The module of an engine, from the root of the repository. */
export const engineModule = (name: string): string =>
  `lib/engine/engines/${name.replaceAll("-", "_")}.ts`;
