/**
 * @file The words every engine shares: dtypes, host tensors, trees of them, and what a compiled
 * program looks like from outside. Nothing here knows about ONNX or jax-js.
 */

/** Element types a program may use. `uint32` is for indices and keys, `bool` for masks. */
export type DType = "float32" | "float64" | "int32" | "uint32" | "bool";

export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array;

/** A dense row-major array on the host. Booleans are stored as 0 and 1 in an `Int32Array`. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** Shape and dtype of an argument; every {@linkcode Tensor} is one. */
export interface Spec {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Nested arrays and records with `T` at the leaves, as in JAX. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [name: string]: Tree<T> };

/**
 * A value that stays on the engine's side between runs, so that training state is never copied
 * through the host. Pass it to `run`, or `read` it.
 */
export interface Handle extends Spec {
  /**
   * Copies the value to the host.
   * @throws {TypeError} after {@linkcode dispose}.
   */
  read(): Promise<Tensor>;
  /**
   * Frees the memory now, instead of when the garbage collector finds the handle; other handles keep their values. Await the
   * runs that take the handle first: afterwards it can neither be passed to a run nor read. Harmless when repeated.
   */
  dispose(): void;
}

/** `tfjs` is TensorFlow.js in pure JavaScript, `tfjs-node-gpu` its native form on CUDA. */
export type EngineName = "ort" | "jax" | "jax-webgpu" | "tfjs" | "tfjs-node-gpu";

/** What compiling cost; session creation dominates for deep graphs. */
export interface CompileReport {
  readonly traceMs: number;
  readonly lowerMs: number;
  readonly sessionMs: number;
  /** Equations of the traced program after simplification. */
  readonly equations: number;
  /** Kernels that one run launches (ONNX nodes for `ort`). */
  readonly nodes: number;
}

/** A traced function made executable by an engine. */
export interface Program {
  /**
   * Runs the program.
   * @param args one tree for each argument of the traced function, same structure and shapes as the
   *   example arguments; leaves are host tensors or handles of an earlier run of the same engine.
   * @returns the tree the traced function returned, with handles at its leaves.
   * @throws {TypeError} when a leaf is missing, has another shape or dtype, or was disposed of.
   */
  // deno-lint-ignore no-explicit-any
  run(...args: Tree<Tensor | Handle>[]): Promise<any>;
  /** Frees native memory; the program cannot run afterwards. */
  close(): Promise<void>;
  readonly engine: EngineName;
  readonly report: CompileReport;
}

/** NumPy's shape of an elementwise result. */
export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((shape) => shape[shape.length - rank + i] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
}

/** Whether derivatives are taken by values of this type. */
export const isFloat = (dtype: DType): boolean => dtype === "float32" || dtype === "float64";

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const d of shape) size *= d;
  return size;
}

/** A zeroed array of the kind that stores `dtype` on the host. */
export function hostArray(dtype: DType, size: number): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(size);
    case "float64":
      return new Float64Array(size);
    case "uint32":
      return new Uint32Array(size);
    case "int32":
    case "bool":
      return new Int32Array(size);
  }
}

/**
 * Makes a host tensor from nested or flat numbers.
 * @throws {TypeError} when the number of values does not fill the shape.
 */
export function tensor(
  values: number | ArrayLike<number>,
  shape: readonly number[] = typeof values === "number" ? [] : [values.length],
  dtype: DType = "float32",
): Tensor {
  const size = sizeOf(shape);
  const data = hostArray(dtype, size);
  if (typeof values === "number") data.fill(values);
  else if (values.length !== size) {
    throw new TypeError(
      `a tensor of shape [${shape}] holds ${size} values, but ${values.length} were given`,
    );
  } else data.set(values);
  return { dtype, shape, data };
}

/** One line such as `float32[2,3]`, for messages. */
export function describe(spec: Spec): string {
  return `${spec.dtype}[${spec.shape.join(",")}]`;
}
