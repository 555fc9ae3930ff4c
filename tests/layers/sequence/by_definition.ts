/** @file Layers against their equations as sums over all earlier tokens, or loops, in float64 on numbers. */
import { init as initJax, random as jaxRandom } from "@jax-js/jax";
import assert from "node:assert/strict";
import { recurrent } from "../../../lib/layers/sequence/forms.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { toHost } from "../../../lib/train/host.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import { assertNormal, assertUncorrelated, assertUniform, assertZero } from "../../moments.ts";
import { dot, inFloat64, rowsOf, type Vector } from "../definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any -- layers of any configuration
export type Any = any;
export type Named = Record<string, Tensor>;

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
export const silu = (x: number) => x * sigmoid(x);
export const softplus = (x: number) => Math.log1p(Math.exp(x));
export const sum = (x: Vector) => x.reduce((a, b) => a + b, 0);
export const plus = (...vectors: Vector[]) =>
  vectors[0].map((_, i) => sum(vectors.map((v) => v[i])));
export const product = (a: Vector, b: Vector) => a.map((v, i) => v * b[i]);
export const list = ({ data }: Tensor): Vector => Array.from(data);
export const unit = (x: Vector, epsilon = 1e-6) => x.map((v) => v / Math.sqrt(dot(x, x) + epsilon));

/** The integral of exp(lambda tau) from `from` to `to`, for lambda = re + i im: what a state holds of a token that stood so long ago. */
export function held(re: number, im: number, from: number, to: number): [re: number, im: number] {
  const power = (tau: number) => {
    const size = Math.exp(re * tau);
    return [size * Math.cos(im * tau), size * Math.sin(im * tau)];
  };
  const [a, b] = [power(to), power(from)];
  const [dRe, dIm] = [a[0] - b[0], a[1] - b[1]];
  const square = re * re + im * im;
  return [(dRe * re + dIm * im) / square, (dIm * re - dRe * im) / square];
}

/** x W, with a bias where there is one; of the matrix at an index of a first axis, if it has three. */
export function times(x: Vector, { shape, data }: Tensor, bias?: Tensor, index = 0): Vector {
  const [rows, columns] = shape.slice(-2);
  const at = (i: number, j: number) => data[(index * rows + i) * columns + j];
  return Array.from(
    { length: columns },
    (_, j) => sum(x.map((v, i) => v * at(i, j))) + (bias?.data[j] ?? 0),
  );
}

/** Equal parts of a vector. */
export const parts = (x: Vector, count: number): Vector[] =>
  Array.from(
    { length: count },
    (_, k) => x.slice(k * x.length / count, (k + 1) * x.length / count),
  );

/** (x - mean) / deviation */
export function standardised(x: Vector, epsilon = 1e-5): Vector {
  const mean = sum(x) / x.length;
  const variance = sum(x.map((v) => (v - mean) ** 2)) / x.length;
  return x.map((v) => (v - mean) / Math.sqrt(variance + epsilon));
}

/** silu of a convolution of every channel over these tokens and those before. @param weight [taps, channels], the newest first */
export function convolved(
  tokens: Vector[],
  { weight, bias }: { weight: Tensor; bias?: Tensor },
): Vector[] {
  const [taps, channels] = weight.shape;
  return tokens.map((token, t) =>
    token.map((_, c) => {
      let all = bias?.data[c] ?? 0;
      for (let lag = 0; lag < Math.min(taps, t + 1); lag++) {
        all += weight.data[lag * channels + c] * tokens[t - lag][c];
      }
      return silu(all);
    })
  );
}

/** Parameters as they are drawn, by name. */
export const fresh = (
  layer: Any,
  width: number,
  options: object = {},
  seed = 1,
  gain?: number,
): Named => flatten(toHost(layer.init(layer.configure(options, width), jaxRandom.key(seed), gain)));

/**
 * The layer's y from the first state is what `define` makes of the tokens of one sequence.
 * @param define gets parameters by their names with dots, near those that are drawn but none of them special.
 */
