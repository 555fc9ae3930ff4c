/**
 * @file Engine `jax`: jax-js's own `jit`, on WebAssembly or WebGPU. The reference the other engines are held
 * against.
 */
import { jit, numpy as np } from "@jax-js/jax";
import type { TracedFunction } from "./trace.ts";
import { type DType, type Handle, hostArray, type Tensor } from "./types.ts";

type JaxArray = ReturnType<typeof np.array>;

/** A result that stays a jax-js array. */
export class JaxHandle implements Handle {
  constructor(readonly dtype: DType, readonly shape: readonly number[], readonly value: JaxArray) {}

  async read(): Promise<Tensor> {
    const { dtype, shape } = this;
    const source = await this.value.ref.data();
    const data = hostArray(dtype, source.length);
    data.set(source as ArrayLike<number>);
    return { dtype, shape, data };
  }
}

/** A host tensor as a jax-js array. */
export function toJax({ dtype, shape, data }: Tensor): JaxArray {
  if (dtype === "bool") {
    return np.array(Int32Array.from(data), { shape: [...shape], dtype: np.int32 }).astype(np.bool);
  }
  return np.array(data as Float32Array<ArrayBuffer>, {
    shape: [...shape],
    dtype: dtype as unknown as typeof np.float32,
  });
}

export interface JaxProgram {
  // deno-lint-ignore no-explicit-any
  run(args: readonly any[]): Promise<any>;
  close(): Promise<void>;
}

/** Wraps `fn` in `jit`; compilation happens at the first run. */
export function jaxProgram(fn: TracedFunction): JaxProgram {
  const compiled = jit(fn);
  return {
    run: (args) => Promise.resolve(compiled(...args)),
    close: () => {
      compiled.dispose();
      return Promise.resolve();
    },
  };
}
