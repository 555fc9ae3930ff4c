/**
 * @file Kernels on the 32 bits of a number: threefry, shifts, counts, and the same bits as another dtype. Inside, bits are
 * ONNX's uint32, which wraps by itself; see `Dialect` for how values are carried outside.
 */
import { type DType, sizeOf } from "../types.ts";
import { elementwise } from "./elementwise.ts";
import { type Model, type Ref, typeCodes } from "./model.ts";
import { materialize, reshapeRef, reshapeView, type View, viewOf } from "./view.ts";

/** The bits of every element. Floats keep theirs exactly: signed zeros, subnormals, the payload of a NaN. */
function bitsOf(model: Model, ref: Ref): Ref {
  const op = ref.type === "float32" ? "BitCast" : "Cast";
  return model.node(op, [ref], ref.shape, "uint32", { to: typeCodes.uint32 });
}

/** The values of a dtype that have these bits. */
function fromBits(model: Model, ref: Ref, dtype: DType): Ref {
  const op = dtype === "float32" ? "BitCast" : "Cast";
  const type = model.typeOf(dtype);
  return model.node(op, [ref], ref.shape, type, { to: typeCodes[type] });
}

/** The same bits as another dtype of the same width. */
export function bitcast(model: Model, x: View, dtype: DType): View {
  if (x.dtype === dtype) return x;
  return { ...x, dtype, ref: fromBits(model, bitsOf(model, x.ref), dtype) };
}

const shift = (
  model: Model,
  x: Ref,
  count: Ref,
  direction: "LEFT" | "RIGHT",
  shape = x.shape,
): Ref => model.node("BitShift", [x, count], shape, "uint32", { direction });

/** Shifts in zeros from either side, also into negative numbers; counts are taken modulo 32, as in WebAssembly. */
export function bitShift(
  model: Model,
  x: View,
  counts: View,
  op: "shl" | "shr",
  shape: readonly number[],
): View {
  return elementwise(model, [x, counts], shape, x.dtype, ([value, count], layout) => {
    const operands = [bitsOf(model, count), model.fill(31, "uint32")];
    const within = model.node("BitwiseAnd", operands, count.shape, "uint32");
    const direction = op === "shl" ? "LEFT" : "RIGHT";
    return fromBits(model, shift(model, bitsOf(model, value), within, direction, layout), x.dtype);
  });
}

/** How many bits are set, as int32: sums of pairs, of fours, of bytes, and of the four bytes (Warren, Hacker's Delight, 5-1). */
export function bitCount(model: Model, x: View): View {
  const bits = bitsOf(model, x.ref);
  const node = (op: string, a: Ref, b: Ref) => model.node(op, [a, b], bits.shape, "uint32");
  const constant = (value: number) => model.fill(value, "uint32");
  const masked = (a: Ref, mask: number) => node("BitwiseAnd", a, constant(mask));
  const right = (a: Ref, count: number) => shift(model, a, constant(count), "RIGHT");
  const pairs = node("Sub", bits, masked(right(bits, 1), 0x55555555));
  const fours = node("Add", masked(pairs, 0x33333333), masked(right(pairs, 2), 0x33333333));
  const bytes = masked(node("Add", fours, right(fours, 4)), 0x0f0f0f0f);
  const total = right(node("Mul", bytes, constant(0x01010101)), 24);
  return { ...x, dtype: "int32", ref: fromBits(model, total, "int32") };
}

/** Parameters of jax-js's `random_bits`. */
export interface RandomBitsParams {
  /** The shape of the keys, then that of what is drawn with each. */
  readonly shape: readonly number[];
  /** Which of the two words of a block, or both combined. */
  readonly mode: 0 | 1 | "xor";
}

/**
 * Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") of the counters (0, i), i
 * running over what is drawn with one key.
 * @param k0 first words of the keys, k1 second words.
 */
export function randomBits(model: Model, k0: View, k1: View, params: RandomBitsParams): View {
  const { shape, mode } = params;
  const keys = shape.slice(0, k0.axes.length);
  const count = sizeOf(shape.slice(keys.length));
  const last = (ref: Ref) => ref.shape.at(-1) ?? 1;
  const node = (op: string, a: Ref, b: Ref): Ref =>
    model.node(op, [a, b], [...keys, Math.max(last(a), last(b))], "uint32");
  const constant = (value: number) => model.fill(value, "uint32");
  const add = (a: Ref, b: Ref) => node("Add", a, b);
  const xor = (a: Ref, b: Ref) => node("BitwiseXor", a, b);
  // A product and a sum are faster kernels than a shift and a disjunction.
  const rotate = (x: Ref, by: number) =>
    add(node("Mul", x, constant(2 ** by)), shift(model, x, constant(32 - by), "RIGHT"));

  const [a, b] = [k0, k1].map((key) =>
    bitsOf(model, reshapeRef(model, materialize(model, key), [...keys, 1]))
  );
  const schedule = [a, b, xor(xor(a, b), constant(0x1bd11bda))];
  const ends = [0, count, 1].map((x) => model.indices([x], []));
  let x0 = a;
  let x1 = add(bitsOf(model, model.node("Range", ends, [count], model.dialect.indexType)), b);
  for (let group = 0; group < 5; group++) {
    for (const by of rotations[group % 2]) {
      x0 = add(x0, x1);
      x1 = xor(rotate(x1, by), x0);
    }
    x0 = add(x0, schedule[(group + 1) % 3]);
    x1 = add(x1, add(schedule[(group + 2) % 3], constant(group + 1)));
  }
  const bits = mode === "xor" ? xor(x0, x1) : mode === 0 ? x0 : x1;
  const drawn = viewOf(fromBits(model, bits, "uint32"), "uint32");
  return reshapeView(drawn, shape) ?? viewOf(reshapeRef(model, drawn.ref, shape), "uint32");
}

const rotations = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;
