/**
 * @file The linear time-invariant models against their recurrences written as loops in float64, their step forms, and
 * their closed forms.
 */
import { init as initJax, numpy as np, tree } from "@jax-js/jax";
import assert from "node:assert/strict";
import { type Tensor, tensor } from "../../lib/engine/mod.ts";
import * as causalLinear from "../../lib/models/causal_linear.ts";
import * as denseRecurrence from "../../lib/models/dense_recurrence.ts";
import * as lru from "../../lib/models/lru.ts";
import {
  bestCausalMap,
  createSystem,
  kalman,
  score,
  simulate,
  steadyState,
} from "../../lib/ssm/mod.ts";
import { toFloat32 } from "../../lib/tensor/tensor.ts";
import { predictPatches } from "../../lib/train/predictions.ts";
import { compileRollout } from "../../lib/train/rollout.ts";
import { toHost } from "../../lib/train/host.ts";
import { generator, randomTensor } from "../engine/oracle.ts";
import { inFloat64 } from "../layers/definitions.ts";
import { assertGradients } from "./sequence_cases.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
type Rows = number[][];

const rowsOf = ({ shape: [rows, columns], data }: Tensor): Rows =>
  Array.from({ length: rows }, (_, i) => Array.from(data.slice(i * columns, (i + 1) * columns)));
const times = (a: Rows, x: number[]) => a.map((row) => row.reduce((s, v, i) => s + v * x[i], 0));
const plus = (a: number[], b: number[]) => a.map((v, i) => v + b[i]);

/** One filter as a function of the tokens so far (standardised), written from its definition. */
const models: Record<string, { module: Any; options: object; naive: (p: Any, u: Rows) => Rows }> = {
  dense_recurrence: {
    module: denseRecurrence,
    options: { state: 5 },
    naive(p, u) {
      const [a, b, c, d] = [p.a, p.b, p.c, p.d].map(rowsOf);
      let h = a.map(() => 0);
      return u.map((x) => {
        h = plus(times(a, h), times(b, x));
        return plus(times(c, h), times(d, x));
      });
    },
  },
  lru: {
    module: lru,
    options: { state: 4 },
    naive(p, u) {
      const [bRe, bIm, c, d] = [p.bRe, p.bIm, p.c, p.d].map(rowsOf);
      const n = bRe.length;
      const size = Array.from(p.nu.data as number[], (nu) => Math.exp(-Math.exp(nu)));
      const theta = p.theta.data as number[];
      const gamma = Array.from(p.gamma.data as number[], Math.exp);
      let re: number[] = Array(n).fill(0);
      let im: number[] = Array(n).fill(0);
      return u.map((x) => {
        const [inRe, inIm] = [times(bRe, x), times(bIm, x)];
        [re, im] = [
          re.map((r, i) =>
            size[i] * (r * Math.cos(theta[i]) - im[i] * Math.sin(theta[i])) + gamma[i] * inRe[i]
          ),
          im.map((m, i) =>
            size[i] * (m * Math.cos(theta[i]) + re[i] * Math.sin(theta[i])) + gamma[i] * inIm[i]
          ),
        ];
        return plus(times(c, [...re, ...im]), times(d, x));
      });
    },
  },
  causal_linear: {
    module: causalLinear,
    options: { taps: 3 },
    naive({ kernel }, u) {
      const [taps, width] = kernel.shape;
      const w = (k: number) =>
        rowsOf({
          ...kernel,
          shape: [width, width],
          data: kernel.data.slice(k * width * width, (k + 1) * width * width),
        });
      return u.map((_, t) => {
        let out = Array(width).fill(0);
        for (let k = 0; k < Math.min(taps, t + 1); k++) out = plus(out, times(w(k), u[t - k]));
        return out;
      });
    },
  },
};

/** Random parameters of every leaf, so that nothing is hidden behind a zero. */
function randomised(params: Any, random: () => number): Any {
  return Object.fromEntries(
    Object.entries(params as Record<string, Tensor>).map(([name, t]) => {
      const values = randomTensor(random, t.shape);
      const small = values.data.map((x, i) =>
        name === "nu" || name === "theta" ? t.data[i] : 0.4 * x
      ) as Float32Array;
      return [name, { ...t, data: small }];
    }),
  );
}

const close = (got: number, want: number, what: string, tolerance = 2e-5) =>
  assert.ok(
    Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want)),
    `${what}: ${got} ${want}`,
  );

