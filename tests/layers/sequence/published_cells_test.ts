/** @file Cells of the layers that follow published code against their equations, number by number in float64, from a state that is not zero. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { layer as alrnn } from "../../../lib/layers/sequence/alrnn.ts";
import { layer as cfc } from "../../../lib/layers/sequence/cfc.ts";
import { step } from "../../../lib/layers/sequence/forms.ts";
import { layer as hgrn } from "../../../lib/layers/sequence/hgrn.ts";
import { layer as lem } from "../../../lib/layers/sequence/lem.ts";
import { layer as ltc } from "../../../lib/layers/sequence/ltc.ts";
import { layer as minLstm } from "../../../lib/layers/sequence/minlstm.ts";
import { layer as rgLru } from "../../../lib/layers/sequence/rg_lru.ts";
import { layer as scrn } from "../../../lib/layers/sequence/scrn.ts";
import { layer as shallowPlrnn } from "../../../lib/layers/sequence/shallow_plrnn.ts";
import { layer as slstm } from "../../../lib/layers/sequence/slstm.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import { inFloat64, rmsNorm, rowsOf } from "../definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any -- states of any layer
type Any = any;
type Vector = number[];

const [batch, d] = [2, 4];
const random = generator(31);
const draw = (...shape: number[]) => randomTensor(random, shape, { low: -1, high: 1 });
const map = (inputs: number, outputs: number) => ({
  weight: draw(inputs, outputs),
  bias: draw(outputs),
});
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const silu = (x: number) => x * sigmoid(x);
const softplus = (x: number) => Math.log1p(Math.exp(x));
const relu = (x: number) => Math.max(0, x);
const list = ({ data }: Tensor): Vector => Array.from(data);
const rows = (x: Tensor) => rowsOf({ ...x, shape: [1, ...x.shape] }, 0);

/** x W, with a bias where there is one. */
const times = (x: Vector, { shape: [, width], data }: Tensor, bias?: Tensor): Vector =>
  Array.from(
    { length: width },
    (_, j) => x.reduce((sum, v, i) => sum + v * data[i * width + j], bias?.data[j] ?? 0),
  );
const mapped = (x: Vector, { weight, bias }: { weight: Tensor; bias: Tensor }) =>
  times(x, weight, bias);
/** Equal parts of a vector. */
const parts = (x: Vector, count: number): Vector[] =>
  Array.from(
    { length: count },
    (_, k) => x.slice(k * x.length / count, (k + 1) * x.length / count),
  );
/** Sum of vectors. */
const sum = (...vectors: Vector[]): Vector =>
  vectors[0].map((_, i) => vectors.reduce((all, v) => all + v[i], 0));

/** What one sequence's token leaves: the parts of its next state by name ("" where it is one tensor), and y. */
interface Left {
  state: Record<string, Vector>;
  y: Vector;
}

/** Compares one token from a drawn state with `define`, which gets it for one sequence. */
function check(
  layer: Any,
  options: object,
  params: Any,
  state: Any,
  define: (token: Vector, before: Record<string, Vector>) => Left,
) {
  const x = draw(batch, d);
  const config = layer.configure(options, d);
  const [next, y] = inFloat64(
    (p: Any, s: Any, x: Any) => step(layer, config, p, s, x),
    params,
    state,
    x,
  );
  const named = (of: Any): Record<string, Tensor> => "data" in of ? { "": of } : of;
  for (let b = 0; b < batch; b++) {
    const before = Object.fromEntries(
      Object.entries(named(state)).map(([name, tensor]) => [name, rows(tensor)[b]]),
    );
    const want = define(rows(x)[b], before);
    const got = Object.fromEntries(
      Object.entries(named(next)).map(([name, tensor]) => [name, rows(tensor)[b]]),
    );
    assert.deepEqual(Object.keys(got).sort(), Object.keys(want.state).sort());
    for (const [name, vector] of [...Object.entries(want.state), ["y", want.y] as const]) {
      const own = name === "y" && !("y" in want.state) ? rows(y)[b] : got[name];
      vector.forEach((v, i) =>
        assert.ok(Math.abs(own[i] - v) < 1e-12, `${name}[${i}]: ${own[i]}, ${v}`)
      );
    }
    rows(y)[b].forEach((v, i) => assert.ok(Math.abs(v - want.y[i]) < 1e-12, `y[${i}]: ${v}`));
  }
}

