/**
 * @file Weights set by hand with which one DeltaProduct follows words of S4 and A5 with two factors a token, as rotations of a cube and of an
 * icosahedron: the layer itself, beside the study of the same weights in float64.
 */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, tensor } from "../../../lib/engine/mod.ts";
import { represented } from "../../../lib/groups/represented.ts";
import { layer } from "../../../lib/layers/sequence/deltaproduct.ts";
import { overSequence, recurrent } from "../../../lib/layers/sequence/forms.ts";
import { reflectionsOf } from "../../../lib/linalg/reflections.ts";
import { keyOf, uniforms } from "../../../lib/random/random.ts";
import { after } from "../../../lib/tasks/automaton/table.ts";
import { inverseSilu } from "./inverse_silu.ts";

await initJax("wasm");

const size = 0.25;
const steps = 2;

/**
 * The memory is size (M - I), zero before the first token: R (M - I) + (R - I) = R M - I, so a reflection by k writes -size k under k. Factors
 * that a symbol leaves out have beta 0; it never forgets, by a step of softplus(-100).
 */
function parametersOf(name: "s4" | "a5") {
  const { matrices, size: n } = represented(name);
  const width = matrices.length;
  const channels = n + 2 * steps * n;
  const input = new Float32Array(width * channels);
  const beta = new Float32Array(width * steps).fill(-100);
  matrices.forEach((M, token) => {
    // The last factor meets the state first.
    reflectionsOf(M, n).toReversed().forEach((k, step) => {
      for (let i = 0; i < n; i++) {
        input[token * channels + n + step * n + i] = inverseSilu(size * k[i]);
        input[token * channels + n + steps * n + step * n + i] = inverseSilu(-size * k[i]);
      }
      beta[token * steps + step] = 100;
    });
  });
  const zeros = (...shape: number[]) => tensor(0, shape);
  const forget = {
    step: { weight: zeros(width, 1), bias: tensor(-100, [1]) },
    rate: zeros(1),
  };
  return {
    input: tensor(input, [width, channels]),
    beta: tensor(beta, [width, steps]),
    forget,
    gate: zeros(width, n),
    norm: tensor(1, [n]),
    output: zeros(n, width),
  };
}

for (const name of ["s4", "a5"] as const) {
  Deno.test(`${name}: words of 64 elements, two factors each, token by token and in chunks; not with factors in [0, 1]`, async () => {
    const { elements, matrices, size: n } = represented(name);
    const width = elements.length;
    const word = Array.from(uniforms(keyOf(6), 64), (u) => Math.floor(u * width));
    const x = new Float32Array(64 * width);
    word.forEach((token, t) => x[t * width + token] = 1);
    const last = word.map((token) => elements[token]).reduce((p, q) => after(p, q));
    const right = matrices[elements.findIndex((element) => `${element}` === `${last}`)];
    const furthest = async (form: typeof recurrent, negative: boolean) => {
      const share = n / width;
      const config = layer.configure(
        { heads: 1, conv: 0, expandKey: share, expandValue: share, steps, negative },
        width,
      );
      const args = [parametersOf(name), tensor(x, [1, 64, width])] as const;
      const program = await compile(
        (params: never, x: np.Array) => form(layer, config, params, x)[0].memory,
        [...args] as never,
      );
      const { data } = await (await program.run(...args as unknown as never[])).read();
      await program.close();
      return Math.max(...Array.from(
        right,
        (value, at) => Math.abs(data[at] / size - value + Number(at % (n + 1) === 0)),
      ));
    };
    assert.ok(await furthest(recurrent, true) < 0.01);
    assert.ok(await furthest(overSequence, true) < 0.01);
    assert.ok(await furthest(recurrent, false) > 0.3);
  });
}
