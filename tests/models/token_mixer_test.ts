/** @file Mixers against loops over numbers, and against the matrices that the linear one collapses to. */
import { nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Handle, type Tensor, tensor, type Tree } from "../../lib/engine/mod.ts";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { trace } from "../../lib/engine/trace.ts";
import type { Arrays, JaxArray } from "../../lib/engine/arrays.ts";
import { collapse, contributions, logitsAfter } from "../../lib/models/collapsed_mixer.ts";
import { kinds, model, type TokenMixer } from "../../lib/models/token_mixer.ts";
import { sizeOf } from "../../lib/tensor/tensor.ts";
import { flatten, mapTensors } from "../../lib/tensor/trees.ts";
import { freshParameters, readTree } from "../../lib/train/host.ts";

const signature = { kind: "tokens", vocabulary: 5, classes: 5 } as const;
const [length, narrow, wide] = [7, 3, 8];
/** Wide ones, which have more units than there are symbols, may be computed as one matrix. */
const made = (options: object, width = narrow): TokenMixer =>
  model.configure({ width, length, ...options }, { signature, layers: [] });
const symbols = [4, 0, 2, 2, 1, 3, 0, 1, 1, 4, 3, 2, 0, 4];

async function logitsOf(mixer: TokenMixer, params: Tree<Tensor>, x: Tensor): Promise<Tensor> {
  const program = await compile(
    (params: Arrays, x: JaxArray) => mixer.apply(params as never, x),
    [params, x],
  );
  const out = await (await program.run(params, x)).read();
  await program.close();
  return out;
}

/** logits[t][v] of one sequence, by the equations. */
function byHand(kind: string, toeplitz: boolean, params: Tree<Tensor>, x: readonly number[]) {
  const p = flatten(params);
  const width = p.embed.shape[1];
  const mixed = (name: string, rows: number[][]) =>
    rows.map((_, t) =>
      Array.from({ length: width }, (_, k) => {
        let sum = p[`${name}.bias`].data[t];
        for (let s = 0; s <= t; s++) {
          sum += p[`${name}.weight`].data[toeplitz ? t - s : t * length + s] * rows[s][k];
        }
        return sum;
      })
    );
  const e = x.map((token) => [...p.embed.data.slice(token * width, (token + 1) * width)]);
  const gelu = (x: number) =>
    0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  let h = mixed("mixing", e);
  if (kind === "nearly linear") h = mixed("second", h.map((row) => row.map(gelu)));
  h = h.map((row, t) => row.map((value, k) => value + e[t][k]));
  if (kind === "relu") h = h.map((row) => row.map((value) => Math.max(0, value)));
  return h.map((row) =>
    Array.from(
      { length: 5 },
      (_, v) => row.reduce((sum, value, k) => sum + value * p.head.data[k * 5 + v], 0),
    )
  );
}

const near = (got: ArrayLike<number>, want: ArrayLike<number>, bound: number) => {
  assert.equal(got.length, want.length);
  for (let i = 0; i < want.length; i++) {
    assert.ok(
      Math.abs(got[i] - want[i]) <= bound * Math.max(1, Math.abs(want[i])),
      `${i}: ${got[i]}, ${want[i]}`,
    );
  }
};