for (const negative of [false, true]) {
  Deno.test(`HGRN: gates above a bound keep the state${negative ? ", times 2 less 1" : ""}, the output is gated`, () => {
    const n = 6;
    const params = { input: draw(d, 2 * n), gate: draw(d, n), norm: draw(n), output: draw(n, d) };
    const options = { expansion: 1.5, lowerBound: 0.25, negative };
    check(hgrn, options, params, draw(batch, n), (x, { "": h }) => {
      const [candidate, logit] = parts(times(x, params.input), 2);
      const next = h.map((before, i) => {
        const forget = 0.25 + 0.75 * sigmoid(logit[i]);
        return (negative ? 2 * forget - 1 : forget) * before + (1 - forget) * silu(candidate[i]);
      });
      const gate = times(x, params.gate).map(silu);
      const shown = rmsNorm(list(params.norm), next, 1e-5).map((v, i) => v * gate[i]);
      return { state: { "": next }, y: times(shown, params.output) };
    });
  });

  Deno.test(`RG-LRU: what is written has the variance that is forgotten${negative ? ", the state times 2 a - 1" : ""}`, () => {
    const heads = 2;
    const params = { gates: draw(heads, 2, 4), bias: draw(2 * d), decay: draw(d) };
    for (const first of [0, 1]) {
      const start: Tensor = {
        ...{ dtype: "int32", shape: [batch, 1], data: new Int32Array(batch).fill(first) },
      };
      const state = { h: draw(batch, d), first: start };
      check(rgLru, { heads, negative }, params, state, (x, { h }) => {
        const next = h.map((before, i) => {
          const head = Math.floor(i / 2);
          const logit = (kind: number) => {
            const bias = params.bias.data[kind * d + i];
            const column = kind * 2 + i % 2;
            return bias + [0, 1].reduce(
              (all, j) => all + x[2 * head + j] * params.gates.data[(head * 2 + j) * 4 + column],
              0,
            );
          };
          const a = Math.exp(-8 * softplus(params.decay.data[i]) * sigmoid(logit(1)));
          const factor = first ? 1 : Math.sqrt(1 - a * a);
          return (negative ? 2 * a - 1 : a) * before + factor * sigmoid(logit(0)) * x[i];
        });
        return { state: { h: next, first: [0] }, y: next };
      });
    }
  });
}

for (const expansion of [1, 1.5]) {
  Deno.test(`minLSTM: shares of two gates, ${expansion} times as wide`, () => {
    const n = expansion * d;
    const params = {
      input: draw(d, 3 * n),
      ...(expansion === 1 ? {} : { output: draw(n, d) }),
    };
    check(minLstm, { expansion }, params, draw(batch, n), (x, { "": h }) => {
      const [candidate, forget, write] = parts(times(x, params.input), 3);
      const next = h.map((before, i) => {
        const [f, g] = [sigmoid(forget[i]), sigmoid(write[i])];
        const positive = candidate[i] >= 0 ? candidate[i] + 0.5 : sigmoid(candidate[i]);
        return (f * before + g * positive) / (f + g);
      });
      return { state: { "": next }, y: params.output ? times(next, params.output) : next };
    });
  });
}

Deno.test("sLSTM: exponential gates over a normaliser, with a stabiliser that changes nothing", () => {
  const heads = 2;
  const params = { input: map(d, 4 * d), recurrent: draw(heads, 2, 8) };
  for (const empty of [false, true]) {
    const positive = draw(batch, d);
    const n = { ...positive, data: positive.data.map((v: number) => empty ? 0 : 2 + v) };
    const state = { h: draw(batch, d), c: draw(batch, d), n, m: draw(batch, d) };
    check(slstm, { heads }, params, state, (x, { h, c, n, m }) => {
      const given = mapped(x, params.input);
      const raw = (kind: number, i: number) => {
        const head = Math.floor(i / 2);
        return given[kind * d + i] + [0, 1].reduce(
          (all, j) =>
            all + h[2 * head + j] * params.recurrent.data[(head * 2 + j) * 8 + kind * 2 + i % 2],
          0,
        );
      };
      const each = h.map((_, i) => {
        const kept = Math.log(sigmoid(raw(1, i))) + m[i];
        const next = empty ? raw(0, i) : Math.max(raw(0, i), kept);
        const [write, keep] = [Math.exp(raw(0, i) - next), Math.exp(kept - next)];
        const cell = keep * c[i] + write * Math.tanh(raw(2, i));
        const normaliser = keep * n[i] + write;
        return { m: next, c: cell, n: normaliser, h: sigmoid(raw(3, i)) * cell / normaliser };
      });
      const of = (name: "h" | "c" | "n" | "m") => each.map((unit) => unit[name]);
      return { state: { h: of("h"), c: of("c"), n: of("n"), m: of("m") }, y: of("h") };
    });
  }
});

Deno.test("LEM: z moves by steps of its own, then y from the new z", () => {
  const params = { input: map(d, 4 * d), recurrent: draw(d, 3 * d), coupling: draw(d, d) };
  const state = { y: draw(batch, d), z: draw(batch, d) };
  check(lem, { dt: 0.5 }, params, state, (x, { y, z }) => {
    const [stepY, stepZ, ownY, ownZ] = parts(mapped(x, params.input), 4);
    const [fedY, fedZ, intoZ] = parts(times(y, params.recurrent), 3);
    const nextZ = z.map((before, i) => {
      const s = 0.5 * sigmoid(stepZ[i] + fedZ[i]);
      return (1 - s) * before + s * Math.tanh(ownZ[i] + intoZ[i]);
    });
    const coupled = times(nextZ, params.coupling);
    const nextY = y.map((before, i) => {
      const s = 0.5 * sigmoid(stepY[i] + fedY[i]);
      return (1 - s) * before + s * Math.tanh(ownY[i] + coupled[i]);
    });
    return { state: { y: nextY, z: nextZ }, y: nextY };
  });
});

