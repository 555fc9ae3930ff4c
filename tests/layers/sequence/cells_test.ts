/** @file Cells against their equations, unit by unit in float64, from a state that is not zero. */
import { init as initJax, random as jaxRandom } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Tensor } from "../../../lib/engine/mod.ts";
import { overSequence, recurrent, step } from "../../../lib/layers/sequence/forms.ts";
import { layer as dense } from "../../../lib/layers/sequence/dense_recurrence.ts";
import { layer as e1 } from "../../../lib/layers/sequence/e1.ts";
import { layer as gla } from "../../../lib/layers/sequence/gla.ts";
import { layer as gru } from "../../../lib/layers/sequence/gru.ts";
import { layer as lru } from "../../../lib/layers/sequence/lru.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
import { layer as minGru } from "../../../lib/layers/sequence/mingru.ts";
import { toHost } from "../../../lib/train/host.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import { affine, dot, inFloat64, rmsNorm, rowsOf } from "../definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const [batch, d] = [2, 3];
const random = generator(12);
const draw = (...shape: number[]) => randomTensor(random, shape, { low: -1, high: 1 });
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const near = (got: number, want: number, what: string) =>
  assert.ok(Math.abs(got - want) < 1e-12, `${what}: ${got}, ${want}`);

/** One token x [B, d] from a state. */
const stepOf = (layer: Any, config: Any, params: Any, state: Any, x: Tensor) =>
  inFloat64((p: Any, s: Any, x: Any) => step(layer, config, p, s, x), params, state, x);

/** Rows of [B, width]. */
const rows = (x: Tensor) => rowsOf({ ...x, shape: [1, ...x.shape] }, 0);

Deno.test("an LSTM has input, forget and output gates and a candidate, in this order", () => {
  const params = {
    input: { weight: draw(d, 4 * d), bias: draw(4 * d) },
    recurrent: draw(d, 4 * d),
  };
  const [state, x] = [{ h: draw(batch, d), c: draw(batch, d) }, draw(batch, d)];
  const [next, y] = stepOf(lstm, lstm.configure({}, d), params, state, x);
  for (let b = 0; b < batch; b++) {
    const given = affine(params.input, rows(x)[b]);
    const own = affine(
      { weight: params.recurrent, bias: { ...params.input.bias, data: new Float32Array(4 * d) } },
      rows(state.h)[b],
    );
    for (let i = 0; i < d; i++) {
      const [input, forget, out, candidate] = [0, 1, 2, 3].map((kind) => {
        const sum = given[kind * d + i] + own[kind * d + i];
        return kind < 3 ? sigmoid(sum) : Math.tanh(sum);
      });
      const c = forget * state.c.data[b * d + i] + input * candidate;
      near(next.c.data[b * d + i], c, "cell");
      near(next.h.data[b * d + i], out * Math.tanh(c), "hidden");
      near(y.data[b * d + i], out * Math.tanh(c), "output");
    }
  }
});

Deno.test("a GRU resets the product, and its update keeps the old state", () => {
  const map = () => ({ weight: draw(d, 3 * d), bias: draw(3 * d) });
  const params = { input: map(), recurrent: map() };
  const [state, x] = [draw(batch, d), draw(batch, d)];
  const [next, y] = stepOf(gru, gru.configure({}, d), params, state, x);
  for (let b = 0; b < batch; b++) {
    const given = affine(params.input, rows(x)[b]);
    const own = affine(params.recurrent, rows(state)[b]);
    for (let i = 0; i < d; i++) {
      const [reset, update] = [0, 1].map((kind) =>
        sigmoid(given[kind * d + i] + own[kind * d + i])
      );
      const candidate = Math.tanh(given[2 * d + i] + reset * own[2 * d + i]);
      const want = (1 - update) * candidate + update * state.data[b * d + i];
      near(next.data[b * d + i], want, "state");
      near(y.data[b * d + i], want, "output");
    }
  }
});

/** Row `o` of a matrix times a vector. */
const rowTimes = ({ shape: [, width], data }: Tensor, o: number, x: number[]) =>
  x.reduce((sum, v, i) => sum + data[o * width + i] * v, 0);

