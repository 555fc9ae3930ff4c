/** @file Words of groups by weights set by hand: enough factors follow all of it, fewer lose the way, and the state stays where it is. */
import assert from "node:assert/strict";
import { study } from "../../../lib/dynamics/studies/group_words.ts";

const run = (options: object, seed = 0) =>
  study.configure(options).run(seed, {}, (done, total) => assert.ok(done <= total)).scalars;

Deno.test("as many factors as are needed follow the word, fewer some of it by chance", () => {
  const fewest = { parity: 1, z3: 2, z5: 2, s3: 2, s4: 2, a5: 2, s5: 4 };
  const elements = { parity: 2, z3: 3, z5: 5, s3: 6, s4: 24, a5: 60, s5: 120 };
  for (const [group, n] of Object.entries(fewest)) {
    const found = run({ group, length: 600 });
    assert.deepEqual([found.fewest, found.enough], [n, n], group);
    assert.ok(found.distance < 1e-9, `${group} ${found.distance}`);
    const chance = 1 / elements[group as keyof typeof elements];
    for (const tried of [1, 2, 3, 4]) {
      const followed = found[`followed ${tried}`];
      if (tried >= n) assert.ok(Math.abs(followed - 1) < 1e-9);
      else assert.ok(followed < chance + 0.25, `${group} ${tried} ${followed}`);
    }
  }
});

Deno.test("a word of one symbol, other seeds other words, and groups that are not known", () => {
  assert.equal(run({ group: "parity", length: 1 })["followed 1"], 1);
  const shares = [0, 1, 2].map((seed) => run({ group: "s3", length: 90 }, seed)["followed 1"]);
  assert.equal(new Set(shares).size, 3);
  assert.throws(() => study.configure({ group: "s6" }), /group/);
});