Deno.test("CfC: two ends and the share of time between them, of one layer", () => {
  const u = 6;
  const params = { input: map(d, u), recurrent: draw(d, u), heads: map(u, 3 * d) };
  check(cfc, { expansion: 1.5 }, params, draw(batch, d), (x, { "": h }) => {
    const backbone = sum(mapped(x, params.input), times(h, params.recurrent))
      .map((v) => 1.7159 * Math.tanh(0.666 * v));
    const [from, to, time] = parts(mapped(backbone, params.heads), 3);
    const next = from.map((v, i) => {
      const share = sigmoid(time[i]);
      return (1 - share) * Math.tanh(v) + share * Math.tanh(to[i]);
    });
    return { state: { "": next }, y: next };
  });
});

Deno.test("LTC: implicit steps of a membrane between its synapses", () => {
  const synapses = () => ({
    ...{ strength: draw(d, d), slope: draw(d, d), middle: draw(d, d), reversal: draw(d, d) },
  });
  const params = {
    ...{ sensory: synapses(), between: synapses(), scale: draw(d), shift: draw(d) },
    ...{ leak: draw(d), rest: draw(d), capacity: draw(d) },
    ...{ outputScale: draw(d), outputShift: draw(d) },
  };
  check(ltc, { unfolds: 3 }, params, draw(batch, d), (x, { "": start }) => {
    /** Conductance and current into neuron i, of all that feed it. */
    const into = (of: ReturnType<typeof synapses>, from: Vector, i: number) =>
      from.reduce(([all, current], u, j) => {
        const at = j * d + i;
        const open = sigmoid(of.slope.data[at] * (u - of.middle.data[at]));
        const g = softplus(of.strength.data[at]) * open;
        return [all + g, current + g * of.reversal.data[at]];
      }, [0, 0]);
    const seen = x.map((v, i) => v * params.scale.data[i] + params.shift.data[i]);
    let v = start;
    for (let unfold = 0; unfold < 3; unfold++) {
      v = v.map((before, i) => {
        const c = 3 * softplus(params.capacity.data[i]);
        const leak = softplus(params.leak.data[i]);
        const [[g1, i1], [g2, i2]] = [
          into(params.sensory, seen, i),
          into(params.between, v, i),
        ];
        return (c * before + leak * params.rest.data[i] + i1 + i2) / (c + leak + g1 + g2 + 1e-8);
      });
    }
    const y = v.map((value, i) => value * params.outputScale.data[i] + params.outputShift.data[i]);
    return { state: { "": v }, y };
  });
});

Deno.test("SCRN: slow averages feed a fast hidden layer, and both come out", () => {
  const context = 3;
  const params = {
    ...{ input: draw(d, d + context), bias: draw(d), recurrent: draw(d, d) },
    ...{ lift: draw(context, d), output: map(d + context, d) },
  };
  const state = { h: draw(batch, d), s: draw(batch, context) };
  check(scrn, { context, keep: 0.75 }, params, state, (x, { h, s }) => {
    const given = times(x, params.input);
    const slow = s.map((before, i) => 0.75 * before + 0.25 * given[d + i]);
    const fast = sum(
      given.slice(0, d),
      times(slow, params.lift),
      times(h, params.recurrent),
      list(params.bias),
    ).map(sigmoid);
    return { state: { h: fast, s: slow }, y: mapped([...fast, ...slow], params.output) };
  });
});

for (const clipped of [false, true]) {
  Deno.test(`shallow PLRNN: a diagonal and a hidden layer of ReLUs${clipped ? ", bounded" : ""}`, () => {
    const [state, hidden] = [5, 7];
    const params = {
      ...{ input: map(d, state), diagonal: draw(state), up: map(state, hidden) },
      ...{ down: draw(hidden, state), output: draw(state, d) },
    };
    check(
      shallowPlrnn,
      { state, hidden, clipped },
      params,
      draw(batch, state),
      (x, { "": z }) => {
        const seen = times(z, params.up.weight);
        const shown = seen.map((v, i) =>
          relu(v + params.up.bias.data[i]) - (clipped ? relu(v) : 0)
        );
        const kept = z.map((v, i) => v * params.diagonal.data[i]);
        const next = sum(kept, times(shown, params.down), mapped(x, params.input));
        return { state: { "": next }, y: times(next, params.output) };
      },
    );
  });
}

for (const nonlinear of [0, 2, 5]) {
  Deno.test(`ALRNN: the last ${nonlinear} of 5 numbers pass a ReLU`, () => {
    const state = 5;
    const params = {
      ...{ input: map(d, state), diagonal: draw(state) },
      ...{ recurrent: draw(state, state), output: draw(state, d) },
    };
    check(alrnn, { state, nonlinear }, params, draw(batch, state), (x, { "": z }) => {
      const passed = z.map((v, i) => i >= state - nonlinear ? relu(v) : v);
      const kept = z.map((v, i) => v * params.diagonal.data[i]);
      const next = sum(kept, times(passed, params.recurrent), mapped(x, params.input));
      return { state: { "": next }, y: times(next, params.output) };
    });
  });
}
