/**
 * @file Layers whose gates go down to -1 with the parameters of those whose gates end at 0: what a token writes is that of the other layer,
 * and the memory is a loop over numbers.
 */
import assert from "node:assert/strict";
import { recurrent } from "../../../lib/layers/sequence/forms.ts";
import { layer as gla } from "../../../lib/layers/sequence/gla.ts";
import { layer as glaSigned } from "../../../lib/layers/sequence/gla_signed.ts";
import { layer as hgrn2 } from "../../../lib/layers/sequence/hgrn2.ts";
import { layer as hgrn2Signed } from "../../../lib/layers/sequence/hgrn2_signed.ts";
import { layer as mamba2 } from "../../../lib/layers/sequence/mamba2.ts";
import { layer as mamba2Signed } from "../../../lib/layers/sequence/mamba2_signed.ts";
import { layer as minGru } from "../../../lib/layers/sequence/mingru.ts";
import { layer as minGruSigned } from "../../../lib/layers/sequence/mingru_signed.ts";
import { layer as minLstm } from "../../../lib/layers/sequence/minlstm.ts";
import { layer as minLstmSigned } from "../../../lib/layers/sequence/minlstm_signed.ts";
import { inFloat64 } from "../definitions.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import { toHost } from "../../../lib/train/host.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { random as jaxRandom } from "@jax-js/jax";
import {
  type Any,
  assertDefined,
  type Named,
  parts,
  silu,
  softplus,
  sum,
  times,
} from "./by_definition.ts";

/** Parameters of a layer as they are drawn, with gates that are in a hurry, and tokens. */
function made(layer: Any, options: object, width: number, scale: number) {
  const config = layer.configure(options, width);
  const params: Any = toHost(layer.init(config, jaxRandom.key(5)));
  for (const { data } of Object.values(flatten(params)) as Any) {
    data.forEach((v: number, i: number) => data[i] = scale * v);
  }
  return { config, params, x: randomTensor(generator(3), [2, 9, width], { low: -1, high: 1 }) };
}

const keys: [string, Any, Any, object][] = [
  ["GLA", gla, glaSigned, { heads: 2, gateRank: 3, gateNormaliser: 1 }],
  ["HGRN2", hgrn2, hgrn2Signed, { heads: 2 }],
];
for (const [name, base, layer, options] of keys) {
  // At 9 times the parameters, gates are at both of their ends.
  for (const scale of [1, 9]) {
    Deno.test(`${name} with signs multiplies its memory by twice the gates less one, ${scale}`, () => {
      const { config, params, x } = made(base, options, 8, scale);
      const tokens = inFloat64((p: Any, x: Any) => base.inputs(config, p, x), params, x);
      const { query, key, value, logGate } = tokens;
      const [batch, length, heads, K] = key.shape;
      const V = value.shape[3];
      const mixed = new Float64Array(batch * length * heads * V);
      let below = 0;
      for (let b = 0; b < batch; b++) {
        for (let h = 0; h < heads; h++) {
          const S = new Float64Array(K * V);
          for (let t = 0; t < length; t++) {
            const at = (b * length + t) * heads + h;
            for (let k = 0; k < K; k++) {
              const factor = 2 * Math.exp(logGate.data[at * K + k]) - 1;
              if (factor < 0) below++;
              for (let v = 0; v < V; v++) {
                S[k * V + v] = factor * S[k * V + v] +
                  key.data[at * K + k] * value.data[at * V + v];
                mixed[at * V + v] += query.data[at * K + k] * S[k * V + v];
              }
            }
          }
        }
      }
      assert.ok(below > 20, `${below} of the factors reverse`);
      const read = { dtype: "float64", shape: [batch, length, heads, V], data: mixed };
      const want = inFloat64(
        (p: Any, m: Any, x: Any) => base.outputs(config, p, m, x),
        params,
        read,
        x,
      );
      const [, got] = inFloat64((p: Any, x: Any) => recurrent(layer, config, p, x), params, x);
      const largest = Math.max(...want.data.map(Math.abs));
      want.data.forEach((v: number, i: number) =>
        assert.ok(Math.abs(got.data[i] - v) < 1e-6 * largest, `${i}: ${got.data[i]}, ${v}`)
      );
    });
  }
}

const units: [string, Any, Any][] = [["minGRU", minGru, minGruSigned], [
  "minLSTM",
  minLstm,
  minLstmSigned,
]];
for (const [name, base, layer] of units) {
  Deno.test(`${name} with signs keeps twice the gate less one, and writes as much as without`, () => {
    const { config, params, x } = made(base, {}, 4, 2);
    const inputs = (layer: Any) =>
      inFloat64((p: Any, x: Any) => layer.inputs(config, p, x), params, x);
    const [plain, got] = [inputs(base), inputs(layer)];
    plain.keep.data.forEach((v: number, i: number) => {
      assert.ok(Math.abs(got.keep.data[i] - (2 * v - 1)) < 1e-12);
      assert.ok(Math.abs(got.write.data[i] - plain.write.data[i]) < 1e-12);
    });
    assert.ok(got.keep.data.some((v: number) => v < -0.3));
  });
}

Deno.test("Mamba-2 with signs multiplies the memory of a head by 2 exp(step A) - 1", () => {
  const [width, state, headWidth] = [4, 3, 4];
  assertDefined(mamba2Signed, { state, headWidth, conv: 0 }, width, (p: Named, x) => {
    const [inner, heads] = [2 * width, 2 * width / headWidth];
    const chosen = x.map((token) => {
      const active = times(token, p.input).map(silu);
      const step = times(token, p["step.weight"], p["step.bias"]).map(softplus);
      return {
        x: active.slice(0, inner),
        b: active.slice(inner, inner + state),
        c: active.slice(inner + state),
        step,
      };
    });
    return x.map((token, t) => {
      const read = Array.from({ length: heads }, (_, h) => {
        const S = Array.from({ length: headWidth }, () => Array(state).fill(0));
        for (let s = 0; s <= t; s++) {
          const { x, b, step } = chosen[s];
          const factor = 2 * Math.exp(-step[h] * Math.exp(p.rate.data[h])) - 1;
          const values = parts(x, heads)[h];
          S.forEach((row, i) =>
            row.forEach((v, n) => row[n] = factor * v + step[h] * values[i] * b[n])
          );
        }
        return S.map((row, i) =>
          sum(row.map((v, n) => v * chosen[t].c[n])) +
          p.skip.data[h] * parts(chosen[t].x, heads)[h][i]
        );
      }).flat();
      const gated = read.map((v, i) => v * silu(times(token, p.gate)[i]));
      const size = Math.sqrt(sum(gated.map((v) => v * v)) / inner + 1e-5);
      return times(gated.map((v, i) => v / size * p.norm.data[i]), p.output);
    });
  }, (p) => p.rate.data.fill(1.2));
});

Deno.test("parameters, states and options with signs are those of the layers without", () => {
  for (
    const [base, layer, name] of [[gla, glaSigned, "gla"], [hgrn2, hgrn2Signed, "hgrn2"], [
      mamba2,
      mamba2Signed,
      "mamba2",
    ]] as Any[]
  ) {
    assert.equal(layer.init, base.init);
    assert.equal(layer.initialState, base.initialState);
    assert.deepEqual(layer.configure({}, 16), base.configure({}, 16));
    assert.throws(
      () => layer.configure({ heads: 0, state: 0 }, 16),
      new RegExp(`^Error: ${name}_signed options: `),
    );
  }
  assert.throws(
    () => glaSigned.configure({ expandKey: 1.3 }, 16),
    /^RangeError: gla_signed options: expandKey = 1.3/,
  );
});