Deno.test("an LRU turns and shrinks a complex state by exp(-exp(nu) + i theta), and shows a real part of it", () => {
  const n = 4;
  const [nu, theta, gamma] = [draw(n), draw(n), draw(n)];
  const [bRe, bIm, c, skip] = [draw(n, d), draw(n, d), draw(d, 2 * n), draw(d, d)];
  const params = { nu, theta, gamma, bRe, bIm, c, d: skip };
  const [state, x] = [{ re: draw(batch, n), im: draw(batch, n) }, draw(batch, d)];
  const [next, y] = stepOf(lru, lru.configure({ state: n }, d), params, state, x);
  for (let b = 0; b < batch; b++) {
    const token = rows(x)[b];
    const want = Array.from({ length: n }, (_, i) => {
      const size = Math.exp(-Math.exp(nu.data[i]));
      const [lambdaRe, lambdaIm] = [size * Math.cos(theta.data[i]), size * Math.sin(theta.data[i])];
      const [re, im] = [state.re.data[b * n + i], state.im.data[b * n + i]];
      const scale = Math.exp(gamma.data[i]);
      return {
        re: re * lambdaRe - im * lambdaIm + scale * rowTimes(bRe, i, token),
        im: re * lambdaIm + im * lambdaRe + scale * rowTimes(bIm, i, token),
      };
    });
    want.forEach(({ re, im }, i) => {
      near(next.re.data[b * n + i], re, "real part");
      near(next.im.data[b * n + i], im, "imaginary part");
    });
    const parts = [...want.map(({ re }) => re), ...want.map(({ im }) => im)];
    for (let o = 0; o < d; o++) {
      near(y.data[b * d + o], rowTimes(c, o, parts) + rowTimes(skip, o, token), "output");
    }
  }
});

Deno.test("a dense recurrence is h = A h + B x, y = C h + D x", () => {
  const n = 4;
  const [a, b, c, skip] = [draw(n, n), draw(n, d), draw(d, n), draw(d, d)];
  const [state, x] = [draw(batch, n), draw(batch, d)];
  const config = dense.configure({ state: n }, d);
  const [next, y] = stepOf(dense, config, { a, b, c, d: skip }, state, x);
  for (let s = 0; s < batch; s++) {
    const [before, token] = [rows(state)[s], rows(x)[s]];
    const want = before.map((_, i) => rowTimes(a, i, before) + rowTimes(b, i, token));
    want.forEach((value, i) => near(next.data[s * n + i], value, "state"));
    for (let o = 0; o < d; o++) {
      near(y.data[s * d + o], rowTimes(c, o, want) + rowTimes(skip, o, token), "output");
    }
  }
});

/** A vector times a matrix [in, out]. */
const timesColumns = (x: number[], { shape: [, width], data }: Tensor) =>
  Array.from({ length: width }, (_, j) => dot(x, x.map((_, i) => data[i * width + j])));
const silu = (x: number) => x * sigmoid(x);

for (const expansion of [1, 2]) {
  Deno.test(`a minGRU moves by its gate towards a positive candidate, ${expansion} times as wide`, () => {
    const n = expansion * d;
    const params = {
      input: draw(d, 2 * n),
      ...(expansion === 1 ? {} : { output: draw(n, d) }),
    };
    const [state, x] = [draw(batch, n), draw(batch, d)];
    assert.ok(state.data.some((h) => h < 0));
    const [next, y] = stepOf(minGru, minGru.configure({ expansion }, d), params, state, x);
    const signs = new Set<number>();
    for (let b = 0; b < batch; b++) {
      const given = timesColumns(rows(x)[b], params.input);
      const want = rows(state)[b].map((h, i) => {
        const [candidate, z] = [given[i], sigmoid(given[n + i])];
        signs.add(Math.sign(candidate));
        const positive = candidate >= 0 ? candidate + 0.5 : sigmoid(candidate);
        return (1 - z) * h + z * positive;
      });
      want.forEach((h, i) => near(next.data[b * n + i], h, "state"));
      const shown = params.output ? timesColumns(want, params.output) : want;
      shown.forEach((value, i) => near(y.data[b * d + i], value, "output"));
    }
    assert.equal(signs.size, 2, "candidates of both signs");
  });
}

