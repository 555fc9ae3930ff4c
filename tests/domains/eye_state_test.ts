/** @file Classifiers on made recordings: which splits leak, which features see what, and the majority by hand. */
import assert from "node:assert/strict";
import { domain } from "../../lib/domains/eye_state/eye_state.ts";
import { keyOf, normals } from "../../lib/random/random.ts";

const rows = 2400;

/** An ARFF file of channels A and O1, whose label is closed where `closed` says so. */
function recording(
  closed: (t: number) => number,
  value: (t: number, noise: number) => [a: number, occipital: number],
) {
  const noise = normals(keyOf(1), rows);
  const lines = Array.from(
    { length: rows },
    (_, t) => [...value(t, noise[t]), closed(t)].join(","),
  );
  const text = [
    "@ATTRIBUTE A NUMERIC",
    "@ATTRIBUTE O1 NUMERIC",
    "@ATTRIBUTE eyeDetection {0,1}",
    "@DATA",
    ...lines,
  ];
  return new Map([["EEG_Eye_State.arff", new TextEncoder().encode(text.join("\n"))]]);
}

const accuracy = (files: Map<string, Uint8Array>, classifier: string, split: string) =>
  domain.assess(files, { classifier, split }).scores.accuracy;
/** Changes every 300 rows, so that every fold has both. */
const switching = (t: number) => Math.floor(t / 300) % 2;

Deno.test("eye state: the linear classifier sees levels, alpha power sees waves of ten hertz", () => {
  const levels = recording(
    switching,
    (t, noise) => [4000 + 3 * switching(t) + noise, 4000 + 1e-3 * (t % 7)],
  );
  assert.ok(accuracy(levels, "linear", "blocked") > 0.85);
  const waves = recording(switching, (t, noise) => {
    const wave = (hertz: number) => Math.sin(2 * Math.PI * hertz * t / 128);
    return [noise, 4000 + noise + (switching(t) ? 3 * wave(10) : 3 * wave(20))];
  });
  // The second before a switch is of the other kind.
  assert.ok(
    accuracy(waves, "alpha-power", "blocked") > 0.75,
    String(accuracy(waves, "alpha-power", "blocked")),
  );
  assert.ok(accuracy(waves, "linear", "blocked") < 0.65);
});

Deno.test("eye state: the linear classifier sees half a second, not only now", () => {
  // Rising with closed eyes and falling with open ones: the level says nothing.
  const triangle = recording(
    switching,
    (t, noise) => [300 - Math.abs(t % 600 - 300) + noise, noise],
  );
  assert.ok(accuracy(triangle, "linear", "random") > 0.85);
});

Deno.test("eye state: whoever remembers rows is right with random folds and not with blocked ones", () => {
  // A drift that never comes back says which row it is, and nothing of the state.
  const closed = (t: number) => Math.floor(t / 128) % 2;
  const drift = recording(closed, (t) => [t, Math.sqrt(t)]);
  const random = accuracy(drift, "nearest-row", "random");
  assert.ok(random > 0.97 && random < 1, String(random));
  // The nearest row that trains is the last one but for a second before the fold, or the first one after.
  const size = rows / 5;
  let right = 0, scored = 0;
  for (let t = 128; t < rows; t += 4) {
    const fold = Math.floor(t / size);
    const before = Math.max(fold * size, 128) - 129, after = (fold + 1) * size + 128;
    const nearest = before < 128 || after < rows && after - t < t - before ? after : before;
    right += closed(nearest) === closed(t) ? 1 : 0;
    scored++;
  }
  const blocked = accuracy(drift, "nearest-row", "blocked");
  assert.ok(Math.abs(blocked - right / scored) < 0.003, `${blocked}, not ${right / scored}`);
});

Deno.test("eye state: the majority is that of the other folds", () => {
  // Closed in the last fifth alone, of which the others know nothing.
  const files = recording((t) => t >= 0.8 * rows ? 1 : 0, (t, noise) => [noise, t]);
  const { scores, parts } = domain.assess(files, { classifier: "majority", split: "blocked" });
  // Open is said of every fold: right in the first four.
  assert.equal(parts.accuracy.length, 20);
  const share = (0.8 * rows - 128) / (rows - 128);
  assert.ok(Math.abs(scores.accuracy - share) < 0.01, `${scores.accuracy}, not ${share}`);
  assert.deepEqual([parts.accuracy[0], parts.accuracy[19]], [1, 0]);
});

Deno.test("eye state: one electrode that slips does not decide the distances", () => {
  const files = recording(
    switching,
    (t, noise) => [t === 1000 ? 7e5 : t % 300 + noise, switching(t) * 100],
  );
  assert.ok(accuracy(files, "linear", "random") > 0.95);
});

Deno.test("eye state: unknown options are named", () => {
  const files = recording(switching, (_, noise) => [noise, 1]);
  assert.throws(() => accuracy(files, "linear", "time"), /eye_state options: split = "time"/);
  assert.throws(() => accuracy(files, "knn", "blocked"), /classifier = "knn"/);
});
