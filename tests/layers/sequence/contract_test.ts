/**
 * @file What every sequence layer promises (lib/layers/sequence/sequence_layer.ts), in float64 on engine `ort`. A new file of the
 * folder is tested without being named here.
 */
import { type numpy as np, random as jaxRandom, vmap } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Tensor } from "../../../lib/engine/mod.ts";
import * as forms from "../../../lib/layers/sequence/forms.ts";
import { flatten, stack } from "../../../lib/tensor/trees.ts";
import { toHost } from "../../../lib/train/host.ts";
import { assertClose, generator } from "../../engine/oracle.ts";
import {
  type Any,
  assertTreesClose,
  cases,
  evaluate,
  type Form,
  isFloatTensor,
  mapTensors,
  part,
  run,
  stateAfter,
  tokensOf,
  widened,
} from "./layers.ts";

const sizes = [[1, 1], [3, 7], [3, 65], [1, 130]]; // batch, tokens

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
    for (const [key, { dtype, data }] of Object.entries(one)) {
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

  for (const [batch, length] of sizes) {
    Deno.test(`${name}: all at once is token by token, ${batch} x ${length}`, async () => {
      const x = tokensOf(tested, batch, length);
      for (const before of [0, 3]) {
        const state = before ? await stateAfter(tested, batch, before, length) : undefined;
        const [wantState, want] = await run(forms.recurrent, tested, x, state);
        assert.deepEqual([...want.shape], [batch, length, width]);
        assert.equal(want.dtype, "float64");
        assert.ok(want.data.every(Number.isFinite));
        const [gotState, got] = await run(forms.overSequence, tested, x, state);
        assertClose(got, want, 1e-10, `y after ${before}`);
        assertTreesClose(gotState, wantState, 1e-10, `the state after ${before}`);
        if (before) continue;
        const fresh = widened(layer.initialState(config, batch, length));
        for (const [what, form] of bothForms) {
          const [state, y] = await run(form, tested, x, fresh);
          assertClose(y, want, 1e-10, `y from the first state, ${what}`);
          assertTreesClose(state, wantState, 1e-10, `the state from the first state, ${what}`);
        }
      }
    });
  }

  Deno.test(`${name}: one token at a time is the sequence, in one part or two`, async () => {
    const [batch, length, cut] = [3, 7, 3];
    const x = tokensOf(tested, batch, length);
    const start = widened(layer.initialState(config, batch, length));
    const [wantState, want] = await run(forms.recurrent, tested, x);
    const single = (x: Tensor) => ({ ...x, shape: [batch, width] });
    let state = start;
    for (let t = 0; t < length; t++) {
      const [next, y] = await evaluate(
        (p, s, x) => forms.step(layer, config, p, s, x),
        params,
        state,
        single(part(x, t, t + 1)),
      );
      state = next;
      assertClose(y, single(part(want, t, t + 1)), 1e-12, `token ${t}`);
    }
    assertTreesClose(state, wantState, 1e-12, "the state after single tokens");
    for (const [what, form] of bothForms) {
      const [middle, first] = await run(form, tested, part(x, 0, cut), start);
      const [last, second] = await run(form, tested, part(x, cut, length), middle);
      assertClose(first, part(want, 0, cut), 1e-10, `${what}: first part`);
      assertClose(second, part(want, cut, length), 1e-10, `${what}: second part`);
      assertTreesClose(last, wantState, 1e-10, `${what}: the state after two parts`);
    }
  });

  Deno.test(`${name}: a token changes what follows and nothing before it`, async () => {
    const [batch, length] = [1, 70];
    const x = tokensOf(tested, batch, length);
    for (const [what, form] of bothForms) {
      const [, before] = await run(form, tested, x);
      for (const t of [0, 5, 66]) {
        const data = x.data.map((v, i) => Math.floor(i / width) === t ? v + 1 : v) as Float64Array;
        const [, after] = await run(form, tested, { ...x, data });
        assertClose(part(after, 0, t), part(before, 0, t), 1e-12, `${what}, before ${t}`);
        const moved = part(after, t, length).data.map((v, i) => v - before.data[t * width + i]);
        assert.ok(moved.some((v) => Math.abs(v) > 1e-3), `${what}: token ${t} changes nothing`);
      }
    }
  });

  Deno.test(`${name}: sequences of a batch do not see each other`, async () => {
    const x = tokensOf(tested, 3, 7);
    for (const [what, form] of bothForms) {
      const [, all] = await run(form, tested, x);
      const second = (y: Tensor) => ({
        ...y,
        shape: [1, 7, width],
        data: y.data.slice(7 * width, 14 * width),
      });
      const [, alone] = await run(form, tested, second(x));
      assertClose(alone, second(all), 1e-12, what);
    }
  });

  Deno.test(`${name}: it is a linear map just if it says so`, async () => {
    const [x, z] = [3, 4].map((seed) => tokensOf(tested, 2, 5, seed));
    const mixed = { ...x, data: Float64Array.from(x.data, (v, i) => 0.7 * v - 1.6 * z.data[i]) };
    const [a, b, got] = await Promise.all(
      [x, z, mixed].map(async (x) => (await run(forms.overSequence, tested, x))[1].data),
    );
    const errors = Array.from(got, (v, i) => Math.abs(v - (0.7 * a[i] - 1.6 * b[i])));
    assert.equal(Math.max(...errors) < 1e-9, isLinearMap, `off by ${Math.max(...errors)}`);
  });

  Deno.test(`${name}: the next state is linear in the last one, or it says that it is not`, async () => {
    // Two histories that end alike: what a layer keeps of its last tokens as they were is a coefficient of the next step.
    const ending = tokensOf(tested, 2, 4, 8);
    const states = await Promise.all([5, 6].map(async (seed) => {
      const [state] = await run(
        forms.recurrent,
        tested,
        ending,
        await stateAfter(tested, 2, 4, 5, seed),
      );
      return state;
    }));
    if (!Object.values(flatten(states[0])).every(isFloatTensor)) return; // positions are not mixed
    const [s, r] = states.map((state) => flatten(state));
    const apart = Object.keys(s).flatMap((key) =>
      Array.from(s[key].data, (v, i) => v - r[key].data[i])
    );
    assert.ok(Math.hypot(...apart) > 1e-3, "the histories are forgotten");
    const names = Object.keys(s).values();
    const mixed = mapTensors(states[0], (leaf) => {
      const other = r[names.next().value!];
      return { ...leaf, data: leaf.data.map((v, i) => 1.7 * v - 0.7 * other.data[i]) };
    });
    const x = tokensOf(tested, 2, 1);
    const [a, b, got] = await Promise.all(
      [...states, mixed].map(async (state) =>
        flatten((await run(forms.recurrent, tested, x, state))[0])
      ),
    );
    const errors = Object.keys(got).flatMap((key) =>
      Array.from(
        got[key].data,
        (v, i) => Math.abs(v - (1.7 * a[key].data[i] - 0.7 * b[key].data[i])),
      )
    );
    const isLinear = layer.about.kind !== "nonlinear";
    assert.equal(Math.max(...errors) < 1e-9, isLinear, `off by ${Math.max(...errors)}`);
  });

  Deno.test(`${name}: two runs give the same bits`, async () => {
    const x = tokensOf(tested, 3, 65);
    const single = mapTensors({ params, x }, (leaf) => ({
      ...leaf,
      dtype: "float32",
      data: Float32Array.from(leaf.data),
    }));
    const once = () =>
      evaluate((p, x) => forms.overSequence(layer, config, p, x), single.params, single.x);
    const [first, again] = [await once(), await once()];
    assert.deepEqual(again, first);
    assert.ok(first[1].data.some((v: number) => v !== 0));
  });

  Deno.test(`${name}: several sets of parameters at once are each of them alone`, async () => {
    const random = generator(9);
    const other = mapTensors(params, (leaf) => ({
      ...leaf,
      data: leaf.data.map((v) => v + 0.1 * random()),
    }));
    const [batch, length] = [2, 5];
    const xs = [1, 2].map((seed) => tokensOf(tested, batch, length, seed));
    const states = await Promise.all(
      [3, 4].map((seed) => stateAfter(tested, batch, 2, length, seed)),
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
