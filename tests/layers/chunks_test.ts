/** @file A sequence in chunks is the sequence, whatever the number of chunks and what is left over. */
import { init as initJax, numpy as np, valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { compile } from "../../lib/engine/mod.ts";
import { inChunks } from "../../lib/layers/chunks.ts";
import { generator, randomTensor, runEngine, runJax } from "../engine/oracle.ts";
import { inFloat64 } from "./definitions.ts";

await initJax("wasm");

type A = np.Array;

/** y_t = w (sum of the tokens so far), with what a chunk saw. */
const sums = (seen: number[]) => (w: A, state: A, x: A): [A, A] => {
  const [batch, size, width] = x.shape;
  seen.push(size);
  const all = np.einsum("ts,bsd->btd", np.tri(size).astype(x.dtype), x)
    .add(state.reshape([batch, 1, width]));
  return [all.ref.slice([], size - 1), all.mul(w)];
};

for (const size of [1, 2, 3, 5, 16]) {
  Deno.test(`sums in chunks of ${size} are those of every length`, () => {
    const w = randomTensor(generator(3), []);
    for (let length = 1; length <= 24; length++) {
      const [batch, width] = [2, 3];
      const x = randomTensor(generator(length), [batch, length, width]);
      const start = randomTensor(generator(2), [batch, width]);
      const seen: number[] = [];
      const [last, y] = inFloat64(
        (w: A, s: A, x: A) => inChunks(sums(seen), w, s, x, size),
        w,
        start,
        x,
      );
      assert.ok(seen.every((n) => n >= 1 && n <= size), `chunks of ${seen}`);
      assert.equal(seen.reduce((a, b) => a + b), length);
      assert.deepEqual([last.shape, y.shape], [[batch, width], [batch, length, width]]);
      for (let b = 0; b < batch; b++) {
        for (let c = 0; c < width; c++) {
          let sum = start.data[b * width + c];
          for (let t = 0; t < length; t++) {
            const at = (b * length + t) * width + c;
            sum += x.data[at];
            assert.ok(Math.abs(y.data[at] - w.data[0] * sum) < 1e-12, `${length}: token ${t}`);
          }
          assert.ok(Math.abs(last.data[b * width + c] - sum) < 1e-12, `${length}: the state`);
        }
      }
    }
  });
}

Deno.test("many chunks are one loop of the program, however many", async () => {
  const nodes = async (length: number) => {
    const args = [
      randomTensor(generator(1), []),
      randomTensor(generator(1), [1, 2]),
      randomTensor(generator(1), [1, length, 2]),
    ];
    const fn = (w: A, s: A, x: A) => inChunks(sums([]), w, s, x, 4);
    const program = await compile(fn as never, args as never);
    await program.close();
    return program.report.nodes;
  };
  assert.equal(await nodes(40), await nodes(400));
});

Deno.test("gradients through chunks are those of jax-js", async () => {
  for (const length of [7, 12, 23, 31]) {
    const args = [
      randomTensor(generator(1), []),
      randomTensor(generator(2), [2, 3]),
      randomTensor(generator(3), [2, length, 3]),
    ];
    const loss = (w: A, s: A, x: A) => {
      const [last, y] = inChunks(sums([]), w, s, x, 3);
      return np.sum(y.ref.mul(y)).add(np.sum(np.sin(last)));
    };
    const argnums = [0, 1, 2];
    const got = await runEngine(valueAndGrad(loss as never, { argnums }), args);
    const want = runJax(jaxValueAndGrad(loss as never, { argnums }) as never, args, "float64");
    want.forEach(({ data }, i) => {
      const scale = Math.max(...Array.from(data, Math.abs));
      data.forEach((v, k) => assert.ok(Math.abs(got[i].data[k] - v) <= 1e-5 * scale));
    });
  }
});
