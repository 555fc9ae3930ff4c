/** @file Names of tags. */
import assert from "node:assert/strict";
import { nameOf, type Tag } from "../../pipeline/tags.ts";

Deno.test("tags have a name, the same in whatever order they stand", () => {
  assert.equal(
    nameOf({ lambda: 0.96, model: "lru", seed: 0, free: false }),
    "free=false/lambda=0.96/model=lru/seed=0",
  );
  assert.equal(nameOf({ b: 1, a: 2, c: 3 }), nameOf({ c: 3, a: 2, b: 1 }));
});

Deno.test("what has no value, or no tags, has no name", () => {
  for (const value of [NaN, Infinity, "", null, undefined, [1], { a: 1 }]) {
    assert.throws(() => nameOf({ a: 1, b: value as Tag }), /^Error: The tag b is .*; tags are/);
  }
  assert.throws(() => nameOf({}), /No tags/);
});
