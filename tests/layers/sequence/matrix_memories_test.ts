/** @file DeltaNet and Mamba-2: their cells against the equations, number by number in float64, and their fresh parameters. */
import { init as initJax, random as jaxRandom } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Tensor } from "../../../lib/engine/mod.ts";
import { layer as deltaNet } from "../../../lib/layers/sequence/deltanet.ts";
import { overSequence, recurrent, step } from "../../../lib/layers/sequence/forms.ts";
import { layer as mamba2 } from "../../../lib/layers/sequence/mamba2.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { toHost } from "../../../lib/train/host.ts";
import { assertClose, generator, randomTensor } from "../../engine/oracle.ts";
import { assertNormal, assertUniform } from "../../moments.ts";
import { affine, dot, inFloat64, rmsNorm, rowsOf } from "../definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const batch = 2;
const random = generator(31);
const draw = (...shape: number[]) => randomTensor(random, shape, { low: -1, high: 1 });
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const silu = (x: number) => x * sigmoid(x);
const near = (got: number, want: number, what: string) =>
  assert.ok(Math.abs(got - want) < 1e-12, `${what}: ${got}, ${want}`);

/** One token x [B, d] from a state. */
const stepOf = (layer: Any, config: Any, params: Any, state: Any, x: Tensor) =>
  inFloat64((p: Any, s: Any, x: Any) => step(layer, config, p, s, x), params, state, x);

const rows = (x: Tensor) => rowsOf({ ...x, shape: [1, ...x.shape] }, 0);
const timesColumns = (x: number[], { shape: [, width], data }: Tensor) =>
  Array.from({ length: width }, (_, j) => dot(x, x.map((_, i) => data[i * width + j])));

/** What a convolution of three taps gives for a token after a window of two. */
function convolved(
  { weight, bias }: { weight: Tensor; bias?: Tensor },
  window: number[][],
  token: number[],
): number[] {
  const seen = [token, window[1], window[0]]; // the newest first
  return token.map((_, c) =>
    silu(seen.reduce(
      (sum, x, lag) => sum + weight.data[lag * token.length + c] * x[c],
      bias ? bias.data[c] : 0,
    ))
  );
}

for (const [conv, negative] of [[3, true], [3, false], [0, true]] as const) {
  Deno.test(`DeltaNet replaces part of what is held under a key, ${conv} taps, beta below ${negative ? 2 : 1}`, () => {
    const [width, heads, key, value] = [4, 2, 3, 5];
    const [keys, values] = [heads * key, heads * value];
    const channels = 2 * keys + values;
    const params = {
      input: draw(width, channels),
      beta: draw(width, heads),
      norm: draw(value),
      output: draw(values, width),
      ...(conv ? { convolution: { weight: draw(conv, channels) } } : {}),
    };
    const state: Any = { memory: draw(batch, heads, key, value) };
    if (conv) state.window = draw(batch, conv - 1, channels);
    const x = draw(batch, width);
    const config = deltaNet.configure(
      { heads, expandKey: keys / width, expandValue: values / width, conv, negative },
      width,
    );
    const [next, y] = stepOf(deltaNet, config, params, state, x);
    assert.deepEqual(Object.keys(next).sort(), Object.keys(state).sort());
    for (let b = 0; b < batch; b++) {
      const token = rows(x)[b];
      const mixed = timesColumns(token, params.input);
      const active = conv
        ? convolved(params.convolution!, rowsOf(state.window, b), mixed)
        : mixed.map(silu);
      if (conv) {
        const kept = [...rowsOf(state.window, b).slice(1), mixed].flat();
        kept.forEach((v, i) => near(next.window.data[b * kept.length + i], v, "window"));
      }
      const unit = (from: number) => {
        const part = active.slice(from, from + key);
        const size = Math.sqrt(dot(part, part) + 1e-6);
        return part.map((v) => v / size);
      };
      const betas = timesColumns(token, params.beta).map((v) => (negative ? 2 : 1) * sigmoid(v));
      const read: number[] = [];
      for (let h = 0; h < heads; h++) {
        const [q, k] = [unit(h * key), unit(keys + h * key)];
        const v = active.slice(2 * keys + h * value, 2 * keys + (h + 1) * value);
        const at = (i: number, j: number) => ((b * heads + h) * key + i) * value + j;
        const seen = v.map((target, j) => {
          const held = dot(k, k.map((_, i) => state.memory.data[at(i, j)]));
          return dot(
            q,
            k.map((ki, i) => {
              const memory = state.memory.data[at(i, j)] + betas[h] * ki * (target - held);
              near(next.memory.data[at(i, j)], memory, "memory");
              return memory;
            }),
          ) / Math.sqrt(key);
        });
        read.push(...rmsNorm(params.norm.data, seen, 1e-5));
      }
      timesColumns(read, params.output)
        .forEach((v, i) => near(y.data[b * width + i], v, "output"));
    }
  });
}

