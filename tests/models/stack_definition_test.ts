/** @file Stacks against their definition in loops over numbers. Every stack with every norm: tests/long/models. */
import assert from "node:assert/strict";
import { tensor } from "../../lib/tensor/tensor.ts";
import type { Vector } from "../layers/definitions.ts";
import { type LstmTensors, naiveLstm } from "./naive_lstm.ts";
import {
  assertDefined,
  channels,
  observations,
  statistics,
  testResidual,
} from "./stack_definitions.ts";
import { made, type Named } from "./stacks.ts";

const norms: Record<string, string[]> = {
  "Transformer": ["none", "fixed", "causal"],
  "linear Transformer": ["causal"],
  "attention, LSTM, linear attention": ["fixed"],
  "LSTM and attention without MLP": ["none"],
};
testResidual((name) => norms[name]);

for (
  const [name, layers, options, tokens] of [
    ["one", 1, { width: 5 }, 7],
    ["three, patch 3", 3, { width: 4, patch: 3 }, 5],
    ["no norm, patch 2", 1, { width: 6, norm: "none", patch: 2 }, 4],
    ["width 1, one token", 1, { width: 1 }, 1],
  ] as const
) {
  Deno.test(`bare LSTMs are their loops: ${name}`, () => {
    const named = Array.from({ length: layers }, (): Named => ["lstm"]);
    const own = made(named, { block: "bare", ...options }, channels, statistics);
    const { patch } = own.model;
    const norm = "norm" in options ? options.norm : "fixed";
    const definition = (params: LstmTensors, rows: Vector[]) =>
      naiveLstm({ patch, norm }, params, statistics, rows);
    assertDefined(own, observations(tokens * patch), definition);
    // Nothing of the ends is carried.
    assert.deepEqual(own.model.initialState(3, 9), {
      ends: {},
      layers: named.map(() => {
        const zero = tensor(0, [3, options.width]);
        return { h: zero, c: zero };
      }),
    });
  });
}
