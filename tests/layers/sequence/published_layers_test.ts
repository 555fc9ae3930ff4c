/** @file Layers that follow published code: their options and defaults, and the distribution of their fresh parameters. */
import { init as initJax, random as jaxRandom } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Tensor } from "../../../lib/engine/mod.ts";
import { layer as alrnn } from "../../../lib/layers/sequence/alrnn.ts";
import { layer as cfc } from "../../../lib/layers/sequence/cfc.ts";
import { layer as hgrn } from "../../../lib/layers/sequence/hgrn.ts";
import { layer as lem } from "../../../lib/layers/sequence/lem.ts";
import { layer as ltc } from "../../../lib/layers/sequence/ltc.ts";
import { layer as minLstm } from "../../../lib/layers/sequence/minlstm.ts";
import { layer as rgLru } from "../../../lib/layers/sequence/rg_lru.ts";
import { layer as scrn } from "../../../lib/layers/sequence/scrn.ts";
import { layer as shallowPlrnn } from "../../../lib/layers/sequence/shallow_plrnn.ts";
import { layer as slstm } from "../../../lib/layers/sequence/slstm.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { toHost } from "../../../lib/train/host.ts";
import { assertNormal, assertUncorrelated, assertUniform, assertZero } from "../../moments.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any -- layers of any configuration
type Any = any;

const fresh = (layer: Any, width: number, options: object = {}, seed = 1, gain?: number) =>
  flatten(toHost(layer.init(layer.configure(options, width), jaxRandom.key(seed), gain))) as Record<
    string,
    Tensor
  >;
const shapes = (params: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, [...shape]]));
const assertOnes = ({ data }: Tensor) => assert.ok(data.every((x: number) => x === 1));
/** Of what a layer calls softplus. */
const softplus = ({ data }: Tensor) => Array.from(data, (x) => Math.log1p(Math.exp(x)));

type Refusal = [options: object, allowed: RegExp];

/** Defaults at a width of 10, and what is refused there. */
const layers: Record<string, { layer: Any; defaults: object; refused: Refusal[] }> = {
  hgrn: {
    layer: hgrn,
    defaults: { expansion: 1, lowerBound: 0, negative: false },
    refused: [
      [{ expansion: 0 }, />0/],
      [{ expansion: 0.55 }, /whole number/],
      [{ lowerBound: -0.1 }, />=0/],
      [{ lowerBound: 1 }, /<1/],
    ],
  },
  minlstm: {
    layer: minLstm,
    defaults: { expansion: 1 },
    refused: [[{ expansion: 0 }, />0/], [{ expansion: 0.55 }, /whole number/]],
  },
  rg_lru: {
    layer: rgLru,
    defaults: { heads: 1, minRadius: 0.9, maxRadius: 0.999, negative: false },
    refused: [
      [{ heads: 0 }, />=1/],
      [{ heads: 3 }, /3/],
      [{ minRadius: 0 }, />0/],
      [{ maxRadius: 1 }, /<1/],
      [{ minRadius: 0.9, maxRadius: 0.8 }, /minRadius must not be above maxRadius/],
    ],
  },
  slstm: {
    layer: slstm,
    defaults: { heads: 1 },
    refused: [[{ heads: 0 }, />=1/], [{ heads: 3 }, /3/]],
  },
  lem: { layer: lem, defaults: { dt: 1 }, refused: [[{ dt: 0 }, />0/], [{ dt: 1.01 }, /<=1/]] },
  cfc: {
    layer: cfc,
    defaults: { expansion: 1 },
    refused: [[{ expansion: 0 }, />0/], [{ expansion: 0.55 }, /whole number/]],
  },
  ltc: {
    layer: ltc,
    defaults: { unfolds: 6 },
    refused: [[{ unfolds: 0 }, />=1/], [{ unfolds: 1.5 }, /int/]],
  },
  scrn: {
    layer: scrn,
    defaults: { context: 5, keep: 0.95 },
    refused: [[{ context: 0 }, />=1/], [{ keep: 0 }, />0/], [{ keep: 1 }, /<1/]],
  },
  shallow_plrnn: {
    layer: shallowPlrnn,
    defaults: { state: 10, hidden: 20, clipped: false },
    refused: [[{ state: 0 }, />=1/], [{ hidden: 0 }, />=1/]],
  },
  alrnn: {
    layer: alrnn,
    defaults: { state: 10, nonlinear: 3 },
    refused: [
      [{ state: 0 }, />=1/],
      [{ nonlinear: -1 }, />=0/],
      [{ nonlinear: 11 }, /at most state = 10/],
    ],
  },
};

