/**
 * @file Engines `jax` and `jax-webgpu`: jax-js's own `jit`, on WebAssembly or WebGPU. The reference the other engines are held
 * against.
 */
import { defaultDevice, init, jit, numpy as np } from "@jax-js/jax";
import type { JaxArray } from "./arrays.ts";
import { EngineHandle } from "./handle.ts";
import { withMappedAxesInFront } from "./mapped_axes.ts";
import type { TracedFunction } from "./trace.ts";
import { hostArray, type Tensor } from "./types.ts";

/** A result that stays a jax-js array; those are counted, so one array may have several handles. */
export class JaxHandle extends EngineHandle<JaxArray> {
  /** The value on the host; the array keeps its references. */
  protected async copy(value: JaxArray): Promise<Tensor> {
    const { dtype, shape } = this;
    const source = await value.ref.data();
    const data = hostArray(dtype, source.length);
    data.set(source as ArrayLike<number>);
    return { dtype, shape, data };
  }

  /** Gives back one reference to the array. */
  protected free(value: JaxArray): void {
    value.dispose();
  }
}

/** A host tensor as a jax-js array. */
export function toJax({ dtype, shape, data }: Tensor): JaxArray {
  // Of data without elements jax-js tries to make a constant.
  if (data.length === 0) return np.zeros([...shape], { dtype: dtype as never });
  if (dtype === "bool") {
    return np.array(Int32Array.from(data), { shape: [...shape], dtype: np.int32 }).astype(np.bool);
  }
  return np.array(data as Float32Array<ArrayBuffer>, {
    shape: [...shape],
    dtype: dtype as unknown as typeof np.float32,
  });
}

/** A function under jax-js's `jit`. */
export interface JaxProgram {
  /** A host tensor on the program's device. */
  place(tensor: Tensor): JaxArray;
  /** Runs the function on trees of arrays, which are consumed; rejects once the program is closed. */
  // deno-lint-ignore no-explicit-any
  run(args: readonly any[]): Promise<any>;
  /** Frees what was compiled; harmless when repeated. */
  close(): Promise<void>;
}

/**
 * Wraps `fn` in `jit`; compilation happens at the first run.
 * @throws {Error} for `jax-webgpu` where Deno finds no adapter, saying what is needed.
 */
export async function jaxProgram(
  fn: TracedFunction,
  engine: "jax" | "jax-webgpu",
): Promise<JaxProgram> {
  const device = engine === "jax" ? "wasm" : "webgpu";
  if (!(await init(device)).includes(device)) {
    throw new Error(
      'engine "jax-webgpu" needs a WebGPU adapter, and Deno finds none here: install a Vulkan, Metal or DirectX 12 ' +
        'driver (Mesa\'s software Vulkan is enough to try it), or use engine "jax" or "ort".',
    );
  }
  /** Arrays are made, and programs traced, on the default device, so it is set for just that time. */
  const onDevice = <T>(make: () => T): T => {
    const before = defaultDevice();
    defaultDevice(device);
    try {
      return make();
    } finally {
      defaultDevice(before);
    }
  };
  const compiled = jit(fn);
  let closed = false;
  return {
    place: (tensor) => onDevice(() => toJax(tensor)),
    // deno-lint-ignore require-await
    run: async (args) => {
      if (closed) throw new Error("the program is closed");
      return onDevice(() => withMappedAxesInFront(() => compiled(...args)));
    },
    close: () => {
      if (!closed) compiled.dispose();
      closed = true;
      return Promise.resolve();
    },
  };
}
