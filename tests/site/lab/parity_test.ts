/** @file Parity on the page on training: eigenvalues are those of the layers' own steps, and a layer that can learn it does. */
import { numpy as np, random } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile } from "../../../lib/engine/engines/jax.ts";
import type { JaxArray } from "../../../lib/engine/arrays.ts";
import { step } from "../../../lib/layers/sequence/forms.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
import { eigenvaluesOf, lstmStep } from "../../../site/lab/training/eigenvalues.ts";
import {
  type End,
  type Moment,
  type Part,
  type Question,
  type Start,
  trainOnce,
} from "../../../site/lab/training/training.ts";

async function learned(what: Question["what"], steps: number, seed = 0) {
  const parts: Part[] = [];
  const question = { what, lambda: 0.9, seed, steps, rate: 0.03 };
  const last = await trainOnce(question, compile, (part) => parts.push(part));
  const [start, ...moments] = parts as [Start, ...Moment[]];
  return { start, last, end: moments.pop() as unknown as End, moments };
}

Deno.test("DeltaNet with eigenvalues down to -1 learns parity from a coin on, and turns its memory at a one", async () => {
  const { start, moments, end, last } = await learned("deltanet-negative", 24);
  assert.deepEqual(start, { floor: Math.LN2, optimum: [], trails: true });
  assert.deepEqual(moments.map(({ step }) => step), Array.from({ length: 25 }, (_, i) => i));
  assert.equal(moments[0].loss, Math.LN2);
  assert.ok(Math.abs(moments[1].loss - Math.LN2) < 1e-6, "a head of zeros is a coin");
  assert.ok(last.loss < 0.55, `${last.loss}`);
  const [, one] = last.eigenvalues;
  assert.ok(one[0][0] < -0.2, `a one turns: ${one[0][0]}`);
  for (const { eigenvalues } of moments) {
    assert.deepEqual(eigenvalues.map((list) => list.length), [2, 2]);
    for (const [[along, zero], across] of eigenvalues) {
      assert.ok(along > -1 && along < 1 && zero === 0);
      assert.deepEqual(across, [1, 0]);
    }
  }
  assert.deepEqual([end.from, end.to], [13, 64]);
  assert.ok(end.right > 0.4 && end.right <= 1);
});

Deno.test("without negative eigenvalues no transition turns", async () => {
  const { moments } = await learned("deltanet", 2);
  for (const { eigenvalues } of moments) {
    for (const [[along]] of eigenvalues) assert.ok(along > 0 && along < 1);
  }
});

Deno.test("the derivative of an LSTM's step is that of the layer, by differences", async () => {
  const [width, small] = [3, 2 ** -7];
  const config = lstm.configure({}, width);
  const params = lstm.init(config, random.key(5));
  const rounded = (length: number, scale: number) =>
    Float64Array.from({ length }, (_, i) => Math.fround(Math.sin(3 * i + 1) * scale));
  const token = rounded(width, 1);
  const state = { h: rounded(width, 0.5), c: rounded(width, 0.9) };
  const read = async (array: JaxArray) => Array.from(await array.data());
  const bias = await read(params.input.bias.ref);
  const weight = await read(params.input.weight.ref);
  const recurrent = await read(params.recurrent.ref);
  const input = bias.map((b, k) =>
    token.reduce((sum, x, i) => sum + x * weight[i * 4 * width + k], b)
  );
  /** By the layer itself. */
  const after = async (h: Float64Array, c: Float64Array) => {
    const array = (data: Float64Array) => np.array(Float32Array.from(data), { shape: [1, width] });
    const own = {
      input: { weight: params.input.weight.ref, bias: params.input.bias.ref },
      recurrent: params.recurrent.ref,
    };
    const [next, y] = step(lstm, config, own, { h: array(h), c: array(c) }, array(token));
    y.dispose();
    return [...await read(next.h), ...await read(next.c)];
  };
  const { next, derivative } = lstmStep(input, recurrent, state);
  const expected = await after(state.h, state.c);
  [...next.h, ...next.c].forEach((x, i) => assert.ok(Math.abs(x - expected[i]) < 1e-6));
  for (let j = 0; j < 2 * width; j++) {
    const moved = (by: number) => {
      const [h, c] = [Float64Array.from(state.h), Float64Array.from(state.c)];
      (j < width ? h : c)[j % width] += by;
      return after(h, c);
    };
    const [up, down] = [await moved(small), await moved(-small)];
    for (let i = 0; i < 2 * width; i++) {
      const difference = (up[i] - down[i]) / (2 * small);
      const found = derivative.data[i * 2 * width + j];
      assert.ok(Math.abs(found - difference) < 2e-4, `[${i}, ${j}]: ${found}, ${difference}`);
    }
  }
  const sum = eigenvaluesOf(derivative).reduce((sum, [re]) => sum + re, 0);
  const trace = Array.from({ length: 2 * width }, (_, i) => derivative.data[i * (2 * width + 1)])
    .reduce((a, b) => a + b);
  assert.ok(Math.abs(sum - trace) < 1e-9);
});

Deno.test("an LSTM tells of as many eigenvalues as its state has numbers, after either symbol", async () => {
  const { start, last } = await learned("lstm", 2);
  assert.equal(start.trails, false);
  assert.deepEqual(last.eigenvalues.map((list) => list.length), [16, 16]);
  assert.ok(last.eigenvalues.flat().every(([re, im]) => Math.hypot(re, im) < 2 && im >= 0));
  assert.notDeepEqual(last.eigenvalues[0], last.eigenvalues[1]);
});
