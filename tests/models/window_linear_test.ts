/** @file DLinear, NLinear and RLinear against their definitions, written out in loops. */
import assert from "node:assert/strict";
import { init as initJax } from "@jax-js/jax";
import { flatten, unflatten } from "../../lib/tensor/trees.ts";
import { model as module, movingAverage } from "../../lib/models/window_linear.ts";
import type { Signature } from "../../lib/models/model.ts";
import { freshParameters } from "../../lib/train/host.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { compileOn } from "../../lib/engine/mod.ts";
import { runnerOf } from "../../lib/train/runner.ts";

await initJax("wasm");
type Form = "dlinear" | "nlinear" | "rlinear";
const [lookback, horizon, channels, batch, kernel] = [9, 4, 3, 2, 5];
const signature: Signature = { kind: "window", lookback, horizon, channels };
const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;

/** One forecast of one channel. */
function define(form: Form, x: number[], p: Record<string, ArrayLike<number>>): number[] {
  const affine = (name: string, z: number[]) =>
    Array.from(
      { length: horizon },
      (_, h) =>
        z.reduce((sum, value, a) => sum + value * p[`${name}.weight`][a * horizon + h], 0) +
        p[`${name}.bias`][h],
    );
  if (form === "nlinear") {
    const last = x.at(-1)!;
    return affine("map", x.map((value) => value - last)).map((value) => value + last);
  }
  if (form === "rlinear") {
    const level = mean(x);
    const spread = Math.sqrt(mean(x.map((value) => (value - level) ** 2)) + 1e-5);
    return affine("map", x.map((value) => (value - level) / spread))
      .map((value) => value * spread + level);
  }
  const padded = [x[0], x[0], ...x, x.at(-1)!, x.at(-1)!];
  const trend = x.map((_, t) => mean(padded.slice(t, t + kernel)));
  const slow = affine("trend", trend);
  return affine("map", x.map((value, t) => value - trend[t])).map((value, h) => value + slow[h]);
}

for (const form of ["dlinear", "nlinear", "rlinear"] as const) {
  Deno.test(`${form} is what its paper says, channel by channel`, async () => {
    const options = form === "dlinear" ? { form, kernel } : { form };
    const model = module.configure(options, { signature, layers: [] });
    const fresh = flatten(await freshParameters(model, 3));
    // Biases start at zero; here they are not.
    const tensors = Object.fromEntries(
      Object.entries(fresh).map(([name, tensor], i) => [name, {
        ...tensor,
        data: Float32Array.from(normals(keyOf(i), tensor.data.length)),
      }]),
    );
    const params = unflatten(await freshParameters(model, 3), tensors);
    const data = Float32Array.from(
      normals(keyOf(99), batch * lookback * channels),
      (v) => 3 * v + 5,
    );
    const runner = runnerOf(model, params, { batch, compile: compileOn("ort") });
    const found = await runner.apply({
      dtype: "float32",
      shape: [batch, lookback, channels],
      data,
    });
    await runner.close();
    assert.deepEqual(found.shape, [batch, horizon, channels]);
    for (let b = 0; b < batch; b++) {
      for (let c = 0; c < channels; c++) {
        const x = Array.from(
          { length: lookback },
          (_, t) => data[(b * lookback + t) * channels + c],
        );
        const want = define(
          form,
          x,
          Object.fromEntries(
            Object.entries(tensors).map(([name, { data }]) => [name, data]),
          ),
        );
        want.forEach((value, h) => {
          const got = found.data[(b * horizon + h) * channels + c];
          assert.ok(Math.abs(got - value) < 2e-5 * (1 + Math.abs(value)), `${got} ${value}`);
        });
      }
    }
  });
}

Deno.test("fresh weights have the variance of uniform ones within 1 / sqrt(lookback), and DLinear has two maps", async () => {
  const wide: Signature = { kind: "window", lookback: 300, horizon: 100, channels: 1 };
  for (const form of ["dlinear", "nlinear", "rlinear"]) {
    const model = module.configure({ form }, { signature: wide, layers: [] });
    const fresh = flatten(await freshParameters(model, 0));
    const maps = form === "dlinear" ? ["map", "trend"] : ["map"];
    const names = maps.flatMap((name) => [`${name}.bias`, `${name}.weight`]);
    assert.deepEqual(Object.keys(fresh).sort(), names);
    for (const name of maps) {
      const { data, shape } = fresh[`${name}.weight`];
      assert.deepEqual(shape, [300, 100]);
      const variance = mean(Array.from(data, (value) => value ** 2));
      assert.ok(Math.abs(variance * 900 - 1) < 0.03, `${variance}`);
    }
  }
});

Deno.test("the moving average keeps constants, and repeats the ends", () => {
  const A = movingAverage(4, 3);
  const times = (x: number[]) =>
    x.map((_, t) => x.reduce((sum, v, a) => sum + v * A[a * 4 + t], 0));
  times([2, 2, 2, 2]).forEach((value) => assert.ok(Math.abs(value - 2) < 1e-12));
  const want = [(3 + 3 + 0) / 3, (3 + 0 + 6) / 3, (0 + 6 + 9) / 3, (6 + 9 + 9) / 3];
  times([3, 0, 6, 9]).forEach((value, t) => assert.ok(Math.abs(value - want[t]) < 1e-12));
  assert.deepEqual([...movingAverage(1, 25)].map((value) => Math.round(1e9 * value)), [1e9]);
});

Deno.test("what it cannot be is refused", () => {
  const configure = (options: object, others = {}) =>
    module.configure(options, { signature, layers: [], ...others });
  assert.throws(() => configure({}), /window_linear.*form/);
  assert.throws(() => configure({ form: "dlinear", kernel: 4 }), /odd number of rows/);
  assert.throws(
    () => configure({ form: "nlinear" }, { layers: [{}, {}] }),
    /2 layers.*one affine map/,
  );
  const tokens = { kind: "tokens", vocabulary: 3, classes: 3 };
  assert.throws(() => configure({ form: "nlinear" }, { signature: tokens }), /a task of tokens/);
});
