/** @file Likeness of orbits: divergences by hand, spectra of sines, and orbits that are not finite. */
import assert from "node:assert/strict";
import { spectrumDistance, stateSpaceDivergence } from "../../../lib/tasks/attractor/likeness.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";

const near = (a: number, b: number, within = 1e-12) =>
  assert.ok(Math.abs(a - b) <= within, `${a}, ${b}`);

Deno.test("the divergence of points on a line: counts in twelve bins and one on either side, half a point more in each", () => {
  // Six points in the first bin, six in the last one, which has the highest value.
  const truth = [...Array(6).fill(0), ...Array(6).fill(12)];
  const p = [6.5 / 19, 0.5 / 19];
  const of = (...generated: number[]) => stateSpaceDivergence({ true: truth, generated }, 1);
  near(of(...truth), 0);
  // All below the box: fourteen bins, of which none that the truth is in was visited.
  const [q0, q1] = [0.5 / 19, 12.5 / 19];
  const expected = 2 * p[0] * Math.log(p[0] / q0) + 11 * p[1] * Math.log(p[1] / q0) +
    p[1] * Math.log(p[1] / q1);
  near(of(...Array(12).fill(-1)), expected);
  near(of(...Array(12).fill(13)), expected);
  // Bins are a twelfth of the range.
  near(of(...truth.slice(0, 6), ...Array(6).fill(11.01)), 0);
  assert.ok(of(...truth.slice(0, 6), ...Array(6).fill(10.99)) > 0.5);
});

Deno.test("points that are not finite are in no bin", () => {
  const truth = [0, 1, 2, 3];
  const of = (generated: number[]) => stateSpaceDivergence({ true: truth, generated }, 1);
  near(of([0, 1, 2, 3, NaN, Infinity, -Infinity]), of(truth));
  const uniform = Array(14).fill(1 / 14);
  const p = uniform.map((_, bin) => ([1, 5, 9, 12].includes(bin) ? 1.5 : 0.5) / 11);
  near(of([NaN, NaN]), p.reduce((sum, value) => sum + value * Math.log(value * 14), 0));
});

Deno.test("in two variables a point is in one bin of both", () => {
  const truth = [0, 0, 12, 12, 0, 12, 12, 0];
  near(stateSpaceDivergence({ true: truth, generated: truth }, 2), 0);
  const swapped = stateSpaceDivergence({ true: [0, 0, 12, 12], generated: [0, 12, 12, 0] }, 2);
  const [p, q] = [1.5 / 100, 0.5 / 100];
  near(swapped, 2 * p * Math.log(p / q) + 2 * q * Math.log(q / p));
});

const length = 512;
const sine = (cycles: number) =>
  Array.from({ length }, (_, t) => Math.sin(2 * Math.PI * cycles * t / 256));
const of = (a: number[], b: number[]) =>
  spectrumDistance({ true: a, generated: b }, { length, variables: 1 });

Deno.test("spectra: equal of what is shifted or larger, apart of other frequencies, half way of two of them", () => {
  near(of(sine(20), sine(20).map((value) => 3 * value + 7)), 0, 1e-6);
  assert.ok(of(sine(20), sine(60)) > 0.99);
  // A sine and the same with as much of another: overlap sqrt(1/2).
  const both = sine(20).map((value, t) => value + sine(60)[t]);
  near(of(sine(20), both), Math.sqrt(1 - Math.SQRT1_2), 0.01);
  assert.ok(of([...normals(keyOf(0), length)], [...normals(keyOf(1), length)]) < 0.4);
});

Deno.test("spectra: the mean over variables; without power or finite numbers the distance is 1", () => {
  const [a, b] = [sine(20), sine(60)];
  const pair = (x: number[], y: number[]) => x.flatMap((value, t) => [value, y[t]]);
  const distance = spectrumDistance(
    { true: pair(a, b), generated: pair(a, a) },
    { length, variables: 2 },
  );
  near(distance, of(b, a) / 2, 1e-6);
  assert.equal(of(a, Array(length).fill(2)), 1);
  assert.equal(of(a, a.map((value, t) => t === 3 ? NaN : value)), 1);
  assert.throws(
    () => spectrumDistance({ true: [1], generated: [1] }, { length: 1, variables: 1 }),
    /sequences of 1 observations have no spectrum; expected at least 256/,
  );
});
