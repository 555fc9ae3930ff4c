/** @file Hypotheses made for tests, and thousands of experiments in which there is nothing to find. */
import assert from "node:assert/strict";
import {
  type Clause,
  type Control,
  type Effect,
  type Hypothesis,
  judge,
} from "../../lib/analysis/judge.ts";
import { fold, keyOf, normals } from "../../lib/random/random.ts";

export const keys = (n: number) => Array.from({ length: n }, (_, i) => i);
export const clause = (what = "a over b", margin?: number): Clause => ({
  ...{ what, metric: "open fraction", scale: "factor" },
  ...(margin === undefined ? {} : { margin }),
});
export const control: Control = {
  what: "null",
  metric: "gap closed",
  scale: "points",
  margin: 0.15,
};
export const stated = (n: number, clauses = 1, controls = 0): Hypothesis => ({
  unit: "system",
  seeds: keys(n),
  clauses: keys(clauses).map((i) => clause(`clause ${i}`)),
  controls: keys(controls).map(() => control),
});
export const effect = (values: readonly number[], more: Partial<Effect> = {}): Effect => ({
  at: keys(values.length),
  values,
  ...more,
});

type Key = readonly [number, number];

/** Draws of one law with mean 0. */
const laws = {
  "normal": (key: Key, n: number) => normals(key, n),
  "heavy tails (t, 3 degrees)": (key: Key, n: number) => {
    const z = normals(key, 4 * n);
    return Float64Array.from(
      { length: n },
      (_, i) => z[i] / Math.sqrt((z[n + i] ** 2 + z[2 * n + i] ** 2 + z[3 * n + i] ** 2) / 3),
    );
  },
  // Two models whose log open fractions are both skewed: their difference is not.
  "difference of exponentials": (key: Key, n: number) => {
    const z = normals(key, 4 * n);
    const chi = (i: number) => z[i] ** 2 + z[n + i] ** 2;
    return Float64Array.from({ length: n }, (_, i) => chi(i) - chi(2 * n + i));
  },
};
export const experiments = 10_000;

/** Upper 99 % limit (Wilson) of a share of so many; for 500 of 10,000 .0554, by Clopper and Pearson .0553. */
export function upper(count: number, of = experiments): number {
  const z = 2.3263478740408408;
  const p = count / of;
  const centre = p + z * z / (2 * of);
  return (centre + z * Math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))) / (1 + z * z / of);
}

/** Tests that few experiments with nothing to find get a verdict, for draws of this law. */
export function testFalseVerdicts(name: keyof typeof laws): void {
  const draw = laws[name];
  Deno.test(`of 10,000 experiments with nothing to find at most 6 % get a verdict: ${name}`, () => {
    const lines: string[] = [];
    for (const n of name === "normal" ? [6, 10, 20] : [8, 20]) {
      let wrong = 0;
      const found = [0, 0];
      for (let k = 0; k < experiments; k++) {
        const values = draw(fold(keyOf(n), k), n);
        const of = (shift: number) =>
          judge(stated(n), [effect(Array.from(values, (v) => v + shift))]);
        if (/supported|refuted/.test(of(0).outcome)) wrong++;
        if (k >= 1000) continue;
        for (const [i, shift] of [0.8, 1.2].entries()) {
          if (of(shift).outcome === "supported") found[i]++;
        }
      }
      const power = found.map((count) => (count / 1000).toFixed(2));
      lines.push(
        `n = ${n}: false ${(100 * wrong / experiments).toFixed(1)} %, power at .8 and 1.2: ${
          power.join(", ")
        }`,
      );
      assert.ok(upper(wrong) <= 0.06, lines.at(-1));
      // Sign flips lose little beside the t test, whose power is that of the noncentral t (scipy).
      const known: Record<number, number[]> = { 10: [0.616, 0.92], 20: [0.924, 0.999] };
      if (name !== "normal" || !known[n]) continue;
      known[n].forEach((expected, i) =>
        assert.ok(Math.abs(found[i] / 1000 - expected) < 0.05, lines.at(-1))
      );
    }
    console.log([name, ...lines].join("\n  "));
  });
}
