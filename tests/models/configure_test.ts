/** @file Options of every model: defaults, both sides of every bound, and errors that say what is wrong. */
import assert from "node:assert/strict";
import * as causalLinear from "../../lib/models/causal_linear.ts";
import * as denseRecurrence from "../../lib/models/dense_recurrence.ts";
import * as linearTransformer from "../../lib/models/linear_transformer.ts";
import * as lru from "../../lib/models/lru.ts";
import * as lstm from "../../lib/models/lstm.ts";
import * as transformer from "../../lib/models/transformer.ts";

type Options = Record<string, unknown>;

interface Case {
  configure(options: unknown, obsDim: number): object;
  defaults: Options;
  /** At the edge of what is allowed. */
  allowed: Options[];
  /** One wrong option each, and what is said to be allowed. */
  refused: [Options, RegExp][];
}

const patch: [Options, RegExp][] = [
  [{ patch: 0 }, />=1/],
  [{ patch: 33 }, /<=32/],
  [{ patch: 1.5 }, /expected int/],
  [{ patch: "2" }, /expected number/],
];
const decoder = {
  defaults: { patch: 1, layers: 4, dModel: 256, heads: 4, norm: "fixed" },
  allowed: [
    { patch: 1 },
    { patch: 32 },
    { layers: 1 },
    { dModel: 2, heads: 1 },
    { dModel: 6, heads: 3 },
    { norm: "none" },
    { norm: "fixed" },
    { norm: "causal" },
  ],
  refused: [
    ...patch,
    [{ layers: 0 }, />=1/],
    [{ layers: 2.5 }, /expected int/],
    [{ dModel: 1 }, />=2/],
    [{ dModel: 2.5 }, /expected int/],
    [{ heads: 0 }, />=1/],
    [{ heads: 1.5 }, /expected int/],
    [{ norm: "batch" }, /"none"\|"fixed"\|"causal"/],
    [{ norm: "" }, /"none"\|"fixed"\|"causal"/],
  ] as Case["refused"],
};
const models: Record<string, Case> = {
  transformer: { configure: transformer.configure, ...decoder },
  linear_transformer: { configure: linearTransformer.configure, ...decoder },
  lstm: {
    configure: lstm.configure,
    defaults: { patch: 1, layers: 1, dModel: 64, norm: "fixed" },
    allowed: [{ patch: 32 }, { layers: 1 }, { dModel: 1 }, { norm: "none" }, { norm: "fixed" }],
    refused: [
      ...patch,
      [{ layers: 0 }, />=1/],
      [{ layers: 1.5 }, /expected int/],
      [{ dModel: 0 }, />=1/],
      [{ dModel: 0.5 }, /expected int/],
      [{ norm: "causal" }, /"none" or "fixed", the LSTM keeps no expanding statistics$/],
      [{ norm: 3 }, /"none" or "fixed"$/],
    ],
  },
  lru: {
    configure: lru.configure,
    defaults: { patch: 1, state: 64, minRadius: 0.2, maxRadius: 0.99 },
    allowed: [
      { patch: 32 },
      { state: 1 },
      { minRadius: 0 },
      { minRadius: 0.5, maxRadius: 0.5001 },
      { maxRadius: 0.999 },
    ],
    refused: [
      ...patch,
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
    configure: denseRecurrence.configure,
    defaults: { patch: 1, state: 64, radius: 0.9 },
    allowed: [{ patch: 32 }, { state: 1 }, { radius: 0 }, { radius: 0.999 }],
    refused: [
      ...patch,
      [{ state: 0 }, />=1/],
      [{ state: 1.5 }, /expected int/],
      [{ radius: -0.1 }, />=0/],
      [{ radius: 1 }, /<1/],
    ],
  },
  causal_linear: {
    configure: causalLinear.configure,
    defaults: { patch: 1, taps: 64 },
    allowed: [{ patch: 32 }, { taps: 1 }],
    refused: [...patch, [{ taps: 0 }, />=1/], [{ taps: 2.5 }, /expected int/]],
  },
};

for (const [name, { configure, defaults, allowed, refused }] of Object.entries(models)) {
  Deno.test(`${name}: defaults, and options at the edge of what is allowed`, () => {
    assert.deepEqual(configure({}, 2), { obsDim: 2, ...defaults });
    for (const options of allowed) {
      assert.deepEqual(configure(options, 5), { obsDim: 5, ...defaults, ...options });
    }
  });

  Deno.test(`${name}: a wrong option is named, with its value and what is allowed`, () => {
    for (const [options, allowance] of refused) {
      assert.throws(() => configure(options, 2), (error: Error) => {
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
    assert.throws(() => configure({ nonsense: 1 }, 2), {
      message: `${name} options: Unrecognized key: "nonsense"`,
    });
    assert.throws(() => configure(null, 2), /expected object/);
    // All of them at once.
    assert.throws(() => configure({ patch: 0, nonsense: 1 }, 2), /patch = 0.*nonsense/);
  });
}

Deno.test("heads must have an even width, and a whole one", () => {
  for (const [name, { configure }] of Object.entries(models).slice(0, 2)) {
    for (const [dModel, heads] of [[10, 4], [6, 2], [9, 3], [3, 1]]) {
      assert.throws(() => configure({ dModel, heads }, 2), {
        name: "RangeError",
        message: new RegExp(
          `${name} options: dModel ${dModel} is not a multiple of 2 x heads \\(${heads}\\)`,
        ),
      });
    }
    assert.doesNotThrow(() => configure({ dModel: 8, heads: 4 }, 2));
  }
});
