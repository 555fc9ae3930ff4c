/**
 * @file Weights set by hand with which one bare layer computes parity, the number of ones so far modulo 2, at all of 4,096 positions:
 * what a layer cannot do is told apart from what training does not find.
 */
import { init as initJax, type numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { layer as deltaNet } from "../../../lib/layers/sequence/deltanet.ts";
import { layer as e1 } from "../../../lib/layers/sequence/e1.ts";
import { overSequence, recurrent } from "../../../lib/layers/sequence/forms.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
import { generator } from "../../engine/oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

interface Construction {
  readonly layer: Any;
  readonly options: object;
  /** The token of a bit; as wide as the layer. */
  token(bit: number): number[];
  readonly params: Any;
  /** Above zero where parity is odd, below where it is even, by 1/4 at least. */
  read(y: number[]): number;
}

const matrix = (rows: number[][]): Tensor => tensor(rows.flat(), [rows.length, rows[0].length]);
const vector = (row: number[]): Tensor => tensor(row, [row.length]);

/** So steep that sigmoid and tanh are 0 or 1 in float32 at half of it. */
const steep = 100;

const constructions: Record<string, Construction> = {
  /**
   * Two units keep a sign between them, positive where parity is odd. The first writes where the bit is 0, and copies the sign of
   * both; the second where it is 1, and reverses it. What a unit does not write it forgets.
   */
  lstm: {
    layer: lstm,
    options: {},
    token: (bit) => [bit, 0],
    params: {
      input: {
        weight: matrix([[-steep, steep, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]]),
        bias: vector([
          ...[steep / 2, -steep / 2], // input gates
          ...[-steep, -steep], // forget gates
          ...[steep, steep], // output gates
          ...[-steep / 2, steep / 2], // candidates: before the first token the sign is 0, which has to be even
        ]),
      },
      recurrent: matrix([
        [0, 0, 0, 0, 0, 0, 2 * steep, -2 * steep],
        [0, 0, 0, 0, 0, 0, 2 * steep, -2 * steep],
      ]),
    },
    read: ([first, second]) => first + second,
  },
  /**
   * With p the parity so far, one unit is 1 where p + bit > 1/2 and -1 elsewhere, the other where p + bit > 3/2: half their
   * difference is the next p.
   */
  e1: {
    layer: e1,
    options: {},
    token: (bit) => [bit, 1],
    params: {
      input: matrix([[20, 0], [0, 0]]), // silu(20) = 20
      drive: {
        weight: matrix([[steep / 20, steep / 20], [0, 0]]),
        bias: vector([-steep / 2, -3 * steep / 2]),
      },
      recurrent: matrix([[steep / 2, steep / 2], [-steep / 2, -steep / 2]]),
      gate: matrix([[0, 0], [20, 20]]),
      output: matrix([[1 / 40, 0], [-1 / 40, 0]]),
    },
    read: ([parity]) => parity - 0.5,
  },
  /**
   * Beta is 2 where the bit is 1, else 0, and key, query and value are always the same: each one takes S to 2 v - S, which is 2 v
   * or 0. The norm of what is read then is 1 or 0. (1024 has a norm of 1024 in float32, exactly, and 1024 silu of itself.)
   */
  "DeltaNet [-1, 1]": {
    layer: deltaNet,
    options: { heads: 1, conv: 0, negative: true },
    token: (bit) => [bit, 1],
    params: {
      input: matrix([[0, 0, 0, 0, 0, 0], [1024, 0, 1024, 0, 1024, 0]]),
      beta: matrix([[2 * steep], [-steep]]),
      norm: vector([Math.SQRT1_2, Math.SQRT1_2]), // one of two channels has all of the size
      output: matrix([[1, 0], [0, 1]]),
    },
    read: ([parity]) => parity - 0.5,
  },
};

const length = 4096;
const random = generator(17);
const sequences: Record<string, (t: number) => number> = {
  "random bits": () => Number(random() < 0.5),
  "rare ones": () => Number(random() < 0.01),
  ones: () => 1,
  zeros: () => 0,
  "a one, then zeros": (t) => Number(t === 0),
};
const bits = Object.values(sequences).map((bit) => Array.from({ length }, (_, t) => bit(t)));

for (const [name, { layer, options, token, params, read }] of Object.entries(constructions)) {
  const forms = layer.parallel ? { recurrent, parallel: overSequence } : { recurrent };
  for (const [what, form] of Object.entries(forms)) {
    Deno.test(`${name}: hand-set weights compute parity at every position, ${what}`, async () => {
      const width = token(0).length;
      const config = layer.configure(options, width);
      const x = tensor(bits.flat().flatMap(token), [bits.length, length, width]);
      const program = await compile(
        (params: Any, x: np.Array) => form(layer, config, params, x)[1],
        [params, x],
      );
      const y = await (await program.run(params, x)).read();
      await program.close();
      assert.equal(y.dtype, "float32");
      Object.keys(sequences).forEach((sequence, b) => {
        let parity = 0;
        for (let t = 0; t < length; t++) {
          parity ^= bits[b][t];
          const at = (b * length + t) * width;
          const margin = read(Array.from(y.data.slice(at, at + width))) * (parity ? 1 : -1);
          assert.ok(margin > 0.25, `${sequence}, position ${t}: ${margin}`);
        }
      });
    });
  }
}
