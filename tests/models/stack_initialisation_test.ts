/** @file Fresh parameters of stacks: names, shapes, the distribution of every tensor, and which key draws what. */
import { init as initJax, random } from "@jax-js/jax";
import assert from "node:assert/strict";
import { layer as lru } from "../../lib/layers/sequence/lru.ts";
import { layer as lstm } from "../../lib/layers/sequence/lstm.ts";
import type { Signature } from "../../lib/models/model.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { flatten } from "../../lib/tensor/trees.ts";
import { toHost } from "../../lib/train/host.ts";
import { assertNormal, assertUncorrelated, assertZero } from "../moments.ts";
import { type Named, stackOf, stacks } from "./stacks.ts";

await initJax("wasm");

type Fresh = Record<string, Tensor>;
const series: Signature = { kind: "series", channels: 3 };

const fresh = (
  named: readonly Named[],
  options: object,
  seed = 1,
  signature: Signature = series,
): Fresh => flatten(toHost(stackOf(named, options, signature).init(seed)));
const shapes = (params: Fresh) =>
  Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, [...shape]]));
/** The tensors whose names match, as one sample. */
const pool = (params: Fresh, pattern: RegExp): number[] =>
  Object.entries(params).filter(([name]) => pattern.test(name))
    .flatMap(([, { data }]) => Array.from(data));
const affine = (name: string, inputs: number, outputs: number) => ({
  [`${name}.weight`]: [inputs, outputs],
  [`${name}.bias`]: [outputs],
});
const attention = (count: number): Named[] =>
  Array.from({ length: count }, () => ["softmax_attention", { heads: 4 }]);

for (const [layers, mlp] of [[1, true], [4, true], [3, false]] as const) {
  Deno.test(`residual blocks, ${layers}, ${mlp ? "with" : "without"} MLP: every tensor has its shape and its distribution`, () => {
    const d = 32;
    const params = fresh(attention(layers), { width: d, patch: 2, mlp });
    const blocks = Array.from({ length: layers }, (_, i) => ({
      [`blocks.${i}.norm`]: [d],
      ...affine(`blocks.${i}.layer.query`, d, d),
      ...affine(`blocks.${i}.layer.key`, d, d),
      ...affine(`blocks.${i}.layer.value`, d, d),
      ...affine(`blocks.${i}.layer.output`, d, d),
      ...mlp && {
        [`blocks.${i}.mlp.norm`]: [d],
        ...affine(`blocks.${i}.mlp.up`, d, 4 * d),
        ...affine(`blocks.${i}.mlp.down`, 4 * d, d),
      },
    }));
    const around = { ...affine("ends.embed", 6, d), norm: [d], ...affine("ends.head", d, 6) };
    assert.deepEqual(shapes(params), Object.assign(around, ...blocks));
    const normal = (pattern: RegExp, deviation: number) =>
      assertNormal(pool(params, pattern), deviation, `${pattern}`);
    normal(/^ends\.embed\.weight$/, 1 / Math.sqrt(6));
    normal(/\.query\.weight$/, 1 / Math.sqrt(d));
    // What enters the residual stream, so many times, keeps its variance in all.
    const times = (mlp ? 2 : 1) * layers;
    normal(/\.output\.weight$/, 1 / Math.sqrt(d * times));
    if (mlp) {
      normal(/\.up\.weight$/, 1 / Math.sqrt(d));
      normal(/\.down\.weight$/, 1 / Math.sqrt(4 * d * times));
    }
    assertZero(pool(params, /(value|output|up|down|embed|head)\.bias$/), "biases");
    assertZero(pool(params, /^ends\.head\.weight$/), "head");
    const scales = pool(params, /norm$/);
    assert.equal(scales.length, (times + 1) * d);
    assert.ok(scales.every((x) => x === 1));
  });
}

for (const [name, [named, options]] of Object.entries(stacks)) {
  Deno.test(`every tensor that is drawn is drawn for itself, from the seed alone: ${name}`, () => {
    const wide = { ...options, patch: 8, ..."width" in options && { width: 12 } };
    const [one, again, other] = [1, 1, 2].map((seed) => fresh(named, wide, seed));
    assert.deepEqual(again, one);
    // (Pairs of a dozen numbers say nothing; LSTM biases are a pattern; gamma is a function of nu.)
    const drawn = Object.keys(one).filter((key) => {
      const { data } = one[key];
      return data.length >= 24 && !Array.from(data).every((x) => x === data[0]) &&
        !key.endsWith("bias");
    });
    assert.ok(drawn.length >= 2, `${drawn}`);
    for (const [i, a] of drawn.entries()) {
      assertUncorrelated(one[a].data, other[a].data, `${a} of two seeds`);
      for (const b of drawn.slice(0, i)) {
        assertUncorrelated(one[a].data, one[b].data, `${a} and ${b}`);
      }
    }
  });
}

