/** @file Dense arrays on the host with a type and a shape, and trees of them: what all rooms of the library hand to each other. */

/** Element types a program may use. `uint32` is for indices and keys, `bool` for masks. */
export type DType = "float32" | "float64" | "int32" | "uint32" | "bool";

/** What holds the values of a host tensor; booleans are stored in an `Int32Array`. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array;

/** A dense row-major array on the host. Booleans are stored as 0 and 1 in an `Int32Array`. */
export interface Tensor {
  /** Which kind of array `data` is, and how an engine reads it. */
  readonly dtype: DType;
  /** Sizes of the axes, the slowest first; [] for a scalar. */
  readonly shape: readonly number[];
  /** The values, row-major: as many as the sizes of `shape` multiply to. */
  readonly data: TypedArray;
}

/** Numbers with a shape, of any precision: what a model or a simulation hands over. */
export interface NumericTensor {
  /** Sizes of the axes, the slowest first. */
  readonly shape: readonly number[];
  /** The values, row-major, in whatever precision their maker has. */
  readonly data: ArrayLike<number>;
}

/** Float64 values with a shape: what simulations, filters and closed forms work with. */
export interface Float64Tensor {
  /** Always double precision; `toFloat32` makes of it what an engine takes. */
  readonly dtype: "float64";
  /** Sizes of the axes, the slowest first. */
  readonly shape: readonly number[];
  /** The values, row-major. */
  readonly data: Float64Array<ArrayBuffer>;
}

/** Shape and dtype of an argument; every {@linkcode Tensor} is one. */
export interface Spec {
  /** Element type that the program expects. */
  readonly dtype: DType;
  /** Sizes of the axes, fixed when a program is compiled; [] for a scalar. */
  readonly shape: readonly number[];
}

/** Nested arrays and records with `T` at the leaves, as in JAX. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [name: string]: Tree<T> };

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

/** The values in single precision, for an engine. */
export function toFloat32({ shape, data }: NumericTensor): Tensor {
  return { dtype: "float32", shape: [...shape], data: Float32Array.from(data) };
}
