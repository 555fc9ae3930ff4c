/**
 * @file Kernels on the 32 bits of a number, which TensorFlow.js lacks. Unsigned division and shifts are put together from
 * signed kernels; what only rearranges bits or draws them is computed on the host, from where CUDA gets it back.
 */
import { type DType, sizeOf } from "../types.ts";
import type { TF, TfTensor } from "./backend.ts";
import { elementwise, materialize, type Stretched, whole } from "./stretched.ts";

/** The least int32: the highest bit alone. */
export const top: number = -(2 ** 31);

/** Unsigned order is signed order with the highest bit turned. */
export const turned = (tf: TF, x: TfTensor): TfTensor => tf.add(x, tf.scalar(top, "int32"));

/** Half of an unsigned number, rounded down: below 2^31, so that signed kernels take it. */
function halved(tf: TF, x: TfTensor): TfTensor {
  const highest = tf.mul(tf.cast(tf.less(x, 0), "int32"), tf.scalar(top, "int32"));
  return tf.add(tf.floorDiv(x, tf.scalar(2, "int32")), highest);
}

/** Quotient of unsigned numbers (Warren, Hacker's Delight, 9-3). */
export function unsignedQuotient(tf: TF, x: TfTensor, y: TfTensor): TfTensor {
  const atLeast = (a: TfTensor) => tf.cast(tf.greaterEqual(turned(tf, a), turned(tf, y)), "int32");
  const even = tf.mul(tf.floorDiv(halved(tf, x), y), tf.scalar(2, "int32"));
  const small = tf.add(even, atLeast(tf.sub(x, tf.mul(even, y))));
  // A divisor of 2^31 or more, negative here, is contained once or not at all.
  return tf.where(tf.less(y, 0), atLeast(x), small);
}

/** Remainder of unsigned numbers, carried as the int32 of the same bits. */
export const unsignedRemainder = (tf: TF, x: TfTensor, y: TfTensor): TfTensor =>
  tf.sub(x, tf.mul(unsignedQuotient(tf, x, y), y));

/** Shifts in zeros from either side, also into negative numbers; counts are taken modulo 32, as in WebAssembly. */
export function bitShift(
  tf: TF,
  x: Stretched,
  counts: Stretched,
  op: "shl" | "shr",
  shape: readonly number[],
): Stretched {
  const two = tf.scalar(2, "int32");
  return elementwise(tf, [x, counts], shape, x.dtype, (value, count) => {
    const by = tf.mod(count, tf.scalar(32, "int32"));
    if (op === "shl") return tf.mul(value, tf.pow(two, by));
    const rest = tf.maximum(tf.sub(by, tf.scalar(1, "int32")), tf.scalar(0, "int32"));
    const shifted = tf.floorDiv(halved(tf, value), tf.pow(two, rest));
    return tf.where(tf.equal(by, 0), value, shifted);
  });
}

/** How many bits are set, as int32. */
export function bitCount(tf: TF, x: Stretched): Stretched {
  const counts = Int32Array.from(x.tensor.dataSync(), (bits) => {
    let count = 0;
    for (; bits !== 0; bits &= bits - 1) count++;
    return count;
  });
  return { ...x, tensor: tf.tensor(counts, x.tensor.shape, "int32"), dtype: "int32" };
}

/** The same bits as another dtype of the same width. */
export function bitcast(tf: TF, x: Stretched, dtype: DType): Stretched {
  const carried = dtype === "uint32" ? "int32" : dtype as "float32" | "int32" | "bool";
  const { tensor } = x;
  if (carried === tensor.dtype) return { ...x, dtype };
  const { buffer } = tensor.dataSync().slice();
  const bits = carried === "int32" ? new Int32Array(buffer) : new Float32Array(buffer);
  return { ...x, dtype, tensor: tf.tensor(bits, tensor.shape, carried) };
}

/**
 * Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") of the counters (0, i), i
 * running over what is drawn with one key.
 * @param k0 first words of the keys, k1 second words.
 * @param shape that of the keys, then that of what is drawn with each.
 */
export function randomBits(
  tf: TF,
  k0: Stretched,
  k1: Stretched,
  { shape, mode }: { readonly shape: readonly number[]; readonly mode: 0 | 1 | "xor" },
): Stretched {
  const [a, b] = [k0, k1].map((key) => materialize(tf, key).dataSync());
  const count = sizeOf(shape.slice(k0.shape.length));
  const bits = new Int32Array(sizeOf(shape));
  for (let k = 0; k < a.length; k++) {
    for (let i = 0; i < count; i++) {
      const [x, y] = threefry(a[k], b[k], i);
      bits[k * count + i] = mode === "xor" ? x ^ y : mode === 0 ? x : y;
    }
  }
  return whole(tf.tensor(bits, [...shape], "int32"), "uint32");
}

const rotations = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;

function threefry(k0: number, k1: number, counter: number): [number, number] {
  const keys = [k0, k1, k0 ^ k1 ^ 0x1bd11bda];
  let [x, y] = [k0, (counter + k1) | 0];
  for (let group = 0; group < 5; group++) {
    for (const by of rotations[group % 2]) {
      x = (x + y) | 0;
      y = ((y << by) | (y >>> (32 - by))) ^ x;
    }
    x = (x + keys[(group + 1) % 3]) | 0;
    y = (y + keys[(group + 2) % 3] + group + 1) | 0;
  }
  return [x, y];
}
