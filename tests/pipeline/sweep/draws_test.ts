/** @file Single draws against values known on paper, at the ends of the uniform numbers and at every edge of a range. */
import assert from "node:assert/strict";
import {
  axisOf,
  type Distribution,
  draw,
  isBounded,
  KEYS,
} from "../../../pipeline/sweep/distributions.ts";
import { config, grid, points } from "./helpers.ts";

const LEAST = 2 ** -49;
const MOST = 1 - 2 ** -49;
const at = (d: object, u: number, v = 0.75) => draw(d as Distribution, [u, v]);
const near = (found: unknown, expected: number) =>
  assert.ok(
    Math.abs(found as number - expected) <= 1e-12 * Math.abs(expected),
    `${found} ${expected}`,
  );

Deno.test("draws are the inverse of the distribution, at a quarter and at the middle", () => {
  const range = { min: 2, max: 10 };
  near(at({ distribution: "uniform", ...range }, 0.25), 4);
  near(at({ distribution: "q_uniform", ...range, q: 1.5 }, 0.25), 4.5);
  near(at({ distribution: "log_uniform", ...range }, 0.25), Math.exp(4));
  near(at({ distribution: "q_log_uniform", ...range, q: 10 }, 0.25), 50);
  near(at({ distribution: "log_uniform_values", min: 1, max: 16 }, 0.25), 2);
  near(at({ distribution: "inv_log_uniform_values", min: 1, max: 16 }, 0.25), 2);
  near(at({ distribution: "q_log_uniform_values", min: 1, max: 16, q: 3 }, 0.25), 3);
  // exp(-x) for x uniform from 2 to 10, the smallest first.
  near(at({ distribution: "inv_log_uniform", ...range }, 0.25), Math.exp(-8));
  // By Box and Muller: sqrt(-2 ln u) cos(2 pi v), here sqrt(2) and its negative.
  const u = Math.exp(-1);
  near(at({ distribution: "normal", mu: 3, sigma: 2 }, u, 1e-18), 3 + 2 * Math.SQRT2);
  near(at({ distribution: "normal", mu: 3, sigma: 2 }, u, 0.5), 3 - 2 * Math.SQRT2);
  near(at({ distribution: "q_normal", mu: 3, sigma: 2, q: 0.5 }, u, 0.5), 0);
  near(at({ distribution: "log_normal", mu: 3, sigma: 2 }, u, 0.5), Math.exp(3 - 2 * Math.SQRT2));
  near(at({ distribution: "q_log_normal", mu: 3, sigma: 2, q: 0.5 }, u, 0.5), 1);
});

Deno.test("what can be counted is drawn in equal parts, the last one to its end", () => {
  const three = { distribution: "int_uniform", min: -1, max: 1 };
  const letters = { distribution: "categorical", values: ["a", "b", "c"] };
  const thirds: [number, number, string][] = [
    ...[[LEAST, -1, "a"], [0.33, -1, "a"], [0.34, 0, "b"], [0.66, 0, "b"]] as const,
    ...[[0.67, 1, "c"], [MOST, 1, "c"], [1, 1, "c"]] as const,
  ].map((row) => [...row]);
  for (const [u, number, letter] of thirds) {
    assert.equal(at(three, u), number, String(u));
    assert.equal(at(letters, u), letter, String(u));
  }
  assert.deepEqual(at({ distribution: "constant", value: [1, { a: null }] }, 0.5), [1, {
    a: null,
  }]);
});

Deno.test("a value is drawn as often as its probability says, and never without one", () => {
  const weighted = (probabilities: number[]) => (u: number) =>
    at({ distribution: "categorical", values: ["a", "b", "c", "d"], probabilities }, u);
  const draws = weighted([0.25, 0, 0.75, 0]);
  assert.deepEqual([LEAST, 0.2499, 0.25, 0.5, MOST].map(draws), ["a", "a", "c", "c", "c"]);
  // The sum may be a little below 1.
  assert.equal(weighted([0.5, 0.4999999, 0, 0])(MOST), "b");
  assert.equal(weighted([0, 0, 0, 1])(LEAST), "d");
});

Deno.test("draws of values stay between their bounds, whatever the logarithms round to", () => {
  for (const distribution of ["log_uniform_values", "inv_log_uniform_values"]) {
    const tops = Array.from({ length: 60 }, (_, i) => [1, 2 + i]);
    for (const [min, max] of [[1e-5, 1], [3, 7], [1e-300, 1e300], [0.1, 0.3], ...tops]) {
      for (const u of [0, LEAST, 0.5, MOST, 1]) {
        const x = at({ distribution, min, max }, u) as number;
        assert.ok(x >= min && x <= max, `${distribution} ${x} of ${min} to ${max}`);
      }
    }
  }
});

Deno.test("multiples are tidy, and zero has no sign", () => {
  assert.equal(at({ distribution: "q_uniform", min: 0, max: 1, q: 0.1 }, 0.3), 0.3);
  assert.ok(Object.is(at({ distribution: "q_uniform", min: -1, max: 1, q: 1 }, 0.4), 0));
  assert.equal(at({ distribution: "q_uniform", min: -3, max: -2, q: 1 }, 0.5), -2);
  assert.equal(at({ distribution: "q_uniform", min: -2, max: -1, q: 1 }, 0.5), -2);
  assert.equal(at({ distribution: "q_uniform", min: 2, max: 3, q: 1 }, 0.5), 2);
  assert.equal(at({ distribution: "q_uniform", min: 0, max: 100, q: 7 }, 0.5), 49);
});