for (const [name, { module, options, naive }] of Object.entries(models)) {
  for (const [patch, tokens] of [[1, 1], [1, 2], [1, 13], [3, 7]]) {
    Deno.test(`${name} is its recurrence: patch ${patch}, ${tokens} tokens, forwards and step by step`, async () => {
      const obs = 2;
      const width = patch * obs;
      const config = module.configure({ ...options, patch }, obs);
      const params = randomised(toHost(module.init(config, 3)), generator(5));
      const y = randomTensor(generator(8), [3, tokens * patch, obs]);
      const u = (b: number): Rows =>
        Array.from(
          { length: tokens },
          (_, k) =>
            Array.from(y.data.slice((b * tokens + k) * width, (b * tokens + k + 1) * width)),
        );
      if (tokens > 1) {
        const got = await predictPatches(module, config, params, y, { batch: 2 });
        for (let b = 0; b < 3; b++) {
          naive(params, u(b)).slice(0, -1).forEach((row, k) =>
            row.forEach((want, i) =>
              close(got.data[(b * (tokens - 1) + k) * width + i], want, `sequence ${b}, token ${k}`)
            )
          );
        }
      }
      // A rollout is the loop fed its own predictions.
      const ahead = 4;
      const roller = await compileRollout(module, config, params, y.shape, ahead * patch, {});
      const rolled = await roller.run(y);
      await roller.close();
      for (let b = 0; b < 3; b++) {
        const seen = u(b);
        for (let k = 0; k < ahead; k++) {
          const next = naive(params, seen).at(-1)!;
          next.forEach((want, i) =>
            close(rolled.data[(b * ahead + k) * width + i], want, `rollout ${b}, token ${k}`, 1e-4)
          );
          seen.push(next);
        }
      }
    });
  }

  Deno.test(`${name} standardises what comes in and puts back what goes out, forwards and step by step`, () => {
    const [obs, patch, tokens] = [2, 2, 6];
    const width = patch * obs;
    const config = module.configure({ ...options, patch }, obs);
    const params = randomised(toHost(module.init(config, 3)), generator(6));
    const train = { mean: tensor([3, -1]), variance: tensor([0.25, 4]) };
    const y = randomTensor(generator(9), [2, tokens * patch, obs]);
    const got = inFloat64(
      (p: Any, t: Any, state: np.Array, y: np.Array) => {
        const whole = module.forward(config, tree.ref(p), tree.ref(t), y.ref);
        const steps = [];
        for (let k = 0; k < tokens; k++) {
          const token = y.ref.slice([], [k * patch, (k + 1) * patch]);
          const out = module.step(config, tree.ref(p), tree.ref(t), state, token);
          assert.deepEqual(out.prediction.shape, [2, patch, obs]);
          state = out.state;
          steps.push(out.prediction.reshape([2, 1, patch, obs]));
        }
        return { whole, steps: np.concatenate(steps, 1) };
      },
      params,
      train,
      module.initialState(config, 2, tokens),
      y,
    );
    assert.deepEqual(got.whole.shape, [2, tokens, patch, obs]);
    for (const b of [0, 1]) {
      const u = Array.from(
        { length: tokens },
        (_, k) =>
          Array.from(
            y.data.slice((b * tokens + k) * width, (b * tokens + k + 1) * width),
            (x, i) => i % 2 ? (x + 1) / 2 : (x - 3) / 0.5,
          ),
      );
      naive(params, u).forEach((row, k) =>
        row.forEach((value, i) => {
          const want = i % 2 ? 2 * value - 1 : value / 2 + 3;
          close(got.whole.data[(b * tokens + k) * width + i], want, `token ${k}`, 1e-6);
          close(got.steps.data[(b * tokens + k) * width + i], want, `step ${k}`, 1e-6);
        })
      );
    }
  });

  Deno.test(`${name}: loss and every gradient agree with float64 on every engine`, async () => {
    for (const [patch, tokens] of [[1, 9], [2, 4]]) {
      const config = module.configure({ ...options, patch }, 3);
      const params = randomised(toHost(module.init(config, 3)), generator(7));
      await assertGradients({ model: module, config, params }, 2, tokens);
    }
  });

  Deno.test(`${name}: an untrained model predicts zero`, async () => {
    const config = module.configure(options, 2);
    const y = randomTensor(generator(1), [2, 6, 2]);
    const { data } = await predictPatches(module, config, toHost(module.init(config, 0)), y, {
      batch: 2,
    });
    assert.ok(data.every((x) => x === 0));
  });
}

Deno.test("the closed form of the causal map is the best one on the system, by the name of its parameter", () => {
  const filter = kalman(createSystem(2, { latentDim: 4, obsDim: 2 }), 12);
  const config = causalLinear.configure({ patch: 2, taps: 3 }, 2);
  const { kernel, ...others } = causalLinear.closedForm(config, filter);
  assert.deepEqual(kernel, bestCausalMap(filter, { patch: 2, taps: 3 }));
  assert.deepEqual(others, {});
});

Deno.test("the steady-state filter as a dense recurrence reaches the filter's limit", async () => {
  const system = createSystem(3, { latentDim: 6, obsDim: 2, lambda: 0.8 });
  const length = 96;
  const filter = kalman(system, length);
  const y = simulate(system, 1, { batch: 64, length });
  for (const state of [6, 8]) { // as many states as it needs, and two more
    const config = denseRecurrence.configure({ state }, 2);
    const solved = denseRecurrence.closedForm(config, filter);
    const params = Object.fromEntries(
      Object.entries(solved).map(([name, value]) => [name, toFloat32(value)]),
    );
    const got = await predictPatches(denseRecurrence, config, params, toFloat32(y), { batch: 64 });
    const late = { contexts: Array.from({ length: 40 }, (_, i) => 50 + i), horizons: [1] };
    const picked = new Float32Array(64 * 40 * 2);
    for (let b = 0; b < 64; b++) {
      for (let i = 0; i < 80; i++) picked[b * 80 + i] = got.data[(b * (length - 1) + 49) * 2 + i];
    }
    const { overall } = score(filter, y, { shape: [64, 40, 1, 2], data: picked }, late);
    assert.ok(overall.ratio - 1 < 1e-9, `${overall.ratio}`);
  }
  assert.ok(steadyState(system).steps < 500);
  assert.throws(
    () => denseRecurrence.closedForm(denseRecurrence.configure({ state: 5 }, 2), filter),
    /at least 6/,
  );
  assert.throws(
    () => denseRecurrence.closedForm(denseRecurrence.configure({ patch: 2 }, 2), filter),
    /patch 1/,
  );
});
