/** @file Studies of training dynamics against closed forms, recursions by hand, and what they must not depend on. */
import assert from "node:assert/strict";
import { study as conservation } from "../../../lib/dynamics/studies/conservation.ts";
import { study as identityStart } from "../../../lib/dynamics/studies/identity_start.ts";
import { type ModeCurves, study as modeCurves } from "../../../lib/dynamics/studies/mode_curves.ts";
import { study as stepLaw } from "../../../lib/dynamics/studies/step_law.ts";
import type { StudyModule } from "../../../lib/dynamics/study.ts";

/** Runs a study; what it reports as done must be part of a whole. */
function run(study: StudyModule, options: object, seed = 0) {
  return study.configure(options).run(seed, {}, (done, total) => assert.ok(done <= total));
}

const modes = { targets: [2, 1.2], start: 0.1, share: 0.02, points: 4 };

Deno.test("modes: the curves are those in closed form, at even times from 0", () => {
  for (const depth of [1, 2]) {
    const { details, scalars } = run(modeCurves, { ...modes, depth, frames: "aligned" });
    const { times, theory, strengths, singularValues } = details as ModeCurves;
    assert.deepEqual([times.length, times[0]], [5, 0]);
    const gaps = times.slice(1).map((time, i) => time - times[i]);
    for (const gap of gaps) assert.ok(Math.abs(gap - times[4] / 4) < 0.1 * gap);
    modes.targets.forEach((s, i) =>
      times.forEach((t, k) => {
        const grown = Math.exp(2 * s * t);
        const expected = depth === 1
          ? s - (s - 0.1) * Math.exp(-t)
          : s * grown / (grown - 1 + s / 0.1);
        assert.ok(Math.abs(theory[i][k] - expected) < 1e-8, `${depth} ${s} ${t}`);
      })
    );
    // Aligned: the strengths are the singular values, and stronger modes come first.
    strengths.flat().forEach((u, k) => assert.ok(Math.abs(u - singularValues.flat()[k]) < 1e-9));
    const errors = theory.flatMap((curve, i) =>
      curve.map((u, k) => Math.abs(u - strengths[i][k]) / modes.targets[i])
    );
    assert.equal(scalars.deviation, Math.max(...errors));
    assert.ok(scalars.deviation < 0.02);
  }
});

Deno.test("modes: the deviation of an aligned start is the step's, which halves with it", () => {
  const at = (share: number) =>
    run(modeCurves, { ...modes, depth: 3, frames: "aligned", share }).scalars.deviation;
  const ratio = at(0.04) / at(0.02);
  assert.ok(ratio > 1.7 && ratio < 2.3, `${ratio}`);
});

Deno.test("modes: two layers learn the stronger one first; one layer learns them at one speed", () => {
  const { ordered } = run(modeCurves, { ...modes, depth: 2, frames: "aligned" }).scalars;
  assert.equal(ordered, 1);
  const one = run(modeCurves, { targets: [2, 2], start: 0.1, depth: 1, frames: "aligned" });
  assert.equal(one.scalars.ordered, 0);
});

Deno.test("modes: a rotated start has the size of the aligned one and reaches every mode, other seeds other frames", () => {
  const found = [0, 1, 2, 3].map((seed) => {
    const { details, scalars } = run(
      modeCurves,
      { targets: [2, 1.5], start: 0.3, depth: 2, frames: "rotated" },
      seed,
    );
    const { singularValues } = details as ModeCurves;
    for (const values of singularValues) assert.ok(Math.abs(values[0] - 0.3) < 1e-9);
    // With a determinant of the other sign the smaller one would go to 0.
    assert.ok(singularValues[1].at(-1)! > 0.3, `seed ${seed}: ${singularValues[1]}`);
    return scalars.deviation;
  });
  assert.equal(new Set(found).size, 4);
});

Deno.test("conservation: the identity holds, the drift halves with the step, and only balanced layers start in balance", () => {
  for (const initialisation of ["balanced", "orthogonal", "xavier"]) {
    const { scalars, details } = run(conservation, { depth: 3, width: 3, initialisation });
    assert.ok(scalars.identityError < 1e-13 && scalars.identityError > 0);
    assert.ok(Math.abs(scalars.driftRatio - 2) < 0.1, `${scalars.driftRatio}`);
    assert.equal(scalars.imbalance > 1e-3, initialisation === "xavier");
    const { drift, driftOfHalves } = details as { drift: number; driftOfHalves: number };
    assert.equal(drift / driftOfHalves, scalars.driftRatio);
  }
});

Deno.test("identity start: one unit is the recursion by hand, which ends at a loss of a half", () => {
  for (const depth of [2, 3]) {
    let w = 1;
    const rate = 0.25 * 2 / depth;
    for (let step = 0; step < 50; step++) w -= rate * w ** (depth - 1) * (w ** depth + 1);
    const { loss } = run(identityStart, { depth, width: 1, start: "identity", steps: 50 }).scalars;
    assert.ok(Math.abs(loss - (w ** depth + 1) ** 2 / 2) < 1e-12);
  }
  for (const depth of [2, 5]) {
    const at = (start: string) => run(identityStart, { depth, width: 3, start, steps: 900 }, 4);
    assert.ok(Math.abs(at("identity").scalars.loss - 0.5) < 0.01);
    assert.ok(at("flipped").scalars.loss < 1e-9);
  }
});

Deno.test("step law: predictions by hand, and what is measured", () => {
  const square = { rows: 3, columns: 3, condition: 4 };
  const cases: [object, number][] = [
    // 2 share / condition number, of (s_1 / s_k)^{2 - 2/N}, times N where it is not square.
    [{ ...square, depth: 1 }, 0.8],
    [{ ...square, depth: 2 }, 0.8 / 4],
    [{ ...square, depth: 4 }, 0.8 / 8],
    [{ rows: 4, columns: 2, condition: 2, depth: 2 }, 0.8 / 4],
    [{ rows: 2, columns: 3, condition: 4, depth: 4 }, 0.8 / 32],
  ];
  for (const [options, moved] of cases) {
    const { predicted, measured, above, below } = run(stepLaw, options, 3).scalars;
    assert.ok(Math.abs(predicted + Math.log(1 - moved)) < 1e-12, JSON.stringify(options));
    assert.ok(Math.abs(measured / predicted - 1) < 0.1, JSON.stringify(options));
    assert.ok(above > 2 && below < -2, `${above}, ${below}`);
  }
});

Deno.test("a study refuses what it cannot run, by the name of the option", () => {
  const refused: [StudyModule, object, RegExp][] = [
    [modeCurves, { ...modes, depth: 0, frames: "aligned" }, /mode_curves options: depth = 0/],
    [modeCurves, { ...modes, depth: 2, frames: "tilted" }, /frames = "tilted"/],
    [modeCurves, { ...modes, depth: 2, frames: "aligned", start: 3 }, /0 < start <= strength/],
    [conservation, { depth: 1, initialisation: "he" }, /depth = 1/],
    [conservation, { depth: 2, initialisation: "zero" }, /initialisation = "zero"/],
    [identityStart, { depth: 2, start: "identity", other: 1 }, /other/],
    [stepLaw, { rows: 2, columns: 2, depth: 1, condition: 0.5 }, /condition = 0.5/],
  ];
  for (const [study, options, message] of refused) {
    assert.throws(() => study.configure(options), message);
  }
});
