/**
 * @file Log-linear attention over several chunks: against the sum over all earlier tokens, whose level is the length in bits of t xor s, and the
 * training of several seeds in one program.
 */
import { numpy as np, random as jaxRandom, vmap } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile } from "../../../lib/engine/mod.ts";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import { layer } from "../../../lib/layers/sequence/log_linear.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { flatten, stack, unstack } from "../../../lib/tensor/trees.ts";
import { readTree, toHost } from "../../../lib/train/host.ts";
import { assertClose, generator, randomTensor } from "../../engine/oracle.ts";
import { dot, inFloat64, rowsOf, type Vector } from "../definitions.ts";
import { type Any, type Named, parts, plus, sigmoid, softplus, times } from "./by_definition.ts";

const bits = (t: number, s: number) => 32 - Math.clz32(t ^ s);

/** y of one sequence, and what its last token sees by level, head, key and value. */
function defined(p: Named, x: Vector[], heads: number, levels: number) {
  const last = x.length - 1;
  const made = x.map((token) => ({
    kinds: parts(times(token, p.input), 3).map((kind) => parts(kind, heads)),
    decay: times(token, p["decay.weight"], p["decay.bias"]).map(sigmoid),
    weights: parts(times(token, p["level.weight"], p["level.bias"]).map(softplus), levels),
  }));
  const each = x[0].length / heads;
  const memory: Vector = Array(levels * heads * each * each).fill(0);
  const y = x.map((_, t) => {
    const read = Array.from({ length: heads }, (_, h) => {
      let all: Vector = Array(each).fill(0);
      let faded = 1;
      for (let s = t; s >= 0; s--) {
        const [, key, value] = made[s].kinds.map((kind) => kind[h]);
        const level = Math.min(bits(t, s), levels - 1);
        const score = dot(made[t].kinds[0][h], key) / Math.sqrt(each);
        all = plus(all, value.map((v) => made[t].weights[level][h] * faded * score * v));
        if (t === last) {
          const at = (level * heads + h) * each;
          key.forEach((k, i) =>
            value.forEach((v, j) => memory[(at + i) * each + j] += faded * k * v)
          );
        }
        faded *= made[s].decay[h];
      }
      return all;
    });
    return times(read.flat(), p.output);
  });
  return { y, memory };
}

for (const levels of [8, 3]) {
  Deno.test(`log_linear: over chunks a token is weighed by the bits in which positions differ, of ${levels} levels`, () => {
    const [width, heads, batch, length] = [4, 2, 1, 40];
    const config = layer.configure({ heads, levels }, width);
    const random = generator(7);
    const params: Any = toHost(layer.init(config, jaxRandom.key(5)));
    const named = flatten(params) as Named;
    for (const { data } of Object.values(named)) {
      data.forEach((v, i) => data[i] = v + 0.4 * (2 * random() - 1));
    }
    // So that what is older than a chunk still counts.
    named["decay.bias"].data.fill(3);
    const x = randomTensor(random, [batch, length, width], { low: -1, high: 1 });
    const [state, y] = inFloat64((p, x) => layer.parallel!(config, p, x), params, x);
    assert.equal(state.position.data[0], length);
    const want = defined(named, rowsOf(x, 0), heads, levels);
    const tensorOf = (data: Vector, { shape }: Tensor): Tensor => ({
      dtype: "float64",
      shape,
      data: Float64Array.from(data),
    });
    assertClose(y, tensorOf(want.y.flat(), y), 1e-10, "y");
    assertClose(state.memory, tensorOf(want.memory, state.memory), 1e-10, "the state");
  });
}

Deno.test("log_linear: several seeds at once learn over several chunks as each alone", async () => {
  const [width, length] = [4, 34];
  const config = layer.configure({ heads: 2, levels: 4 }, width);
  const sets = [0, 1, 2].map((seed) => toHost(layer.init(config, jaxRandom.key(seed))));
  const random = generator(3);
  const xs = sets.map(() => randomTensor(random, [2, length, width], { low: -1, high: 1 }));
  const loss = (p: Any, x: np.Array) => np.sum(np.square(layer.parallel!(config, p, x)[1]));
  const gradients = async (loss: (p: Any, x: np.Array) => np.Array, batches: Any[][]) => {
    const program = await compile(valueAndGrad(loss), batches[0]);
    const all: Any[] = [];
    for (const batch of batches) {
      const [, grads] = await program.run(...batch) as Any;
      all.push(await readTree(grads));
    }
    await program.close();
    return all;
  };
  const together = (p: Any, x: np.Array) => np.sum((vmap as Any)(loss, [0, 0])(p, x));
  const [all] = await gradients(together, [[stack(sets), stack(xs)]]);
  const alone = await gradients(loss, sets.map((set, i) => [set, xs[i]]));
  for (const [i, want] of alone.entries()) {
    for (const [name, mine] of Object.entries(flatten(unstack(all, i)) as Named)) {
      assertClose(mine, (flatten(want) as Named)[name], 1e-4, `${name} of seed ${i}`);
    }
  }
});
