/** @file Stacks over symbols against loops over numbers, and step by step. */
import { init as initJax, numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Arrays } from "../../../lib/engine/arrays.ts";
import { valueAndGrad } from "../../../lib/engine/gradient.ts";
import {
  compile,
  type EngineName,
  type Tensor,
  tensor,
  type Tree,
} from "../../../lib/engine/mod.ts";
import { asSequenceModel, type Signature } from "../../../lib/models/model.ts";
import { isSpec, leavesOf, mapLeaves } from "../../../lib/tensor/trees.ts";
import { toHost } from "../../../lib/train/host.ts";
import { assertParity } from "../../engine/layer_cases.ts";
import { generator, randomTensor, runEngine, runJax } from "../../engine/oracle.ts";
import { type Affine, affine, inFloat64, type Vector } from "../../layers/definitions.ts";
import { type LstmLayer, naiveLstmLayer } from "../naive_lstm.ts";
import { outputs } from "../sequence_cases.ts";
import { sequenceStack, shakenParameters, stackOf } from "../stacks.ts";
import { nativeTfjs } from "../../engine/native_tfjs.ts";

await initJax("wasm");

const vocabulary = 5;
const symbols = tensor([0, 4, 2, 2, 2, 0, 1, 3, 4, 4, 0, 2], [2, 6], "int32");
const bare = { block: "bare", width: 3 };

interface Params {
  ends: { embed: Tensor; head?: Affine; gain?: Tensor; bias?: Tensor };
  blocks: { layer: LstmLayer }[];
}

/** Logits after every symbol of one sequence. */
function naive(
  { ends: { embed, head, gain, bias }, blocks }: Params,
  sequence: number[],
): Vector[] {
  const [, width] = embed.shape;
  const row = (k: number) => Array.from(embed.data.slice(k * width, (k + 1) * width));
  let x = sequence.map((k) => row(k).map((e) => e * Math.sqrt(width)));
  for (const { layer } of blocks) x = naiveLstmLayer(layer, x);
  if (head) return x.map((h) => affine(head, h));
  return x.map((h) =>
    Array.from(
      bias!.data,
      (b, k) => row(k).reduce((sum, e, i) => sum + e * h[i] * gain!.data[i], b),
    )
  );
}

for (
  const [name, options, classes] of [
    ["a head of its own", {}, 4],
    ["tied", { tie: true }, vocabulary],
  ] as const
) {
  const signature: Signature = { kind: "tokens", vocabulary, classes };
  const model = sequenceStack([["lstm"], ["lstm"]], { ...bare, ...options }, signature);
  const params = shakenParameters(model);

  Deno.test(`${name}: logits are those of the loops`, () => {
    const got = inFloat64((p: Arrays, x: np.Array) => model.apply(p, x), params, symbols);
    assert.deepEqual(got.shape, [2, 6, classes]);
    const want = [0, 1].flatMap((b) => {
      const own = Array.from(symbols.data.slice(6 * b, 6 * b + 6));
      return naive(params as unknown as Params, own).flat();
    });
    want.forEach((x, i) =>
      assert.ok(Math.abs(got.data[i] - x) < 1e-6, `${i}: ${got.data[i]}, ${x}`)
    );
  });

  Deno.test(`${name}: symbol by symbol, the same logits`, async () => {
    const whole = await outputs(model, params, symbols);
    assert.equal(model.patch, 1);
    let state: Tree<Tensor> = model.initialState(2, 6);
    const step = (p: Arrays, s: Arrays, x: np.Array, observed: np.Array) => {
      const [next, logits] = model.step(p, s, x, observed);
      return { next, logits };
    };
    const one = (k: number) => tensor([symbols.data[k], symbols.data[6 + k]], [2, 1], "int32");
    const program = await compile(step, [params, state, one(0), tensor(1)]);
    for (let k = 0; k < 6; k++) {
      const { next, logits } = await program.run(params, state, one(k), tensor(k % 2));
      state = next;
      const { shape, data } = await logits.read();
      assert.deepEqual([...shape], [2, 1, classes]);
      for (let i = 0; i < 2 * classes; i++) {
        const want = whole.data[(Math.floor(i / classes) * 6 + k) * classes + i % classes];
        assert.ok(Math.abs(data[i] - want) < 1e-5, `symbol ${k}, ${i}: ${data[i]}, ${want}`);
      }
    }
    await program.close();
  });

  Deno.test(`${name}: gradients agree with float64 on every engine, of symbols that come often and never`, async () => {
    const weights = randomTensor(generator(2), [2, 6, classes]);
    const leaves = leavesOf(params);
    const isLeaf = (value: Tree<Tensor>): value is Tensor => isSpec(value);
    const loss = (...arrays: np.Array[]) => {
      const next = arrays.values();
      const own: Arrays = mapLeaves(params, isLeaf, () => next.next().value!);
      const [x, w] = next;
      const logits = model.apply(own, x);
      return np.sum(logits.ref.mul(logits).mul(w));
    };
    const never = tensor(Array.from(symbols.data, (x) => x === 3 ? 2 : x), [2, 6], "int32");
    const args = [...leaves, never, weights];
    const argnums = leaves.map((_, i) => i);
    // deno-lint-ignore no-explicit-any
    const want = runJax((jaxValueAndGrad as any)(loss, { argnums }), args, "float64");
    for (const engine of ["ort", "jax", "tfjs", ...nativeTfjs] satisfies EngineName[]) {
      assertParity(await runEngine(valueAndGrad(loss, { argnums }), args, engine), want);
    }
  });

  Deno.test(`${name}: an untrained model gives every class the same logit, zero`, async () => {
    const out = await outputs(model, toHost(model.init(3)), symbols);
    assert.deepEqual([...new Set(out.data)], [0]);
  });
}

Deno.test("attention over symbols: blocks, and one symbol of a vocabulary of one", async () => {
  const signature: Signature = { kind: "tokens", vocabulary: 1, classes: 1 };
  const model = stackOf([["softmax_attention", { heads: 1 }]], { width: 2 }, signature);
  const params = shakenParameters(asSequenceModel(model));
  const one = await outputs(model, params, tensor([0], [1, 1], "int32"));
  const many = await outputs(model, params, tensor(0, [1, 3], "int32"));
  assert.deepEqual([...one.shape], [1, 1, 1]);
  // The mean of equal values is the value, wherever they are.
  for (const x of many.data) assert.ok(Math.abs(x - one.data[0]) < 1e-6);
});
