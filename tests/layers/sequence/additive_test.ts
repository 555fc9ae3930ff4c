/** @file DeltaNet that does not erase: the additive memory of the same size, against its sum. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { overSequence, recurrent } from "../../../lib/layers/sequence/forms.ts";
import { layer } from "../../../lib/layers/sequence/deltanet.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import { inFloat64, rowsOf } from "../definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const [batch, d, length] = [2, 4, 37];
const random = generator(5);
const draw = (...shape: number[]) => randomTensor(random, shape, { low: -1, high: 1 });
const config: Any = layer.configure({ heads: 1, conv: 0, erase: false }, d);
const params = { input: draw(d, 3 * d), beta: draw(d, 1), norm: draw(d), output: draw(d, d) };
const x = draw(batch, length, d);
const start = { memory: draw(batch, 1, d, d) };

const times = (row: number[], { data, shape: [, width] }: Any) =>
  Array.from(
    { length: width },
    (_, o) => row.reduce((sum: number, v, i) => sum + v * data[i * width + o], 0),
  );
const silu = (x: number) => x / (1 + Math.exp(-x));
const unit = (x: number[]) => {
  const size = Math.sqrt(x.reduce((sum, v) => sum + v * v, 1e-6));
  return x.map((v) => v / size);
};

for (const [what, form] of [["parallel", overSequence], ["recurrent", recurrent]] as const) {
  Deno.test(`without erasing the memory is the sum of beta k v', ${what}`, () => {
    const [last, y] = inFloat64(
      (p: Any, x: Any, s: Any) => form(layer as Any, config, p, x, s),
      params,
      x,
      start,
    ) as Any;
    for (let b = 0; b < batch; b++) {
      const memory = Array.from(
        start.memory.data.slice(b * d * d, (b + 1) * d * d) as Float32Array,
      );
      rowsOf(x, b).forEach((token, t) => {
        const mixed = times(token, params.input).map(silu);
        const [q, k, v] = [
          unit(mixed.slice(0, d)),
          unit(mixed.slice(d, 2 * d)),
          mixed.slice(2 * d),
        ];
        const beta = 1 / (1 + Math.exp(-times(token, params.beta)[0]));
        for (let i = 0; i < d; i++) {
          for (let j = 0; j < d; j++) memory[i * d + j] += beta * k[i] * v[j];
        }
        const read = v.map((_, j) => q.reduce((sum, v, i) => sum + v * memory[i * d + j], 0));
        const scaled = read.map((v) => v / Math.sqrt(d)); // as published: queries over sqrt(K)
        const mean = scaled.reduce((sum, v) => sum + v * v, 0) / d;
        const normed = scaled.map((v, j) => v / Math.sqrt(mean + 1e-5) * params.norm.data[j]);
        times(normed, params.output).forEach((want, o) => {
          const got = y.data[(b * length + t) * d + o];
          assert.ok(
            Math.abs(got - want) < 1e-10 * Math.max(1, Math.abs(want)),
            `${t}: ${got}, ${want}`,
          );
        });
      });
      memory.forEach((want, i) =>
        assert.ok(Math.abs(last.memory.data[b * d * d + i] - want) < 1e-10, `memory ${i}`)
      );
    }
  });
}
