/**
 * @file Numbers of `ort-webgpu`: primitives against jax-js, gradients of parts of models against float64, and training steps of every
 * layer and model (loss, gradients, AdamW) against `ort`, without a kernel on the CPU, with the same bits in every run. A sample of
 * them, or all with DEEP_LINEAR_GPU_TESTS=all.
 */
import { gpuTest } from "../../../engine/webgpu/in_child.ts";

// In one process, which compiles every shader once.
gpuTest(
  "primitives, gradients and training steps of layers and models agree on ort-webgpu, on the device alone",
  "primitives,parts,layers,models",
);
