/** @file Pickers on signals whose arrival is known, and the windows that records are cut into. */
import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { domain } from "../../lib/domains/earthquakes/earthquakes.ts";
import {
  energyOf,
  energyRatioPick,
  predictionErrors,
  quiet,
  variancePick,
} from "../../lib/domains/earthquakes/pickers.ts";
import { keyOf, normals } from "../../lib/random/random.ts";

/** Noise of deviation 1, coloured, and from `arrival` on ten times as strong. */
function signal(length: number, arrival: number, seed: number): Float64Array {
  const noise = normals(keyOf(seed), length);
  const out = new Float64Array(length);
  for (let t = 0; t < length; t++) {
    out[t] = 0.9 * (out[t - 1] ?? 0) + noise[t] * (t < arrival ? 1 : 10);
  }
  return out;
}

Deno.test("pickers: a sudden onset is picked to a few samples, wherever it is", () => {
  for (const [arrival, seed] of [[700, 1], [1501, 2], [2400, 3]]) {
    const x = signal(3000, arrival, seed);
    const ratio = energyRatioPick(energyOf([x, x]));
    assert.ok(Math.abs(ratio - arrival) <= 25, `${ratio}, not ${arrival}`);
    const variance = variancePick(x, ratio);
    assert.ok(Math.abs(variance - arrival) <= 3, `${variance}, not ${arrival}`);
    const errors = predictionErrors(x);
    assert.ok(Math.abs(variancePick(errors, ratio) - arrival) <= 2);
  }
});

Deno.test("pickers: the energy ratio is the largest of its definition", () => {
  const energy = normals(keyOf(4), 900).map((x) => x * x);
  const mean = (from: number, to: number) =>
    energy.slice(from, to).reduce((a, b) => a + b, 0) / (to - from);
  const ratios = Array.from(
    { length: 900 },
    (_, t) => t < 300 || t + 50 > 900 ? -1 : mean(t, t + 50) / mean(t - 300, t),
  );
  assert.equal(energyRatioPick(energy), ratios.indexOf(Math.max(...ratios)));
  // Of silence nothing is larger than nothing.
  assert.equal(energyRatioPick(new Float64Array(900)), 300);
});

Deno.test("pickers: the variance picker is the least of Maeda's criterion within two seconds", () => {
  const variance = (part: Float64Array) => {
    const mean = part.reduce((a, b) => a + b, 0) / part.length;
    return part.reduce((sum, v) => sum + (v - mean) ** 2, 0) / part.length;
  };
  // Without an onset many places are nearly as good as the best.
  for (
    const x of [
      signal(900, 430, 5),
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((seed) => normals(keyOf(seed), 900)),
    ]
  ) {
    const stretch = x.slice(200, 600);
    const n = stretch.length;
    const aic = Array.from({ length: n - 19 }, (_, i) => i + 10).map((k) =>
      k * Math.log(variance(stretch.slice(0, k))) +
      (n - k - 1) * Math.log(variance(stretch.slice(k)))
    );
    assert.equal(variancePick(x, 400), 210 + aic.indexOf(Math.min(...aic)));
  }
  const x = signal(900, 430, 5);
  // At the ends there is less to look at.
  for (const near of [0, 899]) {
    const pick = variancePick(x, near);
    assert.ok(pick >= 0 && pick < 900, String(pick));
  }
  assert.ok(Number.isInteger(variancePick(new Float64Array(900), 400)), "of a constant, too");
});

Deno.test("linear map: what it predicts is gone, and later samples change nothing of it", () => {
  const wave = Float64Array.from(
    { length: 800 },
    (_, t) => Math.sin(t / 3) + 0.3 * Math.sin(t) + 7,
  );
  const noisy = wave.map((x, t) => x + 1e-3 * Math.sin(t * t));
  const errors = predictionErrors(noisy);
  assert.ok(errors.subarray(0, 16).every((e) => e === 0));
  assert.ok(errors.subarray(16, quiet).every((e) => Math.abs(e) < 0.02));
  const shaken = noisy.slice();
  shaken[quiet + 10] += 1;
  const again = predictionErrors(shaken);
  assert.deepEqual(again.subarray(0, quiet + 10), errors.subarray(0, quiet + 10));
  assert.ok(Math.abs(again[quiet + 10] - errors[quiet + 10] - 1) < 1e-9);
});

/** A record as PhaseNet publishes them. */
function record(components: Float64Array[], arrival: number): Uint8Array {
  const npy = (shape: string, type: string, bytes: Uint8Array) => {
    const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }\n`;
    const head = Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, text.length, 0);
    return Uint8Array.of(...head, ...new TextEncoder().encode(text), ...bytes);
  };
  const rows = components[0].length;
  const data = new Float64Array(rows * components.length);
  components.forEach((x, c) => x.forEach((v, t) => data[t * components.length + c] = v));
  const table = npy(`(${rows}, ${components.length})`, "<f8", new Uint8Array(0));
  const whole = new Uint8Array(table.length + data.byteLength);
  whole.set(table);
  whole.set(new Uint8Array(data.buffer), table.length);
  return zipSync({
    "data.npy": whole,
    "itp.npy": npy("()", "<i8", new Uint8Array(BigInt64Array.of(BigInt(arrival)).buffer)),
  });
}

Deno.test("earthquakes: windows are shifted, so that a constant is as bad as it should be", () => {
  // The wave is on the last component, the vertical one; the first has noise alone.
  const files = new Map([0, 1].map((i) => {
    const components = [signal(9001, 9001, 10 + i), signal(9001, 3000, 20 + i)];
    return [`${i}.npz`, record(components.map((x) => x.map((v) => v + 50)), 3000)];
  }));
  const scores = (picker: string) => domain.assess(files, { picker });
  const constant = scores("constant");
  assert.deepEqual([constant.scores.error, constant.scores.within], [1, 0]);
  for (const picker of ["variance", "linear-variance"]) {
    const { scores: { error, within }, parts } = scores(picker);
    assert.ok(error < 0.05 && within === 1, `${picker}: ${error}`);
    assert.equal(parts.error.length, 2);
    assert.ok(Math.abs((parts.error[0] + parts.error[1]) / 2 - error) < 1e-12);
  }
  assert.ok(scores("energy-ratio").scores.error < 0.2);
});

Deno.test("earthquakes: a record without room for windows, and an unknown picker, are named", () => {
  const short = new Map([["s.npz", record([new Float64Array(5000)], 3000)]]);
  assert.throws(
    () => domain.assess(short, { picker: "constant" }),
    /^DataError: s\.npz: the arrival 3000 of 5000 samples leaves no room for windows/,
  );
  const early = new Map([["e.npz", record([new Float64Array(9001)], 2399)]]);
  assert.throws(() => domain.assess(early, { picker: "constant" }), /the arrival 2399/);
  assert.throws(
    () => domain.assess(new Map(), { picker: "ear" }),
    /earthquakes options: picker = "ear"/,
  );
});
