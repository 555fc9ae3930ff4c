/**
 * @file Engines `jax` and `jax-webgpu`: jax-js's own `jit`, on WebAssembly or WebGPU. The reference the other engines are held
 * against.
 */
import { defaultDevice, init, jit, numpy as np, tree } from "@jax-js/jax";
import type { JaxArray } from "../arrays.ts";
import { EngineHandle } from "../handle.ts";
import { withMappedAxesInFront } from "../mapped_axes.ts";
import { checkedLeaves } from "../arguments.ts";
import { isSpec } from "../../tensor/trees.ts";
import { trace } from "../trace.ts";
import {
  describe,
  type Handle,
  hostArray,
  type Program,
  type Spec,
  type Tensor,
  type TracedFunction,
  type Tree,
} from "../types.ts";

/** A result that stays a jax-js array; those are counted, so one array may have several handles. */
export class JaxHandle extends EngineHandle<JaxArray> {
  /** Takes over one reference to `value`. */
  constructor(
    dtype: Tensor["dtype"],
    shape: readonly number[],
    value: JaxArray,
    readonly engine: "jax" | "jax-webgpu",
  ) {
    super(dtype, shape, value);
  }

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

const deviceOf = (engine: "jax" | "jax-webgpu") => engine === "jax" ? "wasm" : "webgpu";

/** Why jax-js cannot use the engine's device here; `undefined` where it can. */
export async function jaxProblem(engine: "jax" | "jax-webgpu"): Promise<string | undefined> {
  const device = deviceOf(engine);
  if ((await init(device)).includes(device)) return undefined;
  return 'engine "jax-webgpu" needs a WebGPU adapter, and there is none here: install a Vulkan, Metal or DirectX 12 ' +
    'driver (Mesa\'s software Vulkan is enough to try it), or use engine "jax" or "ort"';
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
  const problem = await jaxProblem(engine);
  if (problem !== undefined) throw new Error(problem);
  const device = deviceOf(engine);
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

/** Traces a function for the report and to check it, and leaves the rest to jax-js. */
export async function compileJax(
  engine: "jax" | "jax-webgpu",
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
): Promise<Program> {
  const started = performance.now();
  // As jax-js will run it: loops unrolled, gradients its own.
  const { graph } = await trace(fn, exampleArgs, { marks: false });
  const equations = graph.live().length;
  const traceMs = performance.now() - started;
  const program = await jaxProgram(fn, engine);
  const toArray = (leaf: Tensor | Handle, i: number) => {
    if (leaf instanceof JaxHandle && leaf.engine === engine) {
      return leaf.native(`argument ${i}`).ref;
    }
    if ("data" in leaf) return program.place(leaf);
    throw new TypeError(`argument ${i} (${describe(leaf)}) belongs to another engine`);
  };
  return {
    engine,
    report: { traceMs, lowerMs: 0, sessionMs: 0, equations, nodes: equations, rules: [] },
    run: async (...args) => {
      const leaves = checkedLeaves(exampleArgs, args).map(toArray)[Symbol.iterator]();
      const rebuild = (example: Tree<Spec>): unknown => {
        if (isSpec(example)) return leaves.next().value!;
        if (Array.isArray(example)) return example.map(rebuild);
        return Object.fromEntries(
          Object.entries(example).map(([name, child]) => [name, rebuild(child as Tree<Spec>)]),
        );
      };
      const result = await program.run(exampleArgs.map(rebuild));
      return tree.map((x: unknown) => {
        const array = x as JaxArray;
        return new JaxHandle(
          array.dtype as unknown as Tensor["dtype"],
          array.shape,
          array,
          engine,
        ) as never;
      }, result as never);
    },
    close: program.close,
  };
}
