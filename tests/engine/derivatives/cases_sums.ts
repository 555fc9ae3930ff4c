/** @file Cases for the derivatives of what sums: reductions, contractions, convolutions, windows. */
import { lax, numpy as np, vmap } from "@jax-js/jax";
import type { ConvParams } from "../../../lib/engine/graph.ts";
import type { DerivativeCase } from "./differences.ts";

type A = np.Array;

const reductions: [op: "sum" | "prod" | "max" | "min", name: string][] = [
  ["sum", "sum"],
  ["prod", "product"],
  ["max", "largest"],
  ["min", "smallest"],
];

const reduce: DerivativeCase[] = reductions.flatMap(([op, name]) => [
  ...([[[5], 0], [[2, 3, 4], 1], [[2, 3, 4], [0, 2]], [[2, 3], [0, 1]], [[1, 3, 1], [
    0,
    1,
  ]]] as const)
    .map(([shape, axis]): DerivativeCase => ({
      name: `${name} of [${shape}] over ${axis}`,
      fn: (x: A) => np[op](x, typeof axis === "number" ? axis : [...axis]),
      inputs: [[shape]],
    })),
  {
    name: `${name} of columns without rows`,
    fn: (x: A) => np[op](x, 1),
    inputs: [[[0, 3]]],
  },
]);

const zeros = "the product over the element is 0 / 0";
const products: DerivativeCase[] = [[0], [0, 0], [0, 0, 0], []].flatMap((special) =>
  [[3], [5], [2, 4], [3, 7]].map((shape) => ({
    name: `product of [${shape}] with ${special.length} zeros`,
    fn: (x: A) => np.prod(x, -1),
    inputs: [[shape, { special }]],
    ...(special.length > 0 ? { jaxDiffers: zeros } : {}),
  }))
);

const contraction = (
  a: readonly number[],
  b: readonly number[],
  axis: readonly number[],
  shape: readonly number[],
): DerivativeCase => ({
  name: `[${a}] and [${b}] over ${axis}`,
  build: (ops, [x, y]) => [ops.emit("contract", [x, y], { axis }, shape)],
  inputs: [[a], [b]],
});

const matmuls: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[3], [3]],
  [[1, 1], [1, 1]],
  [[3, 4], [4, 2]],
  [[2, 3, 4], [4, 2]],
  [[2, 3, 4], [2, 4, 2]],
  [[2, 1, 2, 3], [2, 3, 2]],
  [[3], [2, 3, 2]],
  [[2, 2, 3], [3]],
  [[4, 1], [1, 3]],
  [[2, 0], [0, 3]],
];
const einsums = [
  ["ij,kj->ki", [3, 4], [2, 4]],
  ["ij,ij->", [3, 4], [3, 4]],
  ["bij,bij->b", [2, 3, 2], [2, 3, 2]],
  ["abc,bcd->ad", [2, 3, 2], [3, 2, 3]],
] as const;

/**
 * ONNX Runtime convolves float32 only; a convolution is bilinear, so that long differences are exact.
 */
const exact = { dtype: "float32", step: 0.5, tolerance: 1e-5 } as const;

const conv = (
  name: string,
  x: readonly number[],
  w: readonly number[],
  params: Partial<Omit<ConvParams, "vmapDims">> = {},
): DerivativeCase => {
  const each = <T>(value: T) => x.slice(2).map(() => value);
  const {
    strides = each(1),
    padding = each([0, 0] as const),
    lhsDilation = each(1),
    rhsDilation = each(1),
  } = params;
  const size = (d: number, i: number) => {
    const given = (d - 1) * lhsDilation[i] + 1 + padding[i][0] + padding[i][1];
    const reach = (w[i + 2] - 1) * rhsDilation[i] + 1;
    return Math.floor((given - reach) / strides[i]) + 1;
  };
  const all = { vmapDims: 0, strides, padding, lhsDilation, rhsDilation };
  return {
    name,
    fn: (x: A, w: A) =>
      lax.convGeneralDilated(x, w, strides as never, padding as never, all as never),
    // Some of them are pools in jax-js.
    build: (ops, inputs) => {
      const shape = [x[0], w[0], ...x.slice(2).map(size)];
      return [ops.emit("conv", inputs, all, shape)];
    },
    inputs: [[x], [w]],
    ...exact,
  };
};