Deno.test("the two Transformers start from the same parameters", () => {
  const linear: Named[] = [["linear_attention", { heads: 4 }], ["linear_attention", { heads: 4 }]];
  assert.deepEqual(fresh(linear, { width: 8 }, 5), fresh(attention(2), { width: 8 }, 5));
});

Deno.test("bare layers predict zero at first where no head does, by the last of them alone", () => {
  const named: Named[] = [["lru", { state: 4 }], ["lru", { state: 4 }]];
  const [headless, headed] = [{}, { width: 5 }].map((width) =>
    fresh(named, { block: "bare", ...width })
  );
  assertZero(headless["blocks.1.layer.c"].data, "C of the last layer");
  for (const { data } of [headless["blocks.0.layer.c"], headed["blocks.1.layer.c"]]) {
    assertNormal(data, 1 / Math.sqrt(4), "C before something");
  }
});

Deno.test("a key is split only where more than one thing needs one", () => {
  const width = 3; // of one observation
  const ofLru = lru.configure({ state: 4 }, width);
  const own = (params: Fresh, prefix: string) =>
    Object.fromEntries(
      Object.entries(params).filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value]),
    );
  // One bare layer and nothing else draws with the model's own key.
  const alone = fresh([["lru", { state: 4 }]], { block: "bare" }, 9);
  assert.deepEqual(
    own(alone, "blocks.0.layer."),
    flatten(toHost(lru.init(ofLru, random.key(9), 0))),
  );
  assert.equal(Object.keys(alone).length, 7);
  // Two layers have two keys.
  const two = fresh([["lru", { state: 4 }], ["lru", { state: 4 }]], { block: "bare" }, 9);
  const [first, second] = random.split(random.key(9), 2);
  assert.deepEqual(own(two, "blocks.0.layer."), flatten(toHost(lru.init(ofLru, first))));
  assert.deepEqual(own(two, "blocks.1.layer."), flatten(toHost(lru.init(ofLru, second, 0))));
  // Ends with parameters have the last one, and a block with an MLP has three.
  const residual = fresh([["lstm"]], { width: 5 }, 9);
  const [blockKey] = random.split(random.key(9), 2);
  const [layerKey] = random.split(blockKey, 3);
  const ofLstm = lstm.configure({}, 5);
  const want = flatten(toHost(lstm.init(ofLstm, layerKey)));
  assert.deepEqual(own(residual, "blocks.0.layer."), want);
});

Deno.test("symbols: embeddings of the size of a head, logits from zero on; tied ends have one table", () => {
  const signature: Signature = { kind: "tokens", vocabulary: 50, classes: 50 };
  const own = fresh([["lstm"]], { width: 20 }, 1, signature);
  assert.deepEqual(own["ends.embed"].shape, [50, 20]);
  assertNormal(own["ends.embed"].data, 1 / Math.sqrt(20), "embedding");
  assertZero(pool(own, /^ends\.head/), "head");
  const tied = fresh([["lstm"]], { width: 20, tie: true }, 1, signature);
  assert.deepEqual(shapes(own)["ends.head.weight"], [20, 50]);
  const ends = Object.entries(shapes(tied)).filter(([name]) => name.startsWith("ends."));
  assert.deepEqual(Object.fromEntries(ends), {
    "ends.embed": [50, 20],
    "ends.gain": [20],
    "ends.bias": [50],
  });
  assertNormal(tied["ends.embed"].data, 1 / Math.sqrt(20), "tied embedding");
  assertZero(pool(tied, /^ends\.(gain|bias)/), "factors and biases of the logits");
});

Deno.test("windows: the head maps a token to the horizon of a channel or of all, and starts at zero", () => {
  const signature: Signature = { kind: "window", lookback: 12, horizon: 7, channels: 3 };
  for (
    const [options, embed, head] of [
      [{ width: 20, patch: 4 }, [4, 20], [20, 7]],
      [{ width: 20, patch: 4, shared: false }, [12, 20], [20, 21]],
      [{ block: "bare", patch: 4 }, undefined, [4, 7]],
      [{ block: "bare", patch: 2, shared: false }, undefined, [6, 21]],
    ] as const
  ) {
    const params = fresh([["lstm"]], options, 1, signature);
    assert.deepEqual(params["ends.embed.weight"]?.shape, embed);
    assert.deepEqual(params["ends.head.weight"].shape, head);
    assertZero(pool(params, /^ends\.head/), "head");
    if (embed) assertNormal(params["ends.embed.weight"].data, 1 / Math.sqrt(embed[0]), "embed");
  }
});
