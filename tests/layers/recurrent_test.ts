/** @file Recurrent cells against their equations, unit by unit in float64, from a state that is not zero. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { gruCell, lruCell, lstmCell } from "../../lib/layers/recurrent.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { inFloat64 } from "./definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const [batch, h] = [2, 3];
const random = generator(12);
const draw = (...shape: number[]) => randomTensor(random, shape, { low: -1, high: 1 });
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const near = (got: number, want: number, what: string) =>
  assert.ok(Math.abs(got - want) < 1e-12, `${what}: ${got}, ${want}`);

Deno.test("an LSTM cell has input, forget and output gates and a candidate, in this order", () => {
  const [u, x] = [draw(h, 4 * h), draw(batch, 4 * h)];
  const state = { h: draw(batch, h), c: draw(batch, h) };
  const [next, output] = inFloat64((u: Any, s: Any, x: Any) => lstmCell(u, s, x), u, state, x);
  assert.deepEqual([next.h.shape, next.c.shape], [[batch, h], [batch, h]]);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < h; i++) {
      const [input, forget, out, candidate] = [0, 1, 2, 3].map((kind) => {
        let sum = x.data[b * 4 * h + kind * h + i];
        for (let j = 0; j < h; j++) {
          sum += state.h.data[b * h + j] * u.data[j * 4 * h + kind * h + i];
        }
        return kind < 3 ? sigmoid(sum) : Math.tanh(sum);
      });
      const c = forget * state.c.data[b * h + i] + input * candidate;
      near(next.c.data[b * h + i], c, "cell");
      near(next.h.data[b * h + i], out * Math.tanh(c), "hidden");
      near(output.data[b * h + i], out * Math.tanh(c), "output");
    }
  }
});

Deno.test("a GRU cell resets the product, and its update keeps the old state", () => {
  const [u, bias, x, state] = [draw(h, 3 * h), draw(3 * h), draw(batch, 3 * h), draw(batch, h)];
  const [next, output] = inFloat64(
    (p: Any, s: Any, x: Any) => gruCell(p, s, x),
    { u, b: bias },
    state,
    x,
  );
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < h; i++) {
      const own = (kind: number) => {
        let sum = bias.data[kind * h + i];
        for (let j = 0; j < h; j++) sum += state.data[b * h + j] * u.data[j * 3 * h + kind * h + i];
        return sum;
      };
      const given = (kind: number) => x.data[b * 3 * h + kind * h + i];
      const [reset, update] = [0, 1].map((kind) => sigmoid(given(kind) + own(kind)));
      const candidate = Math.tanh(given(2) + reset * own(2));
      const want = (1 - update) * candidate + update * state.data[b * h + i];
      near(next.data[b * h + i], want, "state");
      near(output.data[b * h + i], want, "output");
    }
  }
});

Deno.test("an LRU cell turns and shrinks a complex state by exp(-exp(nu) + i theta)", () => {
  const [nu, theta, x] = [draw(h), draw(h), draw(batch, 2 * h)];
  const state = { re: draw(batch, h), im: draw(batch, h) };
  const [next, output] = inFloat64(
    (p: Any, s: Any, x: Any) => lruCell(p, s, x),
    { nu, theta },
    state,
    x,
  );
  assert.deepEqual(output.shape, [batch, 2 * h]);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < h; i++) {
      const size = Math.exp(-Math.exp(nu.data[i]));
      const [lambdaRe, lambdaIm] = [size * Math.cos(theta.data[i]), size * Math.sin(theta.data[i])];
      const [re, im] = [state.re.data[b * h + i], state.im.data[b * h + i]];
      const wantRe = re * lambdaRe - im * lambdaIm + x.data[b * 2 * h + i];
      const wantIm = re * lambdaIm + im * lambdaRe + x.data[b * 2 * h + h + i];
      near(next.re.data[b * h + i], wantRe, "real part");
      near(next.im.data[b * h + i], wantIm, "imaginary part");
      near(output.data[b * 2 * h + i], wantRe, "output, real part");
      near(output.data[b * 2 * h + h + i], wantIm, "output, imaginary part");
    }
  }
});