for (const toeplitz of [false, true]) {
  for (
    const [kind, width] of [...kinds.map((kind) => [kind, narrow] as const), [
      "linear",
      wide,
    ]] as const
  ) {
    Deno.test(`a ${kind} mixer of ${width} units, weights by ${toeplitz ? "distance" : "positions"}, is its equations`, async () => {
      const mixer = made({ kind, toeplitz }, width);
      const params = await freshParameters(mixer, 3);
      const { data } = await logitsOf(mixer, params, tensor(symbols, [2, length], "int32"));
      for (const b of [0, 1]) {
        const want = byHand(kind, toeplitz, params, symbols.slice(b * length, (b + 1) * length));
        const bound = kind === "nearly linear" ? 1e-3 : 1e-5;
        near(data.slice(b * length * 5, (b + 1) * length * 5), want.flat(), bound);
      }
    });
  }

  for (const width of [narrow, wide]) {
    Deno.test(`a linear mixer of ${width} units, weights by ${toeplitz ? "distance" : "positions"}, is one matrix to 1e-5`, async () => {
      const mixer = made({ toeplitz }, width);
      const params = await freshParameters(mixer, 8);
      const x = symbols.slice(0, length);
      const { data } = await logitsOf(mixer, params, tensor(x, [1, length], "int32"));
      const collapsed = collapse(mixer, params);
      for (let t = 0; t < length; t++) {
        near(logitsAfter(collapsed, x.slice(0, t + 1)), data.slice(t * 5, (t + 1) * 5), 1e-5);
      }
    });
  }
}

Deno.test("where there are fewer symbols than tokens and units, a step multiplies rows of the vocabulary", async () => {
  const programOf = async (width: number, sequences: number) => {
    const mixer = made({}, width);
    const x = tensor(0, [sequences, length], "int32");
    return (await trace((params, x) => mixer.apply(params as never, x as never), [
      await freshParameters(mixer, 0),
      x,
    ])).graph;
  };
  const units = async (width: number, sequences: number) =>
    (await programOf(width, sequences)).equations
      .some(({ outs }) => outs.some(({ shape }) => sizeOf(shape) === sequences * length * width));
  assert.equal(await units(wide, 3), false); // 21 tokens, 5 symbols, 8 units
  assert.equal(await units(narrow, 3), true); // 3 units
  const few = model.configure({ width: wide, length: 2 }, { signature, layers: [] });
  const { graph } = await trace((params, x) => few.apply(params as never, x as never), [
    await freshParameters(few, 0),
    tensor(0, [2, 2], "int32"),
  ]); // 4 tokens
  assert.ok(
    graph.equations.some(({ outs }) => outs.some(({ shape }) => sizeOf(shape) === 4 * wide)),
  );
});

for (const maps of [0, 2]) {
  Deno.test(`gradients of one matrix, ${maps} maps, are those of a ReLU that lets everything through`, async () => {
    const x = tensor(symbols, [2, length], "int32");
    const targets = tensor(symbols.toReversed(), [2, length], "int32");
    const gradients = async (kind: string) => {
      const mixer = made({ kind, maps }, wide);
      const params = mapTensors(
        await freshParameters(mixer, 4),
        (leaf) => ({ ...leaf, data: leaf.data.map(Math.abs) }) as Tensor,
      );
      const loss = (params: Arrays, x: JaxArray, targets: JaxArray) => {
        const logs = nn.logSoftmax(mixer.apply(params as never, x), -1);
        return np.mean(logs.mul(nn.oneHot(targets, 5))).neg();
      };
      const program = await compile(valueAndGrad(loss) as never, [params, x, targets]);
      const [value, grads] = await program.run(params, x, targets) as unknown as [
        Handle,
        Tree<Handle>,
      ];
      const read = await readTree([value, grads]);
      await program.close();
      return flatten(read);
    };
    const [got, want] = [await gradients("linear"), await gradients("relu")];
    assert.deepEqual(Object.keys(got), Object.keys(want));
    for (const [name, { data }] of Object.entries(want)) {
      const largest = Math.max(...Array.from(data, Math.abs));
      assert.ok(largest > 0, name);
      near(got[name].data.map((v) => v / largest), data.map((v) => v / largest), 2e-5);
    }
  });
}

