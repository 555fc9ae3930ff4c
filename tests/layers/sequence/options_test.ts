/** @file Options of the sequence layers: defaults, both sides of every bound, and errors that say what is wrong. */
import assert from "node:assert/strict";
import { layer as dense } from "../../../lib/layers/sequence/dense_recurrence.ts";
import { layer as deltaNet } from "../../../lib/layers/sequence/deltanet.ts";
import { layer as e1 } from "../../../lib/layers/sequence/e1.ts";
import { layer as gla } from "../../../lib/layers/sequence/gla.ts";
import { layer as gru } from "../../../lib/layers/sequence/gru.ts";
import { layer as linearAttention } from "../../../lib/layers/sequence/linear_attention.ts";
import { layer as lru } from "../../../lib/layers/sequence/lru.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
import { layer as mamba2 } from "../../../lib/layers/sequence/mamba2.ts";
import { layer as minGru } from "../../../lib/layers/sequence/mingru.ts";
import { layer as softmaxAttention } from "../../../lib/layers/sequence/softmax_attention.ts";

type Options = Record<string, unknown>;

interface Case {
  readonly layer: { configure(options: unknown, width: number): unknown };
  readonly defaults: Options;
  /** At the edge of what is allowed. */
  readonly allowed: Options[];
  /** One wrong option each, and what is said to be allowed. */
  readonly refused: [Options, RegExp][];
}

const attention = {
  defaults: { heads: 4 },
  allowed: [{ heads: 1 }, { heads: 2 }, { heads: 8 }],
  refused: [
    [{ heads: 0 }, />=1/],
    [{ heads: 1.5 }, /expected int/],
    [{ heads: "2" }, /expected number/],
  ] as Case["refused"],
};
const expanding = {
  defaults: { expansion: 1 },
  allowed: [{ expansion: 1 / 32 }, { expansion: 1.5 }, { expansion: 3 }],
  refused: [
    [{ expansion: 0 }, />0/],
    [{ expansion: -1 }, />0/],
    [{ expansion: 0.03 }, /expansion times the width 16 must be a whole number/],
    [{ expansion: 1.03 }, /expansion times the width 16 must be a whole number/],
  ] as Case["refused"],
};
const layers: Record<string, Case> = {
  mingru: { layer: minGru, ...expanding },
  e1: { layer: e1, ...expanding },
  deltanet: {
    layer: deltaNet,
    defaults: { heads: 4, expandKey: 1, expandValue: 1, conv: 4, negative: false, erase: true },
    allowed: [
      { heads: 1, expandKey: 1 / 32, expandValue: 1 / 32 },
      { heads: 16 },
      { expandKey: 0.5, expandValue: 2 },
      { conv: 0 },
      { conv: 2 },
      { negative: true },
      { erase: false },
    ],
    refused: [
      [{ heads: 0 }, />=1/],
      [{ heads: 1.5 }, /expected int/],
      [{ expandKey: 0 }, />0/],
      [{ expandKey: 0.75, heads: 8 }, /the width 16 must be a multiple of heads = 8/],
      [{ expandValue: 0 }, />0/],
      [{ expandValue: 0.375 }, /the width 16 must be a multiple of heads = 4/],
      [{ conv: -1 }, />=0/],
      [{ conv: 1 }, /at least 2, or 0 for no convolution/],
      [{ conv: 2.5 }, /expected int/],
      [{ negative: 1 }, /expected boolean/],
      [{ erase: 0 }, /expected boolean/],
    ],
  },
  mamba2: {
    layer: mamba2,
    defaults: { state: 64, headWidth: 32, expand: 2, conv: 4 },
    // (The default width of a head depends on that of the layer.)
    allowed: [
      { state: 1, headWidth: 1 },
      { headWidth: 64 },
      { headWidth: 3, expand: 1.5 },
      { headWidth: 4, expand: 0.125 },
      { headWidth: 4, conv: 0 },
      { headWidth: 4, conv: 2 },
    ],
    refused: [
      [{ state: 0 }, />=1/],
      [{ state: 1.5 }, /expected int/],
      [{ headWidth: 0 }, />=1/],
      [{ headWidth: 1.5 }, /expected int/],
      [{ headWidth: 5 }, /must divide expand x width = 32/],
      [{ headWidth: 64 }, /must divide expand x width = 32/],
      [{ expand: 0 }, />0/],
      [{ expand: 1.03 }, /expand times the width 16 must be a whole number/],
      [{ conv: -1 }, />=0/],
      [{ conv: 1 }, /at least 2, or 0 for no convolution/],
      [{ conv: 2.5 }, /expected int/],
    ],
  },
  gla: {
    layer: gla,
    defaults: { heads: 4, expandKey: 0.5, expandValue: 1, gateRank: 16, gateNormaliser: 16 },
    allowed: [
      { heads: 1, expandKey: 1 / 32, expandValue: 1 / 32 },
      { heads: 16 },
      { expandKey: 2, expandValue: 0.5 },
      { gateRank: 1 },
      { gateNormaliser: 0.5 },
    ],
    refused: [
      [{ heads: 0 }, />=1/],
      [{ heads: 1.5 }, /expected int/],
      [{ expandKey: 0 }, />0/],
      [{ expandKey: 0.75, heads: 8 }, /the width 16 must be a multiple of heads = 8/],
      [{ expandKey: 0.3 }, /the width 16 must be a multiple of heads = 4/],
      [{ expandValue: 0 }, />0/],
      [{ expandValue: 0.375 }, /the width 16 must be a multiple of heads = 4/],
      [{ gateRank: 0 }, />=1/],
      [{ gateRank: 1.5 }, /expected int/],
      [{ gateNormaliser: 0 }, />0/],
    ],
  },
  softmax_attention: { layer: softmaxAttention, ...attention },
  linear_attention: { layer: linearAttention, ...attention },
  lstm: { layer: lstm, defaults: {}, allowed: [], refused: [] },
  gru: { layer: gru, defaults: {}, allowed: [], refused: [] },
  lru: {
    layer: lru,
    defaults: { state: 64, minRadius: 0.2, maxRadius: 0.99 },
    allowed: [
      { state: 1 },
      { minRadius: 0 },
      { minRadius: 0.5, maxRadius: 0.5001 },
      { maxRadius: 0.999 },
    ],
    refused: [
      [{ state: 0 }, />=1/],
      [{ state: 1.5 }, /expected int/],
      [{ minRadius: -0.1 }, />=0/],
      [{ minRadius: 1 }, /<1/],
      [{ maxRadius: 0 }, />0/],
      [{ maxRadius: 1 }, /<1/],
      [{ minRadius: 0.995 }, /must be below maxRadius = 0.99/],
      [{ minRadius: 0.99 }, /must be below maxRadius = 0.99/],
      [{ minRadius: NaN }, /expected number/],
    ],
  },
  dense_recurrence: {
    layer: dense,
    defaults: { state: 64, radius: 0.9 },
    allowed: [{ state: 1 }, { radius: 0 }, { radius: 0.999 }],
    refused: [
      [{ state: 0 }, />=1/],
      [{ state: 1.5 }, /expected int/],
      [{ radius: -0.1 }, />=0/],
      [{ radius: 1 }, /<1/],
    ],
  },
};

