/** @file The table of cells that were made again: counts by family, and a line for each. */
import assert from "node:assert/strict";
import {
  countsOf,
  lineOf,
  type Replicated,
  reportText,
} from "../../../../pipeline/commands/replicate/report.ts";

const cell = (name: string, family: string, rest: Partial<Replicated>): Replicated => ({
  ...{ cell: name, family, agreement: "bytes", again: 2, machine: "one CPU" },
  published: { value: 2, low: 1, high: 3 },
  ...rest,
});

const CELLS = [
  cell("a/1/gap", "f", {}),
  cell("a/2/gap", "f", { agreement: "outside", again: 3.5 }),
  cell("b/1/gap", "g", { agreement: "inside", again: 2.5 }),
  cell("b/2/gap", "g", { agreement: "open", published: { value: 2 }, again: 9 }),
  cell("b/3/gap", "g", { agreement: "unknown", again: undefined, problem: "no | such row" }),
];

Deno.test("cells are counted by what came, and those kinds that there are none of are not named", () => {
  assert.equal(
    countsOf(CELLS),
    "1 equal to the last bit, 1 inside their intervals, 1 without an interval, 1 that could not be compared, 1 outside",
  );
  assert.equal(countsOf([]), "0 equal to the last bit, 0 inside their intervals, 0 outside");
});

Deno.test("a line says both numbers, or why there is one only", () => {
  assert.equal(
    lineOf(CELLS[1]),
    "OUTSIDE the interval: 2 [1, 3] was published, 3.5 is what came",
  );
  assert.equal(lineOf(CELLS[3]), "no interval to be in: 2 was published, 9 is what came");
  assert.equal(lineOf(CELLS[4]), "cannot be compared: no | such row");
});

Deno.test("the table has every family, drawn or not, and every cell", () => {
  const families = [
    { family: "f", cells: 40, dear: 3 },
    { family: "g", cells: 20, dear: 0 },
    { family: "h", cells: 7, dear: 7 },
  ];
  const command = "deno task replicate --sample 5";
  const about = {
    ...{ version: "1.2.3", commit: "abc1234567890", command, machine: "this CPU" },
    ...{ profile: "standard", seed: 4 },
  };
  const text = reportText({ ...about, jobs: 9, seconds: 125, families, cells: CELLS });
  const lines = text.split("\n");
  assert.match(
    lines[2],
    /^5 cells of .*\(profile standard\).* 1 outside\.$/,
  );
  assert.equal(lines[5], command);
  assert.equal(
    lines[8],
    "Version 1.2.3, commit abc1234567, seed 4; this CPU. They were published on one CPU.",
  );
  assert.match(text, /Their 9 jobs ran .* took 2:05|Their 9 jobs ran .* took 2 min/);
  assert.match(text, /over its budget/);
  assert.ok(lines.includes(
    "| family | cells | left out as too dear | made again | equal to the last bit | inside the interval | OUTSIDE the interval | " +
      "no interval to be in | cannot be compared |",
  ));
  assert.ok(lines.includes("| :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"));
  for (const row of ["f | 40 | 3 | 2 | 1 | 0 | 1 | 0 | 0", "h | 7 | 7 | 0 | 0 | 0 | 0 | 0 | 0"]) {
    assert.ok(lines.includes(`| ${row} |`), row);
  }
  assert.ok(lines.includes("| a/2/gap | 2 [1, 3] | 3.5 | OUTSIDE the interval |"));
  assert.ok(lines.includes("| b/3/gap | 2 [1, 3] |  | cannot be compared: no / such row |"));
  // Where machines differ each cell has its own, and numbers are those of six digits.
  const long = { value: 1.23456789, low: 1e-9, high: 123456.789 };
  const elsewhere = cell("c/1/gap", "h", { published: long, again: 1 / 3, machine: "two CPUs" });
  const mixed = reportText({
    ...{ ...about, jobs: 9, seconds: 1, families },
    cells: [CELLS[0], elsewhere],
  });
  assert.ok(mixed.includes(
    "\n| c/1/gap | 1.23457 [1e-9, 123457] | 0.333333 | equal to the last bit | two CPUs |\n",
  ));
  assert.ok(!mixed.includes("They were published") && !mixed.includes("cannot be compared"));
  const whole = reportText({
    ...about,
    jobs: 9,
    seconds: 1,
    families: [{ ...families[1] }],
    cells: [],
  });
  assert.ok(!whole.includes("budget"));
});