for (const conv of [3, 0]) {
  Deno.test(`Mamba-2 fades a head's memory by its step and writes by it, ${conv} taps`, () => {
    const [width, expand, head, states] = [3, 2, 2, 5];
    const inner = expand * width;
    const heads = inner / head;
    const channels = inner + 2 * states;
    const params = {
      input: draw(width, channels),
      step: { weight: draw(width, heads), bias: draw(heads) },
      rate: draw(heads),
      skip: draw(heads),
      gate: draw(width, inner),
      norm: draw(inner),
      output: draw(inner, width),
      ...(conv ? { convolution: { weight: draw(conv, channels), bias: draw(channels) } } : {}),
    };
    const state: Any = { memory: draw(batch, heads, head, states) };
    if (conv) state.window = draw(batch, conv - 1, channels);
    const x = draw(batch, width);
    const config = mamba2.configure({ state: states, headWidth: head, expand, conv }, width);
    const [next, y] = stepOf(mamba2, config, params, state, x);
    assert.deepEqual(Object.keys(next).sort(), Object.keys(state).sort());
    for (let b = 0; b < batch; b++) {
      const token = rows(x)[b];
      const mixed = timesColumns(token, params.input);
      const active = conv
        ? convolved(params.convolution!, rowsOf(state.window, b), mixed)
        : mixed.map(silu);
      if (conv) {
        const kept = [...rowsOf(state.window, b).slice(1), mixed].flat();
        kept.forEach((v, i) => near(next.window.data[b * kept.length + i], v, "window"));
      }
      const [B, C] = [active.slice(inner, inner + states), active.slice(inner + states)];
      const steps = affine(params.step, token).map((v) => Math.log1p(Math.exp(v)));
      const gates = timesColumns(token, params.gate).map(silu);
      const read = active.slice(0, inner).map((value, channel) => {
        const h = Math.floor(channel / head);
        const a = Math.exp(-steps[h] * Math.exp(params.rate.data[h]));
        const memory = B.map((key, n) => {
          const at = (b * inner + channel) * states + n;
          const now = a * state.memory.data[at] + steps[h] * key * value;
          near(next.memory.data[at], now, "memory");
          return now;
        });
        return (dot(memory, C) + params.skip.data[h] * value) * gates[channel];
      });
      timesColumns(rmsNorm(params.norm.data, read, 1e-5), params.output)
        .forEach((v, i) => near(y.data[b * width + i], v, "output"));
    }
  });
}

const fresh = (layer: Any, width: number, options: object, gain?: number): Record<string, Tensor> =>
  flatten(toHost(layer.init(layer.configure(options, width), jaxRandom.key(1), gain)));
const shapes = (params: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, [...shape]]));
const allOnes = ({ data }: Tensor) => Array.from(data).every((v) => v === 1);

