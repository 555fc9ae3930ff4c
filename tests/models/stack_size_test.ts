/** @file Stacks that are given by their number of parameters, and what their layers carry. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Signature } from "../../lib/models/model.ts";
import { flatten } from "../../lib/tensor/trees.ts";
import { toHost } from "../../lib/train/host.ts";
import { shapesOf, sizeOf } from "./shapes.ts";
import { type Named, stackOf } from "./stacks.ts";

await initJax("wasm");

const symbols: Signature = { kind: "tokens", vocabulary: 7, classes: 3 };
const series: Signature = { kind: "series", channels: 2 };
const window: Signature = { kind: "window", lookback: 12, horizon: 4, channels: 1 };

/** Parameters between the ends, and the widths that they came from. */
function sizesOf(named: Named[], options: object, signature: Signature = symbols) {
  const shapes = shapesOf(stackOf(named, options, signature));
  const inside = Object.entries(shapes).filter(([name]) => name.startsWith("blocks."))
    .concat(Object.entries(shapes).filter(([name]) => name === "norm"));
  return {
    inside: inside.reduce((sum, [, shape]) => sum + sizeOf(shape), 0),
    width: shapes["ends.head.weight"][0],
    mlpWidth: shapes["blocks.0.mlp.up.weight"]?.[1],
  };
}

const twice = (...named: Named): Named[] => [named, named];
const layers: Record<string, Named[]> = {
  "attention": twice("softmax_attention", { heads: 4 }),
  "linear attention of 3 heads": twice("linear_attention", { heads: 3 }),
  "LSTM": twice("lstm"),
  "GRU": twice("gru"),
  "LRU": twice("lru", { state: 16 }),
  "one dense recurrence": [["dense_recurrence", { state: 16 }]],
  "a hybrid": [["lstm"], ["softmax_attention", { heads: 2 }], ["gru"]],
};

for (const [name, named] of Object.entries(layers)) {
  for (const parameters of [14_000, 25_001]) {
    Deno.test(`${name}: ${parameters} parameters between the ends, within 3 %, whatever these are`, () => {
      // The ends are outside of what is counted, so their kind is tried at one size.
      for (const signature of parameters === 14_000 ? [symbols, series, window] : [symbols]) {
        const { inside, width, mlpWidth } = sizesOf(named, { parameters }, signature);
        assert.ok(Math.abs(inside / parameters - 1) <= 0.03, `${inside}`);
        assert.equal(width % 8, 0);
        // It is the nearest width: with MLPs of four widths no multiple of 8 beside it comes nearer.
        const far = (w: number) => {
          try {
            return Math.abs(Math.log(sizesOf(named, { width: w }, signature).inside / parameters));
          } catch {
            return Infinity;
          }
        };
        for (const other of [width - 8, width + 8].filter((w) => w > 0)) {
          assert.ok(far(width) <= far(other), `width ${width} against ${other}`);
        }
        assert.deepEqual(sizesOf(named, { width, mlpWidth }, signature).inside, inside);
      }
    });
  }
}

Deno.test("what is drawn has the shapes that were counted", () => {
  const model = stackOf(layers["a hybrid"], { parameters: 14_000 }, series);
  const drawn = Object.entries(flatten(toHost(model.init(1))));
  for (const [name, { shape, data }] of drawn) assert.equal(data.length, sizeOf(shape), name);
  assert.deepEqual(
    Object.fromEntries(drawn.map(([name, { shape }]) => [name, [...shape]])),
    shapesOf(model),
  );
});

Deno.test("without MLPs, and of bare layers, it is the nearest width and no more", () => {
  // A GRU of width d has 6 d^2 + 6 d, a residual block d more, and the norm d: 6,384 at 32, 3,624 at 24.
  const count = (options: object) => sizesOf([["gru"]], options);
  for (const [parameters, width] of [[6400, 32], [4900, 32], [4700, 24]]) {
    assert.deepEqual(count({ parameters, mlp: false }).width, width, `${parameters}`);
    assert.deepEqual(count({ parameters, block: "bare" }).width, width, `${parameters}, bare`);
  }
  assert.equal(count({ parameters: 6400, mlp: false }).inside, 6 * 32 ** 2 + 8 * 32);
  assert.equal(count({ parameters: 6400, block: "bare" }).inside, 6 * 32 ** 2 + 6 * 32);
});

Deno.test("sizes that cannot be are refused with what to do", () => {
  const refused: [object, RegExp, Named[]?][] = [
    [{ parameters: 0 }, /parameters = 0: .*>=1/],
    [{ parameters: 25.5 }, /expected int/],
    [{ parameters: 3 }, /parameters = 3: no width, .*; width 8 has \d+; name another number/],
    [
      { parameters: 25_000, width: 32 },
      /parameters = 25000 and width = 32: .*leave one of them out/,
    ],
    [{ parameters: 25_000, mlpWidth: 9 }, /parameters = 25000 and mlpWidth = 9/],
    [{ width: 8, mlp: false, mlpWidth: 9 }, /mlpWidth = 9, but there are no MLPs/],
    [{ width: 8, block: "bare", mlpWidth: 9 }, /mlpWidth = 9, but there are no MLPs/],
    [{ width: 8, mlpWidth: 0 }, />=1/],
    [{ mlpWidth: 3 }, /no width/],
    [{ parameters: 25_000 }, /heads = 0/, [["softmax_attention", { heads: 0 }]]],
    [{ parameters: 25_000 }, /Unrecognized key: "nonsense"/, [["gru", { nonsense: 1 }]]],
  ];
  for (const [options, message, named = twice("lstm")] of refused) {
    assert.throws(() => stackOf(named, options, symbols), { message }, JSON.stringify(options));
  }
});

Deno.test("the memory is what all layers carry of one sequence; attention's grows with it", () => {
  const memory = (
    named: Named[],
    options: object,
    tokens: number,
    signature: Signature = symbols,
  ) => stackOf(named, { width: 8, ...options }, signature).memory!(tokens);
  assert.equal(memory(twice("lstm"), {}, 100), 2 * 16);
  assert.equal(memory([["gru"], ["lru", { state: 5 }]], {}, 1), 8 + 10);
  // Keys and values, and the position.
  assert.equal(memory(twice("softmax_attention", { heads: 2 }), {}, 100), 2 * (2 * 8 * 100 + 1));
  assert.equal(memory([["softmax_attention", { heads: 2 }]], { patch: 4 }, 100, series), 401);
  assert.equal(memory([["softmax_attention", { heads: 2 }]], { patch: 3 }, 12, window), 65);
});