export function assertDefined(
  layer: Any,
  options: object,
  width: number,
  define: (params: Named, tokens: Vector[]) => Vector[],
  change: (params: Named) => void = () => {},
  tolerance = 1e-9,
): void {
  const config = layer.configure(options, width);
  const random = generator(7);
  const params: Any = toHost(layer.init(config, jaxRandom.key(5)));
  const named = flatten(params) as Named;
  for (const { data } of Object.values(named)) {
    data.forEach((v, i) => data[i] = v + 0.4 * (2 * random() - 1));
  }
  change(named);
  const [batch, length] = [2, 6];
  const x = randomTensor(random, [batch, length, width], { low: -1, high: 1 });
  const [, y] = inFloat64((p: Any, x: Any) => recurrent(layer, config, p, x), params, x);
  for (let b = 0; b < batch; b++) {
    define(named, rowsOf(x, b)).flat().forEach((want, i) => {
      const got = y.data[b * length * width + i];
      const near = Math.abs(got - want) < tolerance * Math.max(1, Math.abs(want));
      assert.ok(near, `sequence ${b}, token ${Math.floor(i / width)}: ${got}, ${want}`);
    });
  }
}

type Refusal = [options: object, allowed: RegExp];

/** Defaults at a width of 16, and what is refused there. */
export function testOptions(name: string, layer: Any, defaults: object, refused: Refusal[]): void {
  Deno.test(`${name}: defaults, and a wrong option with its value and what is allowed`, () => {
    assert.deepEqual(layer.configure({}, 16), { width: 16, ...defaults });
    for (const [options, allowed] of refused) {
      const [[option, value]] = Object.entries(options);
      assert.throws(() => layer.configure(options, 16), (error: Error) => {
        assert.ok(
          error.message.startsWith(`${name} options: ${option} = ${value}: `),
          error.message,
        );
        assert.match(error.message, allowed);
        return true;
      });
    }
  });
}

export type Distribution =
  | { normal: number }
  | { uniform: [low: number, high: number]; of?: (x: number) => number }
  | { constant: number }
  /** NaN where anything may stand. */
  | { values: Vector };

/** Shapes and distributions of what is drawn; all that is drawn is drawn for itself. All `gained` is multiplied by the gain. */
export function testFresh(
  name: string,
  layer: Any,
  [width, options]: [number, object],
  want: Record<string, [shape: number[], Distribution]>,
  ...gained: string[]
): void {
  Deno.test(`${name}: shapes and distributions of fresh parameters`, () => {
    const params = fresh(layer, width, options);
    const shapes = Object.entries(params).map(([name, { shape }]) => [name, [...shape]]);
    assert.deepEqual(
      Object.fromEntries(shapes),
      Object.fromEntries(Object.entries(want).map(([name, [shape]]) => [name, shape])),
    );
    for (const [name, [, how]] of Object.entries(want)) {
      const { data } = params[name];
      if ("normal" in how) assertNormal(data, how.normal, name);
      else if ("uniform" in how) {
        assertUniform(Array.from(data, how.of ?? ((x) => x)), ...how.uniform, name);
      } else if ("constant" in how) {
        assertZero(data.map((v) => Math.abs(v - how.constant) < 1e-6 ? 0 : v - how.constant), name);
      } else {how.values.forEach((v, i) =>
          assert.ok(!(Math.abs(data[i] - v) > 1e-5), `${name} ${i}: ${data[i]}, ${v}`)
        );}
    }
    const drawn = Object.keys(want).filter((key) =>
      "normal" in want[key][1] || "uniform" in want[key][1]
    );
    const other = fresh(layer, width, options, 2);
    drawn.forEach((a, i) => {
      assertUncorrelated(params[a].data, other[a].data, `${a} of two keys`);
      for (const b of drawn.slice(0, i)) {
        assertUncorrelated(params[a].data, params[b].data, `${a} and ${b}`);
      }
    });
    const half = fresh(layer, width, options, 1, 0.5);
    for (const key of Object.keys(params)) {
      const factor = gained.includes(key) ? 0.5 : 1;
      const apart = half[key].data.map((v, i) => v - factor * params[key].data[i]);
      assert.ok(apart.every((v) => Math.abs(v) < 1e-6), `${key} with a gain`);
    }
  });
}
