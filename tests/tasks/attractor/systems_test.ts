/** @file Orbits: the order of the method, the flows at points by hand, and what is known of the attractors. */
import assert from "node:assert/strict";
import { keyOf } from "../../../lib/random/random.ts";
import { advance, flows, orbitOf } from "../../../lib/tasks/attractor/systems.ts";

const near = (a: number, b: number, within = 1e-12) =>
  assert.ok(Math.abs(a - b) <= within, `${a}, ${b}`);

Deno.test("a step is of fourth order: half the step, a thirty-second of its error", () => {
  const turn = ([x, y]: Float64Array, out: Float64Array) => {
    out[0] = -y;
    out[1] = x;
  };
  const error = (h: number) => {
    const x = Float64Array.of(1, 0);
    advance(turn, x, h);
    return Math.hypot(x[0] - Math.cos(h), x[1] - Math.sin(h));
  };
  near(error(0.2) / error(0.1), 32, 1);
});

Deno.test("the flows at a point, and where they stand still", () => {
  const slope = (name: "lorenz" | "rossler", ...x: number[]) => {
    const out = new Float64Array(3);
    flows[name].slope(Float64Array.from(x), out);
    return [...out];
  };
  assert.deepEqual(slope("lorenz", 1, 2, 3), [10, 23, 2 - 8]);
  near(slope("rossler", 1, 2, 3)[0], -5);
  near(slope("rossler", 1, 2, 3)[1], 1.4);
  near(slope("rossler", 1, 2, 3)[2], 0.2 - 14.1);
  const root = Math.sqrt(72);
  for (const value of slope("lorenz", root, root, 27)) near(value, 0, 1e-9);
});

Deno.test("orbits are standardised, differ by key, and go on where shorter ones end", () => {
  for (const name of ["lorenz", "rossler"] as const) {
    const orbit = orbitOf(name, keyOf(5), 3000);
    for (const i of [0, 1, 2]) {
      const values = orbit.filter((_, at) => at % 3 === i);
      const mean = values.reduce((sum, x) => sum + x, 0) / 3000;
      const square = values.reduce((sum, x) => sum + x * x, 0) / 3000;
      near(mean, 0, 0.2);
      near(square, 1, 0.3);
    }
    assert.deepEqual(orbitOf(name, keyOf(5), 10), orbit.slice(0, 30));
    assert.notDeepEqual(orbitOf(name, keyOf(6), 10), orbit.slice(0, 30));
  }
  // Lorenz: both wings, and the plane x = 0 is crossed.
  const x = orbitOf("lorenz", keyOf(5), 400).filter((_, at) => at % 3 === 0);
  assert.ok(Math.min(...x) < -1 && Math.max(...x) > 1);
});
