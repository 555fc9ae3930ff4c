/**
 * @file What every sequence layer promises (lib/layers/sequence/sequence_layer.ts), in float64 on engine `ort`. A new file of the
 * folder is tested without being named here. Most of the time goes into compiling: checks share the shapes of their programs.
 */
import { type numpy as np, random as jaxRandom, vmap } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Tensor, Tree } from "../../../lib/engine/mod.ts";
import * as forms from "../../../lib/layers/sequence/forms.ts";
import { flatten, stack } from "../../../lib/tensor/trees.ts";
import { toHost } from "../../../lib/train/host.ts";
import { assertClose, generator } from "../../engine/oracle.ts";
import { assertAlone, assertTokenByToken, sequence } from "./agreement.ts";
import {
  type Any,
  assertTreesClose,
  cases,
  evaluate,
  type Form,
  isFloatTensor,
  isInterpreted,
  mapTensors,
  part,
  run,
  runStep,
  stateAfter,
  tokensOf,
  widened,
} from "./layers.ts";

// Batch and tokens: one, less than a chunk of any layer, several of all. Other checks use the same ones, and their programs.
const [one, few, many] = [[1, 1], [3, 7], [3, 130]];
// Where jax-js's interpreter runs a convolution, which has no chunks: its time grows with the square of the tokens.
const interpreted = [2, 31];

Deno.test("there are layers, each under the name of its file", () => {
  const names = cases.map(({ name }) => name);
  for (const name of ["gru", "linear_attention", "lru", "lstm", "softmax_attention"]) {
    assert.ok(names.includes(name), name);
  }
});

