/** @file A TensorFlow.js that is loaded: the pure one (pure.ts), or the native one (addon.ts). */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { EngineName } from "../engines.ts";

/** What TensorFlow.js exports; the same of every backend. */
export type TF = typeof import("@tensorflow/tfjs-core");

/** A tensor of TensorFlow.js, of any rank. */
export type TfTensor = Tensor;

/** What a program runs on. */
export interface Backend {
  /** What TensorFlow.js exports. */
  readonly tf: TF;
  /** The engine it was opened for. */
  readonly engine: EngineName;
  /** Makes this the backend of what follows; TensorFlow.js has one at a time in a process. */
  activate(): Promise<void>;
}

/** The backend of TensorFlow.js that has this name there; it runs nothing before `activate`. */
export function backendOf(tf: TF, engine: EngineName, name: string): Backend {
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
