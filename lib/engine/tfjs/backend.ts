/**
 * @file Which TensorFlow.js runs a program: the pure JavaScript backend, or the native one of tfjs-node-gpu.
 *
 * Both are loaded when the first program asks for them. The names below are no literals in an `import`, so that a
 * run on another engine neither loads nor downloads TensorFlow.js, and its version is part of the keys of the
 * jobs that use it only.
 */
import type { EngineName } from "../types.ts";
import { loadAddon, type TF, type TfTensor } from "./addon.ts";

export type { TF, TfTensor };

/** The engines that TensorFlow.js runs. */
export type TfjsEngine = Extract<EngineName, `tfjs${string}`>;

/** A TensorFlow.js that is loaded. */
export interface Backend {
  /** What it exports. */
  readonly tf: TF;
  /** The engine it was opened for. */
  readonly engine: TfjsEngine;
  /** Makes this the backend of what follows; TensorFlow.js has one at a time in a process. */
  activate(): Promise<void>;
}

/**
 * Loads the TensorFlow.js of an engine; it runs nothing before `activate`.
 * @throws {AddonMissing} for "tfjs-node-gpu" where its addon is not installed
 */
export async function openBackend(engine: TfjsEngine): Promise<Backend> {
  const tf = engine === "tfjs" ? await loadPure() : loadAddon();
  const name = engine === "tfjs" ? "cpu" : "tensorflow";
  return {
    tf,
    engine,
    async activate() {
      if (tf.getBackend() !== name && !await tf.setBackend(name)) {
        throw new Error(`the backend "${name}" of TensorFlow.js did not start`);
      }
    },
  };
}

async function loadPure(): Promise<TF> {
  const [core, cpu] = ["core", "backend-cpu"].map((part) => `@tensorflow/tfjs-${part}`);
  const tf: TF = await import(core);
  // Otherwise the backend advertises tfjs-node on the console.
  tf.enableProdMode();
  await import(cpu);
  return tf;
}