for (const tested of cases) {
  const { name, layer, config, width, params } = tested;
  const bothForms: [string, Form][] = [["recurrent", forms.recurrent]];
  if (layer.parallel) bothForms.push(["parallel", forms.overSequence]);
  const isLinearMap = layer.about.kind === "linear map";

  Deno.test(`${name}: says what it is`, () => {
    const { about } = layer;
    assert.ok(about.name.length > 0 && about.eigenvalues.length > 0);
    assert.match(about.paper, /\d{4}.*(eq\.|section|theorem|figure|table|algorithm)/s);
    assert.ok(["linear map", "linear in the state", "nonlinear"].includes(about.kind));
  });

  Deno.test(`${name}: options that do not exist are refused, under the layer's name`, () => {
    assert.throws(() => layer.configure({ nonsense: 1 }, width), {
      message: new RegExp(`^${name} options: Unrecognized key: "nonsense"`),
    });
    for (const options of [null, 3, "heads"]) {
      assert.throws(() => layer.configure(options, width), new RegExp(`^Error: ${name} options: `));
    }
  });

  Deno.test(`${name}: fresh parameters are finite float32, from the key alone`, () => {
    const [one, again, other] = [1, 1, 2].map((seed) =>
      flatten(toHost(layer.init(config, jaxRandom.key(seed))))
    );
    assert.deepEqual(again, one);
    assert.notDeepEqual(other, one);
    // As the last of a stack that begins as zero: what it adds is scaled by 0.
    const silent = flatten(toHost(layer.init(config, jaxRandom.key(1), 0)));
    for (const [key, { dtype, data }] of [one, silent].flatMap(Object.entries<Tensor>)) {
      assert.equal(dtype, "float32", key);
      assert.ok(data.every(Number.isFinite), key);
    }
  });

  Deno.test(`${name}: the first state is float32, or int32, of one sequence as of three`, () => {
    for (const batch of [1, 3]) {
      const leaves = Object.values(flatten(layer.initialState(config, batch, 2)));
      assert.ok(leaves.length > 0);
      for (const { dtype, shape, data } of leaves) {
        assert.ok(dtype === "float32" || dtype === "int32", dtype);
        assert.ok(shape.length === 0 || shape[0] === batch, `[${shape}]`);
        assert.equal(data.length, shape.reduce((a, b) => a * b, 1));
      }
    }
  });

  /** What its parallel form is tried with. */
  const longest = async () =>
    await isInterpreted(tested, tokensOf(tested, many[0], many[1])) ? interpreted : many;

  Deno.test(`${name}: all at once is token by token, one token and few`, async () => {
    await assertTokenByToken(tested, one, []);
    await assertTokenByToken(tested, few, bothForms.map(([, form]) => form));
  });

  if (layer.parallel) {
    Deno.test(`${name}: all at once is token by token, several chunks`, async () => {
      await assertTokenByToken(tested, await longest(), [forms.overSequence]);
    });
  }

  Deno.test(`${name}: one token at a time is the sequence, in one part or two`, async () => {
    const [batch, each] = few;
    const length = 2 * each;
    const x = tokensOf(tested, batch, length);
    const start = widened(layer.initialState(config, batch, length));
    const single = (x: Tensor, t: number) => ({ ...part(x, t, t + 1), shape: [batch, width] });
    const ends: [string, Tree<Tensor>][] = bothForms.map(([what]) => [what, start]);
    let state = start;
    for (const from of [0, each]) {
      const tokens = part(x, from, from + each);
      const parts: Tensor[] = [];
      for (const [i, [what, form]] of bothForms.entries()) {
        const [last, y] = await run(form, tested, tokens, ends[i][1]);
        parts.push(y);
        ends[i] = [what, last];
      }
      for (let t = 0; t < each; t++) {
        const [next, y] = await runStep(tested, single(tokens, t), state);
        state = next;
        parts.forEach((all, i) =>
          assertClose(y, single(all, t), 1e-10, `${ends[i][0]}: token ${from + t}`)
        );
      }
    }
    for (const [what, last] of ends) {
      assertTreesClose(last, state, 1e-10, `${what}: the state after two parts`);
    }
  });

  Deno.test(`${name}: a token changes what follows in its sequence, and nothing else`, async () => {
    for (const [what, form] of bothForms) {
      const [batch, length] = form === forms.recurrent ? few : await longest();
      const x = tokensOf(tested, batch, length);
      // Each sequence gets another token somewhere else.
      const changed = [0, 5, 66].map((t) => Math.min(t, length - 2)).slice(-batch);
      const data = Float64Array.from(x.data, (v, i) => {
        const [b, t] = [Math.floor(i / width / length), Math.floor(i / width) % length];
        return t === changed[b] ? v + 1 : v;
      });
      const [, before] = await run(form, tested, x);
      const [, after] = await run(form, tested, { ...x, data });
      for (const [b, t] of changed.entries()) {
        const [old, now] = [before, after].map((y) => sequence(y, b));
        assertClose(part(now, 0, t), part(old, 0, t), 1e-12, `${what}, before ${t}`);
        const [moved, still] = [now, old].map((y) => part(y, t, length).data);
        const follows = moved.some((v, i) => Math.abs(v - still[i]) > 1e-3);
        assert.ok(follows, `${what}: token ${t} changes nothing`);
      }
    }
  });

  Deno.test(`${name}: sequences of a batch do not see each other`, async () => {
    // (A whole sequence alone: tests/long/layers.)
    for (const [, form] of bothForms) await assertAlone(tested, few, form, 1);
  });

  Deno.test(`${name}: it is a linear map just if it says so`, async () => {
    const [x, z] = [3, 4].map((seed) => tokensOf(tested, few[0], few[1], seed));
    const mixed = { ...x, data: Float64Array.from(x.data, (v, i) => 0.7 * v - 1.6 * z.data[i]) };
    const [a, b, got] = await Promise.all(
      [x, z, mixed].map(async (x) => (await run(forms.overSequence, tested, x))[1].data),
    );
    const errors = Array.from(got, (v, i) => Math.abs(v - (0.7 * a[i] - 1.6 * b[i])));
    assert.equal(Math.max(...errors) < 1e-9, isLinearMap, `off by ${Math.max(...errors)}`);
  });

  Deno.test(`${name}: the next state is linear in the last one, or it says that it is not`, async () => {
    // Two histories that end alike: what a layer keeps of its last tokens as they were is a coefficient of the next step.
    const [batch, each] = few;
    const ending = tokensOf(tested, batch, 5, 8);
    const token = (t: number) => ({ ...part(ending, t, t + 1), shape: [batch, width] });
    const states = await Promise.all([5, 6].map(async (seed) => {
      let state = await stateAfter(tested, batch, each, each, seed);
      for (let t = 0; t < 4; t++) [state] = await runStep(tested, token(t), state);
      return state;
    }));
    if (!Object.values(flatten(states[0])).every(isFloatTensor)) return; // positions are not mixed
    const [s, r] = states.map((state) => flatten(state));
    const apart = Object.keys(s).flatMap((key) =>
      Array.from(s[key].data, (v, i) => v - r[key].data[i])
    );
    const isLinear = layer.about.kind !== "nonlinear";
    // (What bends shows where there is something to bend.)
    assert.ok(Math.hypot(...apart) > (isLinear ? 1e-6 : 1e-3), "the histories are forgotten");
    const names = Object.keys(s).values();
    const mixed = mapTensors(states[0], (leaf) => {
      const other = r[names.next().value!];
      return { ...leaf, data: leaf.data.map((v, i) => 1.7 * v - 0.7 * other.data[i]) };
    });
    const [a, b, got] = await Promise.all(
      [...states, mixed].map(async (state) => flatten((await runStep(tested, token(4), state))[0])),
    );
    const errors = Object.keys(got).flatMap((key) =>
      Array.from(
        got[key].data,
        (v, i) => Math.abs(v - (1.7 * a[key].data[i] - 0.7 * b[key].data[i])),
      )
    );
    assert.equal(Math.max(...errors) < 1e-9, isLinear, `off by ${Math.max(...errors)}`);
  });

  Deno.test(`${name}: several sets of parameters at once are each of them alone`, async () => {
    const random = generator(9);
    const other = mapTensors(params, (leaf) => ({
      ...leaf,
      data: leaf.data.map((v) => v + 0.1 * random()),
    }));
    const [batch, length] = few;
    const xs = [1, 2].map((seed) => tokensOf(tested, batch, length, seed));
    const states = await Promise.all(
      [3, 4].map((seed) => stateAfter(tested, batch, length, length, seed)),
    );
    for (const [what, form] of bothForms) {
      const fn = (p: Any, x: np.Array, s: Any) => form(layer, config, p, x, s);
      const [last, y] = await evaluate(
        (...args) => (vmap as Any)(fn, [0, 0, 0])(...args),
        stack([params, other]),
        stack(xs),
        stack(states),
      );
      for (const [i, p] of [params, other].entries()) {
        const [wantState, want] = await run(form, { ...tested, params: p }, xs[i], states[i]);
        const mine = (all: Tensor) => {
          const size = all.data.length / 2;
          return {
            ...all,
            shape: all.shape.slice(1),
            data: all.data.slice(i * size, (i + 1) * size),
          };
        };
        assertClose(mine(y), want, 1e-10, `${what}, set ${i}`);
        assertTreesClose(mapTensors(last, mine), wantState, 1e-10, `${what}, set ${i}`);
      }
    }
  });
}
