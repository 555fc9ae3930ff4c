/** @file Casts, of which TensorFlow.js leaves open what it makes of numbers that the dtype does not hold. */
import type { DType } from "../types.ts";
import type { TF, TfTensor } from "./backend.ts";
import { top } from "./bits.ts";
import type { Stretched } from "./stretched.ts";

/** Real numbers cut to integers as on `ort`: NaN is 0, and what the dtype does not hold becomes the nearest that it does. */
function integers(tf: TF, x: TfTensor, dtype: "int32" | "uint32"): TfTensor {
  const real = tf.where(tf.isNaN(x), tf.scalar(0), x);
  const low = tf.less(real, 2 ** 31);
  if (dtype === "int32") {
    const held = tf.cast(tf.maximum(real, top), "int32");
    return tf.where(low, held, tf.scalar(2 ** 31 - 1, "int32"));
  }
  // The native kernel has one result for all that int32 does not hold, so these are counted from 2^32 down.
  const high = tf.minimum(tf.sub(real, 2 ** 32), -1);
  return tf.cast(tf.where(low, tf.maximum(real, 0), high), "int32");
}

/** x converted to another dtype; from and to uint32 by its unsigned value. */
export function castTo(tf: TF, x: Stretched, dtype: DType): Stretched {
  if (x.dtype === dtype) return x;
  const carried = (type: DType) => (type === "uint32" ? "int32" : type) as "int32";
  let tensor: TfTensor = x.tensor;
  if (x.dtype === "float32" && (dtype === "int32" || dtype === "uint32")) {
    return { ...x, tensor: integers(tf, tensor, dtype), dtype };
  }
  if (carried(dtype) !== tensor.dtype) tensor = tf.cast(tensor, carried(dtype));
  if (x.dtype === "uint32" && dtype === "float32") {
    tensor = tf.where(tf.less(x.tensor, 0), tf.add(tensor, 2 ** 32), tensor);
  }
  return { ...x, tensor, dtype };
}
