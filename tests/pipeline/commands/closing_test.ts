/** @file What a run ends with: a line for every experiment, with its verdict. */
import assert from "node:assert/strict";
import { sha256 } from "../../../pipeline/content/canonical.ts";
import { closingTable, type Judged, verdictsOf } from "../../../pipeline/commands/closing.ts";

const judged: Judged[] = [
  { experiment: "a", outcome: "supported", reason: "more by 3" },
  { experiment: "longer-name", outcome: "refuted", reason: "x".repeat(200) },
  { experiment: "b", outcome: "illustration", reason: "too few" },
];

Deno.test("verdicts are a table as wide as the terminal, coloured where that is wanted", () => {
  assert.deepEqual(closingTable(judged, false, 60), [
    "experiment   by itself   ",
    "a            supported     more by 3",
    `longer-name  refuted       ${"x".repeat(31)}…`,
    "b            illustration  too few",
  ]);
  assert.deepEqual(closingTable(judged, false, 20).map((line) => line.trim()), [
    ...["experiment   by itself", "a            supported"],
    ...["longer-name  refuted", "b            illustration"],
  ]);
  assert.deepEqual(closingTable([], false), []);
  const [, first, second] = closingTable(judged, true, 60);
  assert.ok(first.includes("\x1b[32msupported   \x1b[39m"));
  assert.ok(second.includes("\x1b[31mrefuted     \x1b[39m"));
});

Deno.test("verdicts are those of the tables that are there and can be read", () => {
  const files = new Map<string, string>();
  const text = (outcome: string) => JSON.stringify({ verdict: { outcome, reason: "because" } });
  const object = (content: string) => {
    files.set(sha256(content), content);
    return sha256(content);
  };
  const tables: Record<string, string[]> = {
    one: [object("no JSON"), object(text("undecided"))],
    two: [object(text("supported"))],
    three: [object(text("whatever")), "gone"],
    four: [],
  };
  const read = (hash: string) => {
    const content = files.get(hash);
    if (content === undefined) throw new Error("missing");
    return new TextEncoder().encode(content);
  };
  assert.deepEqual(
    verdictsOf(tables, { read }).map(({ experiment, outcome }) => `${experiment} ${outcome}`),
    ["one undecided", "two supported"],
  );
});
