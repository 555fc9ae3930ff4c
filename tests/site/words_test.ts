/** @file Sentences as pages show them, and which of them are checks. */
import assert from "node:assert/strict";
import { MOST_WORDS, prose, shortened, sorted, wordsIn } from "../../site/words.ts";

Deno.test("numbers keep their unit and have a minus, not a hyphen", () => {
  const cases: [string, string][] = [
    ["12.5 % and 7 % of % signs", "12.5\u00a0% and 7\u00a0% of % signs"],
    ["LSTM -1.7 %, (-5.6) [-1, 1]", "LSTM −1.7\u00a0%, (−5.6) [−1, 1]"],
    ["t-1, end-to-end, 2020-01", "t-1, end-to-end, 2020-01"],
    ["p = 9.5e-7, at most 0.0e+0, 0e0 or 10.0e+0", "p = 9.5e−7, at most 0, 0 or 10.0e+0"],
    ["within +-15.0 points", "within ±15.0 points"],
    ["", ""],
  ];
  for (const [text, shown] of cases) assert.equal(prose(text), shown);
});

Deno.test("an interval and a number with its unit are one word each", () => {
  assert.equal(wordsIn("closes 99.4 % [99.3, 99.5] of it"), 5);
  assert.equal(wordsIn("closes −0.1\u00a0%, 7 %; yes"), 4);
  assert.equal(wordsIn("  "), 0);
});

Deno.test("what is long is cut where a sentence or a part of one ends, else with an ellipsis", () => {
  const words = (n: number, last = "") =>
    Array.from({ length: n }, (_, i) => `w${i}`).join(" ") + last;
  assert.equal(shortened(words(MOST_WORDS)), words(MOST_WORDS));
  assert.equal(shortened(words(MOST_WORDS + 1)), `${words(MOST_WORDS)} …`);
  assert.equal(shortened(`${words(10, ".")} ${words(20)}`), words(10, "."));
  assert.equal(shortened(`${words(10, ";")} ${words(20)}`), `${words(10)} …`);
  assert.equal(shortened(`${words(3, ".")} ${words(30)}`), `${words(3, ".")} ${words(22)} …`);
  assert.equal(shortened(`${words(4, ",")} ${words(4)}`, 4), `${words(4)} …`);
  assert.equal(shortened(" a "), "a");
  for (const n of [0, 1, 24, 25, 26, 60]) assert.ok(wordsIn(shortened(words(n))) <= MOST_WORDS + 1);
});

Deno.test("checks are told from findings by how they begin", () => {
  const found = ["The LSTM closes most.", "Learning is hard.", "It is verified."];
  const checked = [
    "Verified: all 40.",
    "Unit test: at most 0.0e+0.",
    "Leak test over 110 runs.",
    "Learning rates: 34.",
    "The best learning rate is the lowest.",
  ];
  assert.deepEqual(sorted([checked[0], ...found, ...checked.slice(1)]), { found, checked });
});
