/** @file What a campaign makes of its tries, against tables by hand. */
import assert from "node:assert/strict";
import { kindOf, KINDS } from "../../../../pipeline/commands/campaign/campaign.ts";
import type { Kind } from "../../../../pipeline/commands/campaign/kind.ts";
import {
  nameOf,
  report,
  reportText,
  type Tried,
} from "../../../../pipeline/commands/campaign/report.ts";
import {
  between,
  differences,
  sameJobs,
  type State,
} from "../../../../pipeline/commands/campaign/state.ts";

const run = () => Promise.resolve("");
const kinds: Kind[] = [
  { group: "kills", name: "one", expects: "a", run },
  { group: "damage", name: "one", expects: "b", run },
  { group: "damage", name: "never tried", expects: "c", run },
];
const about = { version: "1.2.3", seed: 4, machine: "a machine" };
const tried = (
  index: number,
  kind: Kind,
  outcome: string | null,
  ...problems: string[]
): Tried => ({
  ...{ index, kind: nameOf(kind), outcome, problems, seconds: 1 },
});
const [kill, damage] = kinds;

Deno.test("tries are counted by kind and outcome, and those that had no way are no tries", () => {
  const made = report(about, kinds, [
    tried(0, kill, "held"),
    tried(1, damage, "said", "lost", "half"),
    tried(2, kill, "ended"),
    tried(3, damage, null),
    tried(4, kill, "ended"),
  ]);
  assert.deepEqual(made, {
    ...about,
    tries: 4,
    problems: 1,
    kinds: [
      {
        ...{ group: "kills", name: "one", expects: "a", tries: 3, leftOut: 0 },
        ...{ outcomes: { ended: 2, held: 1 }, problems: [] },
      },
      {
        ...{ group: "damage", name: "one", expects: "b", tries: 1, leftOut: 1 },
        outcomes: { said: 1 },
        problems: [{ index: 1, text: "lost" }, { index: 1, text: "half" }],
      },
    ],
  });
  assert.deepEqual(
    Object.keys(made.kinds[0].outcomes),
    ["ended", "held"],
    "the most frequent first",
  );
  const text = reportText(made);
  assert.match(text, /^4 tries, 1 with problems\. Version 1\.2\.3, seed 4; a machine\.$/m);
  assert.match(text, /^\| one \| a \| 3 \| 0 \| ended \(2\); held \(1\) \|$/m);
  assert.match(
    text,
    /^\| one \| b \| 1 \| 2 \| said \(1\); left out: there is no way here \(1\) \|$/m,
  );
  assert.match(text, /## Problems\n\n- try 1, damage: one:\n\n {2}> lost\n/);
  assert.doesNotMatch(
    reportText(report(about, kinds, [tried(0, kill, "held")])),
    /## (Problems|Files)/,
  );
});

Deno.test("every kind has its turn, the training once in a hundred tries", () => {
  const counts = new Map<Kind, number>();
  for (let index = 0; index < 200; index++) {
    const kind = kindOf(index);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const training = KINDS.at(-1)!;
  assert.equal(training.group, "training");
  assert.equal(kindOf(99), training);
  for (const kind of KINDS) {
    const count = counts.get(kind) ?? 0;
    assert.ok(kind === training ? count === 2 : count >= 4, `${nameOf(kind)}: ${count}`);
  }
  assert.equal(new Set(KINDS.map(nameOf)).size, KINDS.length);
  const [first, second] = KINDS;
  assert.deepEqual([0, 1, 2, 99].map((i) => kindOf(i, [first, second])), [
    first,
    second,
    first,
    second,
  ]);
});

const state = (jobs: State["jobs"], published: State["published"] = {}, series = "1"): State => ({
  ...{ jobs, published, series },
});

Deno.test("what differs from an undisturbed run is named", () => {
  const expected = state({ a: "1", b: "2" }, { "r/x.md": "h" });
  assert.deepEqual(differences(expected, structuredClone(expected)), []);
  assert.deepEqual(differences(expected, state({ a: "1", b: "3", c: "" }, {}, "2")), [
    "job b is another",
    "job c is there, and should not be",
    "r/x.md is missing",
    "series.csv is another",
  ]);
  assert.deepEqual(sameJobs(expected, state({ a: "1", b: "3" })), ["a"]);
});

Deno.test("a published file is as before, as after, or half of something", () => {
  const before = state({}, { x: "1", gone: "1" });
  const after = state({}, { x: "2", made: "2" });
  assert.deepEqual(between(before, after, state({}, { x: "1", made: "2" })), []);
  assert.deepEqual(between(before, after, state({}, { x: "3", gone: "1", odd: "" })), [
    "x is neither as before nor as after",
    "odd is neither as before nor as after",
  ]);
});
