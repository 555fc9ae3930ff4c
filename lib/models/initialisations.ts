/**
 * @file How the matrices of a deep linear network start. Float64 layers, layer l of [sizes[l], sizes[l + 1]] for row vectors (x W_1 ... W_N);
 * all of them depend on the key alone.
 *
 * | name       | layers                                                | product                                          |
 * | ---------- | ----------------------------------------------------- | ------------------------------------------------ |
 * | balanced   | N-th roots of one partial isometry (arXiv 1810.02281) | all singular values `scale`                      |
 * | orthogonal | independent, orthonormal (Saxe et al. 1312.6120)      | orthogonal, whatever the depth, where all are square |
 * | xavier     | N(0, 2 / (in + out)) (Glorot and Bengio 2010)         | singular values spread exponentially with depth  |
 * | he         | N(0, 2 / in) (He et al. 1502.01852, for ReLU)         | the same, and grows as 2^{N/2}                   |
 * | identity   | ones on the diagonal plus N(0, noise^2) (Hardt and Ma 1611.04231) | near the identity                    |
 */
import { type Matrix, multiply, transpose } from "../linalg/matrix.ts";
import { orthonormaliseRows, randomOrthogonal } from "../linalg/orthogonal.ts";
import { fold, type Key, normals, split } from "../random/random.ts";

/** The names, in the order of the table. */
export const initialisationNames = ["balanced", "orthogonal", "xavier", "he", "identity"] as const;
/** One of them. */
export type InitialisationName = typeof initialisationNames[number];

/** What some of them take. */
export interface InitialisationOptions {
  /** Singular values of the product of balanced layers, 0.25. */
  readonly scale?: number;
  /** Standard deviation of the entries beside the identity, 0.01. */
  readonly noise?: number;
}

/**
 * Fresh layers.
 * @param sizes widths from input to output
 * @throws {RangeError} without a layer, for a width that is no whole number from 1, and for balanced layers with a width between them that is
 *   not min(inputs, outputs) or less, or that differ
 */
export function initialised(
  name: InitialisationName,
  key: Key,
  sizes: readonly number[],
  { scale = 0.25, noise = 0.01 }: InitialisationOptions = {},
): Matrix[] {
  const bad = sizes.find((size) => !Number.isInteger(size) || size < 1);
  if (sizes.length < 2 || bad !== undefined) {
    throw new RangeError(
      `initialisation ${name}: widths ${
        sizes.join(", ")
      }; expected at least two whole numbers from 1.`,
    );
  }
  if (name === "balanced") return balanced(key, sizes, scale);
  return sizes.slice(1).map((columns, l) => {
    const rows = sizes[l];
    const own = fold(key, l);
    if (name === "orthogonal") return orthonormal(own, rows, columns);
    const deviation = name === "xavier"
      ? Math.sqrt(2 / (rows + columns))
      : name === "he"
      ? Math.sqrt(2 / rows)
      : noise;
    const W = normals(own, rows * columns).map((value) => deviation * value);
    if (name === "identity") {
      for (let i = 0; i < Math.min(rows, columns); i++) W[i * columns + i] += 1;
    }
    return W;
  });
}

/**
 * Layers that split a product U diag(s) V' evenly, with frames between them drawn from the key: balanced, and without a preferred basis.
 * @param U [inputs, k] with orthonormal columns @param V [outputs, k], likewise
 */
export function factored(
  { U, s, V }: { U: Matrix; s: Matrix; V: Matrix },
  sizes: readonly number[],
  key: Key,
): Matrix[] {
  const depth = sizes.length - 1;
  const k = s.length;
  const roots = s.map((value) => value ** (1 / depth));
  // Without a layer between them there is no frame to choose.
  const frames = split(key, depth - 1).map((own) => randomOrthogonal(own, k));
  return sizes.slice(1).map((columns, l) => {
    const rows = sizes[l];
    const left = l === 0 ? U : transpose(frames[l - 1], k, k);
    const right = l === depth - 1 ? transpose(V, columns, k) : frames[l];
    return multiply(left.map((value, e) => value * roots[e % k]), right, rows, k, columns);
  });
}

function balanced(key: Key, sizes: readonly number[], scale: number): Matrix[] {
  const depth = sizes.length - 1;
  const [rows, columns] = [sizes[0], sizes[depth]];
  const between = new Set(sizes.slice(1, -1));
  const width = depth === 1 ? Math.min(rows, columns) : sizes[1];
  if (between.size > 1 || width > Math.min(rows, columns)) {
    throw new RangeError(
      `initialisation balanced: widths ${
        sizes.join(", ")
      }; expected one width between input and output, at most ` +
        `${Math.min(rows, columns)}. Wider layers cannot be balanced.`,
    );
  }
  const [keyU, keyV] = split(key, 2);
  const U = orthonormal(keyU, rows, width);
  const Vt = transpose(orthonormal(keyV, columns, width), columns, width);
  if (depth === 1) {
    return [multiply(U, Vt, rows, width, columns).map((value) => scale * value)];
  }
  const root = scale ** (1 / depth);
  const diagonal = new Float64Array(width * width);
  for (let i = 0; i < width; i++) diagonal[i * width + i] = root;
  return [
    U.map((value) => root * value),
    ...Array.from({ length: depth - 2 }, () => diagonal.slice()),
    Vt.map((value) => root * value),
  ];
}

/** [rows, columns] with orthonormal columns, or rows where there are fewer of them. */
function orthonormal(key: Key, rows: number, columns: number): Matrix {
  const gaussian = normals(key, rows * columns);
  if (rows < columns) return orthonormaliseRows(gaussian, rows, columns);
  const across = orthonormaliseRows(transpose(gaussian, rows, columns), columns, rows);
  return transpose(across, columns, rows);
}