/** Every combination of what a convolution can do along an axis, also where taps or strides leave a remainder. */
const convGrid: DerivativeCase[] = [1, 2, 3].flatMap((stride) =>
  [1, 2].flatMap((lhs) =>
    [1, 2].flatMap((rhs) =>
      ([[0, 0], [2, 1], [-1, 1]] as const).map(([before, after]) =>
        conv(
          `stride ${stride}, dilations ${lhs} and ${rhs}, padding ${before} and ${after}`,
          [1, 2, 7],
          [2, 2, 3],
          {
            strides: [stride],
            padding: [[before, after]],
            lhsDilation: [lhs],
            rhsDilation: [rhs],
          },
        )
      )
    )
  )
);

const windows: readonly (readonly [shape: number[], window: number[], strides: number[]])[] = [
  [[2, 7], [3], [2]],
  [[8], [3], [2]],
  [[5], [2], [3]],
  [[4, 5], [2, 3], [2, 1]],
  [[4], [4], [1]],
];

export const sumCases: Record<string, DerivativeCase[]> = {
  reduce: [...reduce, ...products],
  dot: [
    ...matmuls.map(([a, b]): DerivativeCase => ({
      name: `matrix product of [${a}] and [${b}]`,
      fn: (x: A, y: A) => np.matmul(x, y),
      inputs: [[a], [b]],
    })),
    ...einsums.map(([expression, a, b]): DerivativeCase => ({
      name: expression,
      fn: (x: A, y: A) => np.einsum(expression, x, y),
      inputs: [[a], [b]],
    })),
    {
      name: "an array with itself",
      fn: (x: A) => np.matmul(x.ref, np.transpose(x)),
      inputs: [[[2, 3]]],
    },
  ],
  contract: [
    contraction([2, 3, 4], [2, 3, 4], [1], [2, 4]),
    contraction([2, 3, 4], [4], [2], [2, 3]),
    contraction([2, 1, 4], [3, 4], [0, 2], [3]),
    contraction([3, 1], [1, 4], [0, 1], []),
    contraction([3, 1], [1, 1], [0], [1]),
    contraction([], [2, 3], [1], [2]),
    contraction([2, 3], [2, 3], [0, 1], []),
    contraction([4], [3, 4], [0], [4]),
  ],
  conv: [
    ...convGrid,
    conv("two axes", [2, 1, 5, 4], [2, 1, 2, 3], {
      strides: [2, 1],
      padding: [[1, 2], [0, 1]],
      lhsDilation: [1, 2],
      rhsDilation: [2, 1],
    }),
    conv("a kernel of size 1", [2, 3, 4], [2, 3, 1]),
    conv("a kernel as long as the input", [1, 2, 4], [3, 2, 4]),
    conv("a stride beyond the input", [1, 1, 4], [1, 1, 2], { strides: [5] }),
    {
      name: "in groups",
      ...exact,
      fn: (x: A, w: A) => lax.convGeneralDilated(x, w, [2], [[2, 1]], { featureGroupCount: 3 }),
      inputs: [[[2, 3, 6]], [[3, 1, 3]]],
    },
    {
      name: "mapped over both operands",
      ...exact,
      fn: (x: A, w: A) => vmap((x: A, w: A) => lax.conv(x, w, [2], [[1, 1]]))(x, w) as A,
      inputs: [[[2, 1, 2, 5]], [[2, 2, 2, 2]]],
    },
    {
      name: "mapped over the kernel",
      ...exact,
      fn: (x: A, w: A) =>
        vmap((x: A, w: A) => lax.conv(x, w, [2], [[1, 1]]), [null, 0] as never)(x, w) as A,
      inputs: [[[1, 2, 6]], [[3, 2, 2, 2]]],
    },
    {
      name: "mapped twice",
      ...exact,
      fn: (x: A, w: A) => vmap(vmap((x: A, w: A) => lax.conv(x, w, [1], [[1, 0]])))(x, w) as A,
      inputs: [[[2, 2, 1, 1, 4]], [[2, 2, 2, 1, 2]]],
    },
  ],
  pool: windows.map(([shape, window, strides]) => ({
    name: `windows ${window} of [${shape}] every ${strides}`,
    fn: (x: A) => lax.reduceWindow(x, (w) => np.sum(np.sin(w)), window, strides),
    inputs: [[shape]],
  })),
  pool_transpose: windows.map(([shape, window, strides]) => {
    const lead = shape.slice(0, shape.length - window.length);
    const outs = window.map((w, i) => Math.floor((shape[lead.length + i] - w) / strides[i]) + 1);
    return {
      name: `to [${shape}] from windows ${window} every ${strides}`,
      build: (ops, [x]) => [
        ops.emit("pool_transpose", [x], { inShape: shape, window, strides }, shape),
      ],
      inputs: [[[...lead, ...outs, ...window]]],
    };
  }),
};
