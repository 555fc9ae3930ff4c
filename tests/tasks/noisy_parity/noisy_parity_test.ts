/** @file Noisy parity: the forward algorithm against all ways in which a sequence can come, and closed forms. */
import assert from "node:assert/strict";
import {
  type Noise,
  oddProbabilities,
  task as module,
} from "../../../lib/tasks/noisy_parity/noisy_parity.ts";
import { answering } from "../answering.ts";
import { drawn, oneHot, scored } from "../drawn.ts";

/** Probability of an odd state after these symbols, by all ways in which flips can happen. */
function byEnumeration({ flip, misread }: Noise, symbols: readonly number[]): number {
  let [odd, all] = [0, 0];
  for (let flips = 0; flips < 2 ** symbols.length; flips++) {
    let [state, chance] = [0, 1];
    symbols.forEach((symbol, t) => {
      const isFlip = (flips >> t) & 1;
      state ^= (symbol >> 1) ^ isFlip;
      chance *= isFlip ? flip : 1 - flip;
      chance *= (symbol & 1) === state ? 1 - misread : misread;
    });
    all += chance;
    if (state) odd += chance;
  }
  return odd / all;
}

Deno.test("the forward algorithm is the posterior of all ways in which flips can happen", () => {
  for (const noise of [{ flip: 0.1, misread: 0.3 }, { flip: 0.02, misread: 0.2 }]) {
    for (const symbols of [[3], [0, 2, 1], [2, 2, 3, 1, 0, 3, 2], [1, 1, 1, 1, 1, 0, 3, 3, 2]]) {
      const got = oddProbabilities(noise, symbols);
      symbols.forEach((_, t) => {
        const want = byEnumeration(noise, symbols.slice(0, t + 1));
        assert.ok(Math.abs(got[t] - want) < 1e-12, `${symbols} ${t}: ${got[t]}, ${want}`);
      });
    }
  }
  assert.deepEqual(oddProbabilities({ flip: 0.1, misread: 0.2 }, []), []);
});

Deno.test("readings that tell nothing: the optimum is (1 - (1 - 2 flip)^t) / 2 at position t", async () => {
  const options = { flip: 0.05, misread: 0.5, length: 12 };
  for (const [from, to] of [[1, 12], [4, 4], [5, 9]]) {
    const { optimum } = await scored(module, options, () => [0, 0], { protocol: { from, to } });
    let want = 0;
    for (let t = from; t <= to; t++) want += (1 - 0.9 ** t) / 2 / (to - from + 1);
    assert.ok(Math.abs(optimum - want) < 1e-12, `${optimum}, ${want}`);
  }
});

Deno.test("readings alone: without flips that stay to be found, odds of readings multiply", async () => {
  // Where nothing flips, the bits tell the state exactly, whatever is read.
  const clean = await scored(module, { flip: 0, misread: 0.4, length: 9 }, (s) => {
    const odd = s.reduce((sum, symbol) => sum + (symbol >> 1), 0) % 2;
    return oneHot(odd, 2);
  }, { protocol: { from: 1 } });
  assert.deepEqual([clean.loss, clean.optimum, clean.floor, clean.gapClosed], [0, 0, 0.5, 1]);
  // Where the state is a new coin every time, a reading is all that there is.
  const coin = await scored(
    module,
    { flip: 0.5, misread: 0.3, length: 9 },
    (s) => oneHot(s.at(-1)! & 1, 2),
    { count: 2000, protocol: { from: 1 } },
  );
  assert.ok(Math.abs(coin.optimum - 0.3) < 1e-12);
  assert.ok(Math.abs(coin.loss - 0.3) < 4 * Math.sqrt(0.21 / 18_000));
});

Deno.test("the likelier state errs as often as the optimum says, and anything else more often", async () => {
  const noise = { flip: 0.05, misread: 0.25 };
  const options = { ...noise, length: 30 };
  const best = await scored(module, options, (s) => {
    const p = oddProbabilities(noise, s).at(-1)!;
    return [1 - p, p];
  }, { count: 600, protocol: { from: 5 } });
  assert.ok(Math.abs(best.loss - best.optimum) < 0.01, `${best.loss}, ${best.optimum}`);
  assert.ok(Math.abs(best.gapClosed - 1) < 0.03);
  const reading = await scored(module, options, (s) => oneHot(s.at(-1)! & 1, 2), {
    count: 600,
    protocol: { from: 5 },
  });
  assert.ok(Math.abs(reading.loss - 0.25) < 0.012 && reading.loss > best.loss + 0.05);
});

Deno.test("how often states flip and readings are wrong; bits are fair", () => {
  let [flips, wrong, ones, count] = [0, 0, 0, 0];
  for (const { x, target } of drawn(module, { flip: 0.1, misread: 0.3, length: 50 }, 200)) {
    x.forEach((symbol, t) => {
      const before = t ? target[t - 1] : 0;
      flips += target[t] ^ before ^ (symbol >> 1);
      wrong += (symbol & 1) ^ target[t];
      ones += symbol >> 1;
      count++;
    });
  }
  const near = (share: number, p: number) =>
    assert.ok(Math.abs(share - p) < 3.5 * Math.sqrt(p * (1 - p) / count), `${share}, ${p}`);
  near(flips / count, 0.1);
  near(wrong / count, 0.3);
  near(ones / count, 0.5);
});

Deno.test("options, and data that cannot come", async () => {
  const task = module.configure({});
  assert.deepEqual(task.signature, { kind: "tokens", vocabulary: 4, classes: 2 });
  assert.deepEqual(module.protocol({}), { from: 41 });
  assert.deepEqual(task.generate!(0, 0, 1).x.shape, [1, 256]);
  assert.throws(
    () => module.configure({ flip: 0.6 }),
    /noisy parity options: flip = 0\.6: .*<=0\.5/,
  );
  assert.throws(() => module.configure({ misread: -1 }), /misread = -1: .*>=0/);
  // Readings that are said to be right contradict each other.
  const tensors = task.generate!(0, 3, 4);
  const sure = module.configure({ flip: 0, misread: 0 });
  await assert.rejects(
    sure.evaluate(answering(() => [0, 0]), 0, { tensors }, { from: 1 }),
    /RangeError: noisy parity: the test data cannot come with flip = 0 and misread = 0/,
  );
});