Deno.test("E1 is Elman's recurrence on an activated token, shown through a gate", () => {
  const n = 6;
  const params = {
    input: draw(d, n),
    gate: draw(d, n),
    drive: { weight: draw(n, n), bias: draw(n) },
    recurrent: draw(n, n),
    output: draw(n, d),
  };
  const [state, x] = [draw(batch, n), draw(batch, d)];
  const [next, y] = stepOf(e1, e1.configure({ expansion: 2 }, d), params, state, x);
  for (let b = 0; b < batch; b++) {
    const token = rows(x)[b];
    const drive = affine(params.drive, timesColumns(token, params.input).map(silu));
    const own = timesColumns(rows(state)[b], params.recurrent);
    const want = drive.map((value, i) => Math.tanh(value + own[i]));
    want.forEach((h, i) => near(next.data[b * n + i], h, "state"));
    const gates = timesColumns(token, params.gate).map(silu);
    timesColumns(want.map((h, i) => h * gates[i]), params.output)
      .forEach((value, i) => near(y.data[b * d + i], value, "output"));
  }
});

Deno.test("GLA fades each row of a head's memory by a gate of its own, writes the token, and norms what it reads", () => {
  const [width, heads, keys, values, rank, normaliser] = [4, 2, 6, 10, 3, 5];
  const [key, value] = [keys / heads, values / heads];
  const options = { heads, expandKey: 1.5, expandValue: 2.5, gateRank: rank };
  const params = {
    input: draw(width, 2 * keys + values),
    forget: { down: draw(width, rank), up: { weight: draw(rank, keys), bias: draw(keys) } },
    gate: draw(width, values),
    norm: draw(value),
    output: draw(values, width),
  };
  const [state, x] = [draw(batch, heads, key, value), draw(batch, width)];
  const config = gla.configure({ ...options, gateNormaliser: normaliser }, width);
  const [next, y] = stepOf(gla, config, params, state, x);
  for (let b = 0; b < batch; b++) {
    const token = rows(x)[b];
    const mixed = timesColumns(token, params.input);
    const [q, k, v] = [mixed.slice(0, keys), mixed.slice(keys, 2 * keys), mixed.slice(2 * keys)];
    const alpha = affine(params.forget.up, timesColumns(token, params.forget.down))
      .map((logit) => sigmoid(logit) ** (1 / normaliser));
    const read: number[] = [];
    for (let h = 0; h < heads; h++) {
      const seen = new Array(value).fill(0);
      for (let i = 0; i < key; i++) {
        const row = h * key + i;
        for (let j = 0; j < value; j++) {
          const at = ((b * heads + h) * key + i) * value + j;
          const memory = alpha[row] * state.data[at] + k[row] * v[h * value + j];
          near(next.data[at], memory, "memory");
          seen[j] += q[row] * memory / Math.sqrt(key);
        }
      }
      read.push(...rmsNorm(params.norm.data, seen, 1e-5));
    }
    const gates = timesColumns(token, params.gate).map(silu);
    timesColumns(read.map((value, i) => value * gates[i]), params.output)
      .forEach((value, i) => near(y.data[b * width + i], value, "output"));
  }
});

Deno.test("wide linear recurrences loop over their tokens, narrow ones are convolutions", async () => {
  for (const layer of [lru, dense] as Any[]) {
    const nodes = async (width: number, length: number) => {
      const config = layer.configure({ state: 2 }, width);
      const params = toHost(layer.init(config, jaxRandom.key(1)));
      const x = randomTensor(generator(1), [1, length, width]);
      const fn = (form: typeof recurrent) => (p: Any, x: Any) => form(layer, config, p, x)[1];
      const programs = await Promise.all(
        [overSequence, recurrent].map((form) => compile(fn(form), [params, x])),
      );
      await Promise.all(programs.map((program) => program.close()));
      return programs.map(({ report }) => report.nodes);
    };
    const [wide, narrow] = [await nodes(64, 17), await nodes(64, 16)];
    assert.equal(wide[0], wide[1]);
    assert.notEqual(narrow[0], narrow[1]);
  }
});
