/** @file Handles, small shapes, trainings that diverge, and memory on `ort-webgpu`. */
import { gpuTest } from "../../../engine/webgpu/in_child.ts";

gpuTest("handles of ort-webgpu are used, shared and disposed of as on other engines", "handles");
gpuTest("no elements, one, a missing dtype, and a training that diverges on ort-webgpu", "edges");
gpuTest("memory does not grow over 1,000 steps on ort-webgpu", "memory");