Deno.test("maps before the head add no function: with them it is one matrix too, and a product by hand", async () => {
  for (const width of [narrow, wide]) {
    const mixer = made({ maps: 2 }, width);
    const params = await freshParameters(mixer, 5);
    const x = symbols.slice(0, length);
    const { data } = await logitsOf(mixer, params, tensor(x, [1, length], "int32"));
    const collapsed = collapse(mixer, params);
    for (let t = 0; t < length; t++) {
      near(logitsAfter(collapsed, x.slice(0, t + 1)), data.slice(t * 5, (t + 1) * 5), 1e-5);
    }
    const { head, embed, ...p } = flatten(params);
    const row = (of: number[], map: Tensor) =>
      Array.from(
        { length: map.shape[1] },
        (_, j) => of.reduce((sum, value, i) => sum + value * map.data[i * map.shape[1] + j], 0),
      );
    const read = [...embed.data.slice(4 * width, 5 * width)]; // of token 4
    const want = [p["maps.0"], p["maps.1"], head].reduce(row, read);
    near(collapsed.matrix.slice(20, 25), want, 1e-6);
  }
});

Deno.test("a context longer than the mixer's is its last tokens, and every token's part is known", async () => {
  const mixer = made({});
  const collapsed = collapse(mixer, await freshParameters(mixer, 0));
  near(logitsAfter(collapsed, symbols), logitsAfter(collapsed, symbols.slice(-length)), 0);
  const found = contributions(collapsed, [3, 1]);
  assert.deepEqual(found.map(({ token }) => token), [3, 1]);
  const logits = logitsAfter(collapsed, [3, 1]);
  for (let v = 0; v < 5; v++) {
    const parts = found.map(({ token, weight }) => weight * collapsed.matrix[token * 5 + v]);
    const sum = parts[0] + parts[1] + collapsed.bias[1] * collapsed.direction[v];
    assert.ok(Math.abs(sum - logits[v]) < 1e-12);
  }
  assert.throws(() => logitsAfter(collapsed, []), /an empty context/);
});

Deno.test("what is no linear mixer has no matrix, and what it cannot read is refused", async () => {
  const relu = made({ kind: "relu" });
  const params = await freshParameters(relu, 0);
  assert.throws(() => collapse(relu, params), /kind = "relu" is not linear/);
  await assert.rejects(
    logitsOf(relu, params, tensor([0, 1, 2], [1, 3], "int32")),
    /sequences of 3 tokens, but length = 7/,
  );
  const context = { signature: { kind: "series", channels: 1 } as const, layers: [] };
  assert.throws(() => model.configure({ width: 2 }, context), /a task of series/);
  assert.throws(() => made({ kind: "tanh" }), /token_mixer options: kind = "tanh"/);
  for (const none of ["width", "length"]) {
    assert.throws(() => made({ [none]: 0 }), new RegExp(`token_mixer options: ${none} = 0`));
  }
  const layers = [{ name: "gru", layer: {} as never, options: {} }];
  assert.throws(
    () => model.configure({ width: 2 }, { signature, layers }),
    /1 layers; it is no stack/,
  );
});

Deno.test("fresh parameters have the spreads of the published code", async () => {
  const wide = model.configure({ width: 400, length: 16, kind: "nearly linear" }, {
    signature: { kind: "tokens", vocabulary: 30, classes: 30 },
    layers: [],
  });
  const p = flatten(await freshParameters(wide, 1));
  const deviation = ({ data }: Tensor) =>
    Math.sqrt([...data].reduce((sum, x) => sum + x * x, 0) / data.length);
  assert.ok(Math.abs(deviation(p.embed) - 1) < 0.05);
  assert.ok(Math.abs(deviation(p.head) - 1 / Math.sqrt(3 * 400)) < 0.002);
  for (const name of ["mixing.weight", "second.weight"]) {
    assert.ok(Math.abs(deviation(p[name]) - 1 / Math.sqrt(3 * 16)) < 0.02);
    assert.ok(Math.max(...p[name].data.map(Math.abs)) <= 1 / 4);
  }
  assert.notDeepEqual(p["mixing.weight"].data, p["second.weight"].data);
  assert.equal("second.weight" in flatten(await freshParameters(made({}), 1)), false);
});