for (const gain of [1, 0.25]) {
  Deno.test(`DeltaNet: normal maps without biases, uniform taps, the output by a gain of ${gain}`, () => {
    const d = 64;
    const options = { heads: 32, expandKey: 0.5, expandValue: 1.5 };
    const params = fresh(deltaNet, d, options, gain);
    assert.deepEqual(shapes(params), {
      input: [d, 160],
      beta: [d, 32],
      "convolution.weight": [4, 160],
      norm: [3],
      output: [96, d],
    });
    assertNormal(params.input.data, 1 / Math.sqrt(d), "input");
    assertNormal(params.beta.data, 1 / Math.sqrt(d), "beta");
    assertUniform(params["convolution.weight"].data, -0.5, 0.5, "taps");
    assert.ok(allOnes(params.norm));
    assertNormal(params.output.data, gain / Math.sqrt(96), "output");
    const without = shapes(fresh(deltaNet, d, { ...options, conv: 0 }, gain));
    assert.ok(!("convolution.weight" in without));
  });

  Deno.test(`Mamba-2: rates in 1..16, steps log-uniform in .001...1, the output by a gain of ${gain}`, () => {
    const d = 24;
    const heads = 2400;
    const params = fresh(mamba2, d, { state: 5, expand: 100, headWidth: 1 }, gain);
    assert.deepEqual(shapes(params), {
      input: [d, 2410],
      "convolution.weight": [4, 2410],
      "convolution.bias": [2410],
      "step.weight": [d, heads],
      "step.bias": [heads],
      rate: [heads],
      skip: [heads],
      gate: [d, 2400],
      norm: [2400],
      output: [2400, d],
    });
    for (const name of ["input", "step.weight", "gate"]) {
      assertNormal(params[name].data, 1 / Math.sqrt(d), name);
    }
    assertUniform(params["convolution.weight"].data, -0.5, 0.5, "taps");
    assertUniform(params["convolution.bias"].data, -0.5, 0.5, "the convolution's bias");
    const steps = Array.from(params["step.bias"].data, (v) => Math.log10(Math.log1p(Math.exp(v))));
    assertUniform(steps, -3, -1, "logarithms of the steps");
    assert.ok(Math.max(...steps) > Math.log10(0.098) && Math.min(...steps) < Math.log10(0.00103));
    assertUniform(Array.from(params.rate.data, Math.exp), 1, 16, "rates");
    assert.ok(allOnes(params.skip) && allOnes(params.norm));
    assertNormal(params.output.data, gain / Math.sqrt(2400), "output");
    const without = shapes(fresh(mamba2, d, { conv: 0 }, gain));
    assert.ok(!("convolution.weight" in without) && !("convolution.bias" in without));
  });
}

Deno.test("Mamba-2's heads are as wide as they can be up to 64, and divide the inner width", () => {
  const cases = [[5, 2, 10], [32, 2, 64], [33, 2, 33], [64, 2, 64], [48, 2, 48], [64, 1.5, 48]];
  for (const [width, expand, want] of cases) {
    assert.equal(mamba2.configure({ expand }, width).headWidth, want, `${expand} x ${width}`);
  }
});

/** Of a whole sequence, y in float32 as training runs it and in float64 as the cell defines it. */
async function bothPrecisions(layer: Any, config: Any, params: Any, x: Tensor) {
  const program = await compile((p: Any, x: Any) => overSequence(layer, config, p, x)[1], [
    params,
    x,
  ]);
  const got = await (await program.run(params, x)).read();
  await program.close();
  const [, want] = inFloat64((p: Any, x: Any) => recurrent(layer, config, p, x), params, x);
  return [got, want];
}

Deno.test("Mamba-2 in float32, with steps that close a head's memory, leave it open, and do either by the token", async () => {
  const width = 4;
  const config = mamba2.configure({ state: 3, headWidth: 2, conv: 2 }, width);
  const params: Any = toHost(mamba2.init(config, jaxRandom.key(1)));
  params.step.weight.data.fill(0);
  for (let i = 0; i < width; i++) params.step.weight.data[4 * i + 2] = 40; // the third head
  params.step.bias.data.set([80, -30, 0, 0]);
  params.rate.data.fill(Math.log(16)); // exp(-16 x 80) is zero
  const x = randomTensor(generator(3), [2, 90, width], { low: -1, high: 1 });
  const [got, want] = await bothPrecisions(mamba2, config, params, x);
  assertClose(got, want, 1e-5, "y");
});

Deno.test("DeltaNet [-1, 1] in float32, with equal keys and beta = 1.9 over many chunks", async () => {
  const width = 4;
  const config = deltaNet.configure({ heads: 2, conv: 0, negative: true }, width);
  const params: Any = toHost(deltaNet.init(config, jaxRandom.key(1)));
  // Channel 0 of the token is always 1: keys see nothing else, and neither does beta.
  const [keys, channels] = [width, 3 * width];
  params.input.data.forEach((_: number, at: number) => {
    const [row, column] = [Math.floor(at / channels), at % channels];
    if (row > 0 && column >= keys && column < 2 * keys) params.input.data[at] = 0;
  });
  params.beta.data.fill(0);
  params.beta.data.set([Math.log(19), Math.log(19)]); // 2 sigmoid = 1.9
  const x = randomTensor(generator(3), [2, 150, width], { low: -1, high: 1 });
  for (let at = 0; at < x.data.length; at += width) x.data[at] = 1;
  const [got, want] = await bothPrecisions(deltaNet, config, params, x);
  assertClose(got, want, 1e-4, "y");
});