for (const [name, { layer, defaults, refused }] of Object.entries(layers)) {
  Deno.test(`${name}: defaults, and wrong options with what is allowed`, () => {
    assert.deepEqual(layer.configure({}, 10), { width: 10, ...defaults });
    for (const [options, allowed] of refused) {
      assert.throws(() => layer.configure(options, 10), (error: Error) => {
        assert.match(error.message, new RegExp(`^${name} options: `));
        assert.match(error.message, allowed);
        return true;
      });
    }
    assert.throws(() => layer.configure({ nonsense: 1 }, 10), /nonsense/);
  });

  Deno.test(`${name}: what is drawn is drawn for itself, from the key`, () => {
    const [one, other] = [1, 2].map((seed) => fresh(layer, 12, {}, seed));
    const drawn = Object.keys(one).filter((key) => `${one[key].data}` !== `${other[key].data}`);
    assert.ok(drawn.length > 0);
    for (const [i, a] of drawn.entries()) {
      assertUncorrelated(one[a].data, other[a].data, `${a} of two keys`);
      for (const b of drawn.slice(0, i)) {
        assertUncorrelated(one[a].data, one[b].data, `${a} and ${b}`);
      }
    }
  });
}

const d = 24;
for (const gain of [1, 0.25]) {
  Deno.test(`HGRN and minLSTM: normal maps without biases, the output by a gain of ${gain}`, () => {
    const n = 1.5 * d;
    const gated = fresh(hgrn, d, { expansion: 1.5 }, 1, gain);
    assert.deepEqual(shapes(gated), { input: [d, 2 * n], gate: [d, n], norm: [n], output: [n, d] });
    for (const name of ["input", "gate"]) assertNormal(gated[name].data, 1 / Math.sqrt(d), name);
    assertOnes(gated.norm);
    const small = fresh(minLstm, d, { expansion: 1.5 }, 1, gain);
    assert.deepEqual(shapes(small), { input: [d, 3 * n], output: [n, d] });
    assertNormal(small.input.data, 1 / Math.sqrt(d), "input");
    for (const { output } of [gated, small]) assertNormal(output.data, gain / Math.sqrt(n));
    // The state itself comes out where it is as wide as the tokens.
    assert.deepEqual(shapes(fresh(minLstm, d, {}, 1, gain)), { input: [d, 3 * d] });
  });

  Deno.test(`SCRN and piecewise linear maps: normal maps, the output by a gain of ${gain}`, () => {
    const context = 10;
    const slow = fresh(scrn, d, { context }, 1, gain);
    assert.deepEqual(shapes(slow), {
      ...{ input: [d, d + context], bias: [d], recurrent: [d, d], lift: [context, d] },
      ...{ "output.weight": [d + context, d], "output.bias": [d] },
    });
    for (const name of ["input", "recurrent"]) assertNormal(slow[name].data, 1 / Math.sqrt(d));
    assertNormal(slow.lift.data, 1 / Math.sqrt(context));
    assertNormal(slow["output.weight"].data, gain / Math.sqrt(d + context));
    for (const name of ["bias", "output.bias"]) assertZero(slow[name].data, name);

    const [state, hidden] = [30, 50];
    const wide = fresh(shallowPlrnn, d, { state, hidden }, 1, gain);
    assertNormal(wide["up.weight"].data, 1 / Math.sqrt(state), "up");
    assertNormal(wide.down.data, 0.1 / Math.sqrt(hidden), "down");
    const some = fresh(alrnn, d, { state }, 1, gain);
    assertNormal(some.recurrent.data, 0.1 / Math.sqrt(state), "recurrent");
    for (const params of [wide, some]) {
      assert.deepEqual([...params.output.shape], [state, d]);
      assertNormal(params["input.weight"].data, 1 / Math.sqrt(d), "input");
      assertZero(params["input.bias"].data, "the bias");
      assertUniform(params.diagonal.data, 0.5, 0.9, "diagonal");
      assertNormal(params.output.data, gain / Math.sqrt(state), "output");
    }
  });
}

