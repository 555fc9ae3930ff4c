/**
 * @file Chains of Monarch matrices (Dao et al., arXiv 2204.00595, eq. 2) that are thousands of layers deep. A layer is x -> x L P R P'
 * with block-diagonal L and R and the transposition P between them: two factors of O(d^1.5) numbers instead of d^2.
 *
 * A chain holds what flows through it as [blocks, rows, size], in which a factor is one batched product: two
 * transpositions a layer, where the vector form ({@linkcode ../layers/monarch.ts}) needs four.
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import { scan } from "../engine/scan.ts";
import { identity } from "../linalg/matrix.ts";
import { fold, type Key, normals } from "../random/random.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** Sizes of a Monarch layer of width blocks * size. */
export interface MonarchShape {
  /** Diagonal blocks of the first factor. */
  blocks: number;
  /** Rows of one of them; there are as many blocks in the second factor. */
  size: number;
}

/** Layers stacked along the first axis. */
export type MonarchChain<T> = {
  /** [layers, blocks, size, size], from the right of a row. */
  l: T;
  /** [layers, size, blocks, blocks], after the transposition. */
  r: T;
};

/**
 * Rows x [rows, blocks * size] through all layers, the first one first.
 * @param segments of the way back, see `scan`.
 */
export function through(
  { l, r }: MonarchChain<JaxArray>,
  x: JaxArray,
  segments: number,
): JaxArray {
  const [rows, width] = x.shape;
  const [, blocks, size] = l.shape;
  const layer = (
    _: unknown,
    x: JaxArray,
    { l, r }: MonarchChain<JaxArray>,
  ): [JaxArray, unknown[]] => {
    const first = np.transpose(np.matmul(x, l), [2, 1, 0]);
    return [np.transpose(np.matmul(first, r), [2, 1, 0]), []];
  };
  const blocked = np.transpose(x.reshape([rows, blocks, size]), [1, 0, 2]);
  const [y] = scan(layer, [], blocked, { l, r }, { segments });
  return np.transpose(y, [1, 0, 2]).reshape([rows, width]);
}

/** Layers I + sigma * noise: the further from the identity the product, the more of them. */
export function nearIdentity(
  key: Key,
  { blocks, size }: MonarchShape,
  layers: number,
  sigma: number,
): MonarchChain<Tensor> {
  const factor = (key: Key, count: number, n: number) => {
    const data = Float32Array.from(normals(key, layers * count * n * n), (z) => sigma * z);
    for (let block = 0; block < layers * count; block++) {
      for (let i = 0; i < n; i++) data[(block * n + i) * n + i] += 1;
    }
    return tensor(data, [layers, count, n, n]);
  };
  return { l: factor(fold(key, 0), blocks, size), r: factor(fold(key, 1), size, blocks) };
}

/**
 * Orthogonal layers whose product is the identity and whose partial products are random: the second half undoes the first, factor
 * by factor. Were every layer the identity, all would get the same gradient for ever, and reach what exp of one Monarch matrix
 * reaches; between random orthogonal partial products the layers' gradients differ, and together they span
 * all directions. Every block is a reflection I - 2vv' (its own inverse), v uniform on the sphere.
 */
export function mirrored(key: Key, shape: MonarchShape, layers: number): MonarchChain<Tensor> {
  const { blocks, size } = shape;
  const half = Math.floor((layers - 1) / 2);
  const chain = nearIdentity(key, shape, layers, 0);
  const reflect = (
    key: Key,
    { data }: Tensor,
    count: number,
    n: number,
    at: (k: number) => number,
  ) => {
    const v = normals(key, half * count * n);
    for (let block = 0; block < half * count; block++) {
      const layer = Math.floor(block / count), own = v.subarray(block * n, (block + 1) * n);
      const norm = own.reduce((sum, z) => sum + z * z, 0);
      for (const target of [layer, at(layer)]) {
        const start = (target * count + block % count) * n * n;
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) data[start + i * n + j] -= 2 * own[i] * own[j] / norm;
        }
      }
    }
  };
  // L_0 R_0 ... L_h R_h | I R_h | L_h R_{h-1} | ... | L_0 I: in the second half an L comes one layer after the R that it undoes.
  reflect(fold(key, 2), chain.l, blocks, size, (layer) => 2 * half - layer);
  reflect(fold(key, 3), chain.r, size, blocks, (layer) => 2 * half - 1 - layer);
  return chain;
}

/** The product of all layers in float64, [width, width], for rows from the left. */
export function collapse({ l, r }: MonarchChain<Tensor>): Float64Array {
  const [layers, blocks, size] = l.shape;
  let product = identity(blocks * size);
  for (let layer = 0; layer < layers; layer++) {
    product = applyBlocks(product, l, layer, (block, i) => block * size + i);
    product = applyBlocks(product, r, layer, (block, i) => i * size + block);
  }
  return product;
}

/** Rows a [rows, width] times one layer's blocks [count, n, n]; `at` says which entry of a row is the i-th of a block. */
function applyBlocks(
  a: Float64Array<ArrayBuffer>,
  { data, shape: [, count, n] }: Tensor,
  layer: number,
  at: (block: number, i: number) => number,
): Float64Array<ArrayBuffer> {
  const width = count * n;
  const out = new Float64Array(a.length);
  for (let block = 0; block < count; block++) {
    const places = Array.from({ length: n }, (_, i) => at(block, i));
    const start = (layer * count + block) * n * n;
    for (let row = 0; row < a.length; row += width) {
      for (let i = 0; i < n; i++) {
        const factor = a[row + places[i]];
        for (let j = 0; j < n; j++) out[row + places[j]] += factor * data[start + i * n + j];
      }
    }
  }
  return out;
}