Deno.test("a grid counts whole numbers with both ends, and multiples without the last", () => {
  const axis = (d: object) => {
    const { count, at } = axisOf(d as Distribution)!;
    return Array.from({ length: count }, (_, i) => at(i));
  };
  assert.deepEqual(axis({ distribution: "int_uniform", min: -1, max: 1 }), [-1, 0, 1]);
  assert.deepEqual(axis({ distribution: "q_uniform", min: 1, max: 2, q: 0.3 }), [1, 1.3, 1.6, 1.9]);
  assert.deepEqual(axis({ distribution: "q_uniform", min: 0, max: 0.3, q: 0.1 }), [0, 0.1, 0.2]);
  assert.deepEqual(axis({ distribution: "constant", value: "x" }), ["x"]);
  assert.deepEqual(axis({ distribution: "categorical", values: [2, 1, 2] }), [2, 1]);
  const none = { distribution: "categorical", values: [1], probabilities: [1] };
  assert.equal(axisOf(none as Distribution), undefined);
  for (const kind of Object.keys(KEYS)) {
    const counted = ["constant", "categorical", "int_uniform", "q_uniform"].includes(kind);
    const all = { min: 0, max: 1, q: 1, mu: 0, sigma: 1, values: [1], value: 1 };
    assert.equal(axisOf({ distribution: kind, ...all } as never) !== undefined, counted, kind);
  }
});

Deno.test("a distribution is bounded while its furthest draws are numbers", () => {
  const bounded = (d: object) => isBounded(d as Distribution);
  // exp(709.78) is the largest; the furthest normal draw is 8.2 sigma from mu.
  assert.ok(bounded({ distribution: "log_uniform", min: -800, max: 709 }));
  assert.ok(!bounded({ distribution: "log_uniform", min: 0, max: 710 }));
  assert.ok(bounded({ distribution: "inv_log_uniform", min: -709, max: 800 }));
  assert.ok(!bounded({ distribution: "inv_log_uniform", min: -710, max: 0 }));
  assert.ok(bounded({ distribution: "log_normal", mu: 0, sigma: 86 }));
  assert.ok(!bounded({ distribution: "log_normal", mu: 0, sigma: 87 }));
  assert.ok(bounded({ distribution: "uniform", min: -8e307, max: 8e307 }));
});

Deno.test("limits of a sweep file are allowed themselves, and what is beyond is not", () => {
  const random = (parameter: string) =>
    config(`program: filtering\nmethod: random\nparameters: {a: ${parameter}}`).parameters[0][1];
  const allowed: [string, object][] = [
    ["{min: 1, max: 2}", { distribution: "int_uniform", min: 1, max: 2 }],
    ["{min: 0, max: 3}", { distribution: "int_uniform", min: 0, max: 3 }],
    ["{min: -3, max: 0}", { distribution: "int_uniform", min: -3, max: 0 }],
    ["{min: 0, max: 0.5}", { distribution: "uniform", min: 0, max: 0.5 }],
    ["{distribution: normal, sigma: 0}", { distribution: "normal", mu: 0, sigma: 0 }],
    ["{distribution: q_normal}", { distribution: "q_normal", mu: 0, sigma: 1, q: 1 }],
    ["{distribution: q_uniform, min: 0, max: 1, q: 1.0e-9}", {
      ...{ distribution: "q_uniform", min: 0, max: 1, q: 1e-9 },
    }],
    ["{distribution: log_uniform_values, min: 1.0e-300, max: 1}", {
      ...{ distribution: "log_uniform_values", min: 1e-300, max: 1 },
    }],
    ["{distribution: log_uniform, min: -1, max: 0}", {
      ...{ distribution: "log_uniform", min: -1, max: 0 },
    }],
    ["{values: [1, 2, 3], probabilities: [0.33333, 0.33333, 0.33333]}", {
      distribution: "categorical",
      values: [1, 2, 3],
      probabilities: [0.33333, 0.33333, 0.33333],
    }],
    ["{values: [1, 2], probabilities: [1, 0]}", {
      ...{ distribution: "categorical", values: [1, 2], probabilities: [1, 0] },
    }],
    ["{distribution: categorical_w_probabilities, values: [1], probabilities: [1]}", {
      ...{ distribution: "categorical", values: [1], probabilities: [1] },
    }],
    ["{min: 1e-4, max: 1E-2}", { distribution: "uniform", min: 1e-4, max: 1e-2 }],
    ["{min: 1_000, max: 0x7D0}", { distribution: "int_uniform", min: 1000, max: 2000 }],
    ["{value: ~}", { distribution: "constant", value: null }],
  ];
  for (const [yaml, expected] of allowed) assert.deepEqual(random(yaml), expected, yaml);
  const refused: [string, RegExp][] = [
    ["{min: 2, max: 1}", /min 2 is not below max 1/],
    ["{values: [1, 2], probabilities: [0.5, 0.500011]}", /add up to/],
    ["{values: [1, 2], probabilities: [0.5, 0.499989]}", /add up to/],
    ["{distribution: q_uniform, min: 0, max: 1, q: -1}", /q is -1; it must be above 0/],
    ["{distribution: q_log_uniform_values, min: -1, max: 1}", /min is -1; the logarithm needs/],
  ];
  for (const [yaml, message] of refused) assert.throws(() => random(yaml), message, yaml);
});

Deno.test("a grid may have ten thousand runs, and a cap of one", () => {
  assert.equal(
    points(`program: p\nmethod: grid\nparameters: {a: {min: 1, max: 10000}}`).length,
    10_000,
  );
  assert.throws(
    () => points(`program: p\nmethod: grid\nparameters: {a: {min: 0, max: 10000}}`),
    /the grid has 10001 runs \(a: 10001\)/,
  );
  assert.equal(grid("{a: {values: [1, 2]}}", "run_cap: 1").runCap, 1);
});