Deno.test("RG-LRU: squared radii uniform on the ring, gates normal, without biases", () => {
  const [width, heads] = [600, 20];
  const params = fresh(rgLru, width, { heads, minRadius: 0.5, maxRadius: 0.9 });
  assert.deepEqual(shapes(params), {
    ...{ gates: [heads, 30, 60], bias: [2 * width], decay: [width] },
  });
  assertNormal(params.gates.data, 1 / Math.sqrt(30), "gates");
  assertZero(params.bias.data, "bias");
  // softplus(decay) is -log(radius).
  const squares = softplus(params.decay).map((rate) => Math.exp(-2 * rate));
  assertUniform(squares, 0.25, 0.81, "squared radius");
});

Deno.test("sLSTM: nothing is fed back, and forget biases fall from 5 to -7 in every head", () => {
  const [width, heads] = [20, 4];
  const params = fresh(slstm, width, { heads });
  assert.deepEqual(shapes(params), {
    ...{ "input.weight": [width, 4 * width], "input.bias": [4 * width] },
    recurrent: [heads, 5, 20],
  });
  assertNormal(params["input.weight"].data, 1 / Math.sqrt(width), "input");
  assertZero(params.recurrent.data, "recurrent");
  const bias = Array.from(params["input.bias"].data);
  const fall = [0, 1, 2, 3, 4].map((i) => 5 - 12 * (i / 4) ** 0.3);
  assert.deepEqual([fall[0], fall[4]], [5, -7]);
  bias.forEach((b, i) => {
    const want = i >= width && i < 2 * width ? fall[i % 5] : 0;
    assert.ok(Math.abs(b - want) < 1e-5, `bias ${i} is ${b}, not ${want}`);
  });
  const [only] = fresh(slstm, 1)["input.bias"].data.slice(1, 2);
  assert.equal(only, 5);
});

Deno.test("LEM: all uniform within 1 / sqrt(d)", () => {
  const params = fresh(lem, d);
  assert.deepEqual(shapes(params), {
    ...{ "input.weight": [d, 4 * d], "input.bias": [4 * d] },
    ...{ recurrent: [d, 3 * d], coupling: [d, d] },
  });
  for (const [name, { data }] of Object.entries(params)) {
    assertUniform(data, -1 / Math.sqrt(d), 1 / Math.sqrt(d), name);
  }
});

Deno.test("CfC: uniform by Glorot's bounds, without biases", () => {
  const u = 36;
  const params = fresh(cfc, d, { expansion: 1.5 });
  assert.deepEqual(shapes(params), {
    ...{ "input.weight": [d, u], "input.bias": [u], recurrent: [d, u] },
    ...{ "heads.weight": [u, 3 * d], "heads.bias": [3 * d] },
  });
  const within = (name: string, bound: number) =>
    assertUniform(params[name].data, -bound, bound, name);
  // Input and state are one vector in the code; its three heads are maps of their own.
  for (const name of ["input.weight", "recurrent"]) within(name, Math.sqrt(6 / (2 * d + u)));
  within("heads.weight", Math.sqrt(6 / (u + d)));
  for (const name of ["input.bias", "heads.bias"]) assertZero(params[name].data, name);
});

Deno.test("LTC: conductances, slopes and potentials in the ranges of its code", () => {
  const width = 40;
  const params = fresh(ltc, width);
  for (const which of ["sensory", "between"]) {
    const of = (name: string) => params[`${which}.${name}`];
    for (const name of ["strength", "slope", "middle", "reversal"]) {
      assert.deepEqual([...of(name).shape], [width, width]);
    }
    assertUniform(softplus(of("strength")), 0.001, 1, "strength");
    assertUniform(of("slope").data, 3, 8, "slope");
    assertUniform(of("middle").data, 0.3, 0.8, "middle");
    const signs = Array.from(of("reversal").data) as number[];
    assert.ok(signs.every((sign) => Math.abs(sign) === 1));
    const mean = signs.reduce((a, b) => a + b, 0) / signs.length;
    assert.ok(Math.abs(mean) < 4.5 / width, `as many excite as inhibit: ${mean}`);
  }
  assertUniform(softplus(params.leak), 0.001, 1, "leak");
  assertUniform(softplus(params.capacity), 0.4, 0.6, "capacity");
  assertUniform(params.rest.data, -0.2, 0.2, "rest");
  for (const name of ["scale", "outputScale"]) assertOnes(params[name]);
  for (const name of ["shift", "outputShift"]) assertZero(params[name].data, name);
});
