/** @file TensorFlow.js in pure JavaScript, loaded when the first program asks for it. */
import { type Backend, backendOf, type TF } from "./backend.ts";

/** Loads the backend "cpu". */
export async function openPure(): Promise<Backend> {
  const tf: TF = await import("@tensorflow/tfjs-core");
  // Otherwise the backend advertises tfjs-node on the console.
  tf.enableProdMode();
  await import("@tensorflow/tfjs-backend-cpu");
  return backendOf(tf, "tfjs", "cpu");
}
