/** @file Options of stacks and of their ends: both sides of every bound, and errors that say what is wrong. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Signature } from "../../lib/models/model.ts";
import { type Named, stackOf } from "./stacks.ts";

await initJax("wasm");

const lstm: Named[] = [["lstm"]];
const signatures = {
  series: { kind: "series", channels: 2 },
  tokens: { kind: "tokens", vocabulary: 5, classes: 5 },
  window: { kind: "window", lookback: 6, horizon: 4, channels: 3 },
} satisfies Record<string, Signature>;

const patch: [object, RegExp][] = [
  [{ patch: 0 }, />=1/],
  [{ patch: 1.5 }, /expected int/],
  [{ patch: "2" }, /expected number/],
];
const shared: [object, RegExp][] = [
  [{ block: "parallel" }, /"residual"\|"bare"/],
  [{ mlp: 4 }, /expected boolean/],
  [{ width: 0 }, />=1/],
  [{ width: 2.5 }, /expected int/],
];
/** Beside a width of 4: at the edge of what is allowed; one wrong option each, and what is said to be allowed. */
const cases: Record<keyof typeof signatures, { allowed: object[]; refused: [object, RegExp][] }> = {
  series: {
    allowed: [
      {},
      { patch: 32 },
      { width: 1 },
      { norm: "none" },
      { norm: "fixed" },
      { norm: "causal" },
      { block: "bare" },
      { block: "bare", mlp: false },
      { block: "bare", width: undefined },
      { mlp: false },
    ],
    refused: [
      ...patch,
      [{ patch: 33 }, /<=32/],
      [{ norm: "batch" }, /"none"\|"fixed"\|"causal"/],
      [{ norm: "last" }, /"none"\|"fixed"\|"causal"/],
    ],
  },
  tokens: {
    allowed: [{}, { tie: true }, { block: "bare" }, { mlp: true }],
    refused: [[{ tie: "yes" }, /expected boolean/]],
  },
  window: {
    allowed: [
      {},
      { patch: 6 },
      { shared: false },
      { norm: "none" },
      { norm: "last" },
      { norm: "mean" },
      { block: "bare", width: undefined },
    ],
    refused: [
      ...patch,
      [{ norm: "causal" }, /"none"\|"last"\|"mean"/],
      [{ shared: 1 }, /expected boolean/],
    ],
  },
};

for (const [kind, { allowed, refused }] of Object.entries(cases)) {
  const signature = signatures[kind as keyof typeof signatures];
  const configure = (options: object) => stackOf(lstm, { width: 4, ...options }, signature);

  Deno.test(`${kind}: options at the edge of what is allowed`, () => {
    for (const options of allowed) assert.doesNotThrow(() => configure(options));
  });

  Deno.test(`${kind}: a wrong option is named, with its value and what is allowed`, () => {
    for (const [options, allowance] of [...shared, ...refused]) {
      assert.throws(() => configure(options), (error: Error) => {
        const [[option, value]] = Object.entries(options);
        const text = typeof value === "number" ? value : JSON.stringify(value);
        const start = `stack options: ${option} = ${text}: `;
        assert.ok(error.message.startsWith(start), error.message);
        assert.match(error.message, allowance);
        return true;
      });
    }
    assert.throws(() => configure({ nonsense: 1 }), {
      message: `stack options: Unrecognized key: "nonsense"`,
    });
    // All of them at once.
    assert.throws(() => configure({ width: 0, nonsense: 1 }), /width = 0.*nonsense/);
  });
}

Deno.test("options of the ends of another task are refused", () => {
  assert.throws(() => stackOf(lstm, { width: 4, patch: 2 }, signatures.tokens), /key: "patch"/);
  assert.throws(() => stackOf(lstm, { width: 4, shared: true }, signatures.series), /"shared"/);
});

Deno.test("what does not go together is refused, with what to do instead", () => {
  const { series, tokens, window } = signatures;
  assert.throws(
    () => stackOf(lstm, {}, series),
    /stack options: width is missing; residual blocks .*\(block: "bare" needs none\)/,
  );
  assert.throws(
    () => stackOf(lstm, { block: "bare", mlp: true, width: 4 }, series),
    /stack options: mlp = true: bare layers .*choose block: "residual"/,
  );
  assert.throws(() => stackOf([], { width: 4 }, series), /stack: no layers; name at least one/);
  assert.throws(() => stackOf(lstm, { block: "bare" }, tokens), /tokens: no width; symbols have/);
  assert.throws(
    () => stackOf(lstm, { width: 4, tie: true }, { ...tokens, classes: 3 }),
    /tie = true for a vocabulary of 5 and 3 classes/,
  );
  assert.throws(
    () => stackOf(lstm, { width: 4, patch: 4 }, window),
    /window: patch = 4 does not divide the lookback of 6/,
  );
  for (const wrong of [{ mean: [0], variance: [1, 1] }, { mean: [0, 0], variance: [1, 1, 1] }]) {
    assert.throws(
      () => stackOf(lstm, { width: 4 }, { ...series, statistics: wrong }),
      /(1 numbers in statistics.mean|3 numbers in statistics.variance) of a series of 2 channels/,
    );
  }
});

Deno.test("options of a layer are read by the layer, for the width that it sees", () => {
  const heads = (count: number): Named[] => [["softmax_attention", { heads: count }]];
  assert.throws(
    () => stackOf(heads(3), { width: 4 }, signatures.series),
    /softmax_attention options: /,
  );
  // Without a width the layers see patches of two channels.
  const bare = (patch: number) => () =>
    stackOf(heads(2), { block: "bare", patch }, signatures.series);
  assert.doesNotThrow(bare(2));
  assert.throws(bare(1), /softmax_attention options: /);
});
