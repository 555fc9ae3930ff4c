/** @file Sessions of ONNX Runtime's WebGPU provider. */
import * as ort from "onnxruntime-node";

/** Where a session leaves its results, and what it may do. */
export interface SessionOptions {
  /** Where results are left. */
  readonly output?: "gpu-buffer" | "cpu";
  /** Refuse a graph of which anything would run on the CPU. */
  readonly deviceOnly?: boolean;
}

/** A session of ONNX Runtime. */
export type Session = ort.InferenceSession;

/**
 * Opens a session on the GPU.
 * @throws {Error} where there is no adapter, saying what is needed.
 */
export async function openSession(
  bytes: Uint8Array,
  { output = "gpu-buffer", deviceOnly = false }: SessionOptions = {},
): Promise<Session> {
  try {
    return await ort.InferenceSession.create(bytes, {
      // NHWC would transpose around every convolution, with shapes that are computed on the CPU.
      executionProviders: [{ name: "webgpu", preferredLayout: "NCHW" }],
      preferredOutputLocation: output,
      executionMode: "sequential",
      // The lowering leaves nothing to fuse, and the optimiser of transposes adds gathers on the CPU.
      graphOptimizationLevel: "disabled",
      logSeverityLevel: deviceOnly ? 4 : 3,
      extra: { session: { disable_cpu_ep_fallback: deviceOnly ? "1" : "0" } },
    });
  } catch (error) {
    throw explained(error as Error);
  }
}

function explained(error: Error): Error {
  if (/WebGPU adapter/.test(error.message)) {
    return new Error(
      'engine "ort-webgpu" needs a GPU with a Vulkan, Metal or DirectX 12 driver, and ONNX Runtime finds none here. On Linux ' +
        "install the Vulkan loader (Debian, Ubuntu: libvulkan1) beside the GPU's own driver; where its vulkan/icd.d/*.json " +
        'lies elsewhere, name the file in VK_DRIVER_FILES. Or use engine "ort".',
      { cause: error },
    );
  }
  return error;
}
