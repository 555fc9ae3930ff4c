/** @file Deep linear networks: balanced at the start, and one matrix in every form. */
import assert from "node:assert/strict";
import { numpy as np } from "@jax-js/jax";
import { compile, type Tensor } from "../../lib/engine/mod.ts";
import {
  apply,
  collapse,
  type DeepLinear,
  endToEnd,
  init,
  widthOf,
} from "../../lib/models/deep_linear.ts";
import { multiply, transpose } from "../../lib/linalg/matrix.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { relativeError } from "../tasks/forecasting/fixtures.ts";

/** The layers as plain matrices [rows, columns, values]. */
function layersOf({ first, hidden, last }: DeepLinear<Tensor>): [number, number, Float64Array][] {
  const out: [number, number, Float64Array][] = [];
  const push = (t: Tensor, offset: number, n: number, m: number) =>
    out.push([n, m, Float64Array.from(t.data.subarray(offset, offset + n * m))]);
  push(first, 0, first.shape[0], first.shape[1]);
  if (hidden) {
    const [count, width] = hidden.shape;
    for (let l = 0; l < count; l++) push(hidden, l * width * width, width, width);
  }
  if (last) push(last, 0, last.shape[0], last.shape[1]);
  return out;
}

const shapes: [number, number, number, number | undefined][] = [ // lookback, horizon, depth, width
  [7, 5, 1, undefined],
  [7, 5, 2, undefined],
  [5, 7, 3, undefined],
  [13, 4, 10, undefined],
  [6, 6, 50, undefined],
  [9, 7, 4, 3],
  [1, 1, 5, undefined],
  [4, 1, 3, undefined],
];

Deno.test("init: balanced, and the product has equal singular values", () => {
  for (const [lookback, horizon, depth, width] of shapes) {
    const shape = { lookback, horizon, depth, width };
    const params = init(keyOf(3), shape, 0.25);
    const layers = layersOf(params);
    assert.equal(layers.length, depth);
    for (let l = 0; l + 1 < depth; l++) {
      const [n, w, A] = layers[l];
      const [, m, B] = layers[l + 1];
      const left = multiply(transpose(A, n, w), A, w, n, w);
      const right = multiply(B, transpose(B, w, m), w, m, w);
      assert.ok(relativeError(left, right) < 1e-6, `${shape}, layers ${l} and ${l + 1}`);
    }
    // P'P P' = scale^2 P' for scale times a partial isometry P.
    const P = collapse(params);
    const Pt = transpose(P, lookback, horizon);
    const cube = multiply(
      multiply(Pt, P, horizon, lookback, horizon),
      Pt,
      horizon,
      horizon,
      lookback,
    );
    assert.ok(relativeError(cube, Pt.map((v) => v * 0.0625)) < 1e-5);
    const squares = P.reduce((sum, v) => sum + v * v, 0);
    assert.ok(Math.abs(squares / (widthOf(shape) * 0.0625) - 1) < 1e-5, "rank");
  }
  assert.deepEqual(
    init(keyOf(1), { lookback: 4, horizon: 3, depth: 3 }),
    init(keyOf(1), {
      lookback: 4,
      horizon: 3,
      depth: 3,
    }),
  );
});

Deno.test("init: impossible depths and widths are refused", () => {
  const at = (depth: number, width?: number) => () =>
    init(keyOf(0), { lookback: 5, horizon: 4, depth, width });
  for (const depth of [0, -1, 1.5, NaN]) assert.throws(at(depth), /depth .*at least 1/);
  for (const width of [0, 5, 2.5]) assert.throws(at(3, width), /width .*1 to .* = 4/);
});

Deno.test("collapse: one float64 matrix equals the layered form by norm 1e-5, on both engines", async () => {
  for (const [lookback, horizon, depth, width] of shapes) {
    const params = init(keyOf(5), { lookback, horizon, depth, width });
    // Away from the balanced start, so that order and transposition of the layers matter.
    for (const layer of Object.values(params) as Tensor[]) {
      const noise = normals(keyOf(layer.data.length), layer.data.length);
      layer.data.forEach((value, i) => layer.data[i] = value + 0.1 * noise[i]);
    }
    const batch = 11;
    const x = normals(keyOf(6), batch * lookback);
    const input: Tensor = {
      dtype: "float32",
      shape: [batch, lookback],
      data: Float32Array.from(x),
    };
    const M = collapse(params);
    const expected = multiply(Float64Array.from(input.data), M, batch, lookback, horizon);
    for (const engine of ["ort", "jax"] as const) {
      const both = (p: DeepLinear<np.Array>, x: np.Array) => {
        const copy = Object.fromEntries(
          Object.entries(p).map(([name, layer]) => [name, layer.ref]),
        ) as unknown as DeepLinear<np.Array>;
        return { y: apply(copy, x), product: endToEnd(p) };
      };
      const program = await compile(both, [params as never, input], { engine });
      const out = await program.run(params as never, input);
      assert.ok(norm((await out.y.read()).data, expected) < 1e-5, `${engine} depth ${depth}`);
      assert.ok(norm((await out.product.read()).data, M) < 1e-5, `${engine} depth ${depth}`);
      await program.close();
    }
  }
});

/** |a - b| / |b|, Frobenius. */
function norm(a: ArrayLike<number>, b: Float64Array): number {
  const difference = b.reduce((sum, value, i) => sum + (a[i] - value) ** 2, 0);
  return Math.sqrt(difference / b.reduce((sum, value) => sum + value * value, 0));
}