for (const [name, { layer, defaults, allowed, refused }] of Object.entries(layers)) {
  Deno.test(`${name}: defaults, and options at the edge of what is allowed`, () => {
    assert.deepEqual(layer.configure({}, 16), { width: 16, ...defaults });
    for (const options of allowed) {
      assert.deepEqual(layer.configure(options, 32), { width: 32, ...defaults, ...options });
    }
  });

  Deno.test(`${name}: a wrong option is named, with its value and what is allowed`, () => {
    for (const [options, allowance] of refused) {
      assert.throws(() => layer.configure(options, 16), (error: Error) => {
        const [[option, value]] = Object.entries(options);
        const text = typeof value === "number" ? value : JSON.stringify(value);
        assert.ok(
          error.message.startsWith(`${name} options: ${option} = ${text}: `),
          error.message,
        );
        assert.match(error.message, allowance);
        return true;
      });
    }
    if (refused.length === 0) return;
    // All of them at once.
    const [[options]] = refused;
    assert.throws(() => layer.configure({ ...options, nonsense: 1 }, 16), /= 0: .*nonsense/);
  });
}

Deno.test("heads must have an even width, and a whole one", () => {
  for (const name of ["softmax_attention", "linear_attention"]) {
    const { layer } = layers[name];
    for (const [width, heads] of [[10, 4], [6, 2], [9, 3], [3, 1]]) {
      assert.throws(() => layer.configure({ heads }, width), {
        name: "RangeError",
        message: new RegExp(
          `^${name} options: heads = ${heads}: the width ${width} is not a multiple of 2 x heads`,
        ),
      });
    }
    assert.doesNotThrow(() => layer.configure({ heads: 4 }, 8));
  }
});

Deno.test("a factor of the width may miss a whole number by rounding", () => {
  assert.doesNotThrow(() => minGru.configure({ expansion: 1.1 }, 10)); // 11.000000000000002
  assert.doesNotThrow(() => minGru.configure({ expansion: 1 + 0.5e-9 }, 16));
  assert.throws(() => minGru.configure({ expansion: 1 + 1.5e-9 }, 16), /a whole number/);
});
