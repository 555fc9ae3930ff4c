/** @file Options of the sequence layers: defaults, both sides of every bound, and errors that say what is wrong. */
import assert from "node:assert/strict";
import { layer as dense } from "../../../lib/layers/sequence/dense_recurrence.ts";
import { layer as gru } from "../../../lib/layers/sequence/gru.ts";
import { layer as linearAttention } from "../../../lib/layers/sequence/linear_attention.ts";
import { layer as lru } from "../../../lib/layers/sequence/lru.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
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
const layers: Record<string, Case> = {
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
