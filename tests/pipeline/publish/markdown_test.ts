/** @file The Markdown of an experiment, from records made by hand. */
import assert from "node:assert/strict";
import { madeBy, markdown } from "../../../pipeline/publish/markdown.ts";
import type { ExperimentRecord, JobRecord } from "../../../pipeline/publish/source.ts";
import type { Cell, PublishedSummary } from "../../../pipeline/results.ts";
import { job, MACHINE, meta } from "../../site/fixtures/records.ts";

const cell = (value: number, more: Partial<Cell> = {}): Cell => ({ value, runs: ["r"], ...more });

function record(
  summary: Partial<PublishedSummary>,
  about: Partial<ExperimentRecord["meta"]> = {},
): ExperimentRecord {
  return {
    meta: meta("an-id", about),
    runs: {},
    version: { key: null, commit: null, older: false },
    summary: {
      columns: [{ id: "x", label: "x" }],
      rows: [],
      verdict: { outcome: "supported", rule: "The rule.", reason: "The reason." },
      findings: [],
      plots: [],
      ...summary,
    },
  };
}

const text = (of: ExperimentRecord, jobs: JobRecord[] = [], machines = [MACHINE]) =>
  markdown(of, "standard", jobs, machines);
/** The lines of the table. */
const lines = (of: ExperimentRecord) => text(of).split("\n").filter((line) => line.startsWith("|"));

Deno.test("the table has a line a row: text to the left, numbers to the right, dashes for what is missing", () => {
  const made = record({
    columns: [
      { id: "name", label: "name", format: "text" },
      { id: "size", label: "size" },
      { id: "loss", label: "loss", unit: "nats", format: "fixed3" },
      { id: "mixed", label: "mixed" },
    ],
    rows: [
      { name: "a", size: 0.5, loss: cell(1, { low: 0.5, high: 2 }), mixed: 1 },
      { name: "b", loss: cell(-2, { low: -3 }), mixed: "word" },
      {},
    ],
  });
  assert.deepEqual(lines(made), [
    "| name | size | loss (nats) | mixed |",
    "| --- | ---: | ---: | --- |",
    "| a | 0.5 | 1.000 [0.500, 2.000] | 1 |",
    "| b | – | −2.000 | word |",
    "| – | – | – | – |",
  ]);
});

Deno.test("the parts stand in this order, and an empty one is left out", () => {
  const whole = text(
    record(
      {
        columns: [{ id: "x", label: "an x", note: "Of all.", better: "lower" }, {
          ...{ id: "y", label: "a y", better: "higher" },
        }, { id: "z", label: "a z" }],
        rows: [{ x: 1 }],
        findings: ["One.", "Two."],
      },
      {
        title: "T",
        question: "Q?",
        hypothesis: "H.",
        method: "\nM, *kept*.\n",
        command: "\ndeno x ",
      },
    ),
  );
  assert.equal(
    whole,
    `# T

**Question.** Q?

**Hypothesis.** H.

**Verdict: supported.** The reason.

**Rule.** The rule.

## Results (profile standard)

| an x | a y | a z |
| ---: | ---: | ---: |
| 1 | – | – |

- an x: lower is better; Of all.
- a y: higher is better

## Findings

- One.
- Two.

## Method

M, *kept*.

## How it was made

Computed by 0 jobs ().
Brackets hold intervals; a dash was not measured.

\`\`\`sh
deno x
\`\`\`

\`\`\`python
import pandas; table = pandas.read_parquet("an-id.parquet")
\`\`\`
`,
  );
  const bare = text(record({}));
  assert.match(bare, /\(profile standard\)\n\nThe table has no rows\.\n\n## Method/);
});

Deno.test("every outcome has its words", () => {
  for (const outcome of ["supported", "refuted", "undecided"] as const) {
    const verdict = { outcome, rule: "r", reason: "because" };
    assert.match(
      text(record({ verdict })),
      new RegExp(`\\*\\*Verdict: ${outcome}\\.\\*\\* because`),
    );
  }
  const verdict = { outcome: "illustration" as const, rule: "r", reason: "because" };
  assert.match(text(record({ verdict })), /\*\*Verdict: illustration only\.\*\* because/);
});

Deno.test("nothing that is quoted can be markup or leave its cell", () => {
  const said = (label: string) =>
    lines(record({ columns: [{ id: "x", label }], rows: [{ x: "t" }] }))[0].slice(2, -2);
  assert.equal(said("a|b"), "a\\|b");
  assert.equal(said("*a* `b` [c](d) \\"), "\\*a\\* \\`b\\` \\[c\\](d) \\\\");
  assert.equal(said("<b>&amp;"), "&lt;b>&amp;amp;");
  assert.equal(said(" two\n lines\t"), "two lines");
  // An underscore inside a word is no emphasis.
  assert.equal(said("snake_case"), "snake_case");
  assert.equal(said("_a_ b_"), "\\_a\\_ b\\_");
  assert.equal(said("a__b"), "a__b");
  const ran = [job("train", "j", { machine: "m", engine: "*e*", engineVersion: "1" })];
  const by = text(record({}), ran, [{ id: "m", description: "<m>" }]);
  assert.match(by, /; engine \\\*e\\\* 1\.\nMachine: &lt;m>\.\n/);
  const hostile = "|*<";
  const escaped = "\\|\\*&lt;";
  const whole = markdown(
    record(
      {
        columns: [{ id: "x", label: hostile, unit: hostile, note: hostile }],
        rows: [{ x: hostile }],
        findings: [hostile],
        verdict: { outcome: "refuted", rule: hostile, reason: hostile },
      },
      { title: hostile, question: hostile, hypothesis: hostile },
    ),
    hostile,
    [],
    [],
  );
  const expected = [
    "# ",
    "\\*\\*Question.\\*\\* ",
    "Hypothesis.\\*\\* ",
    "refuted.\\*\\* ",
    "Rule.\\*\\* ",
  ];
  for (const before of expected) {
    assert.match(whole, new RegExp(`${before}${escaped.replace(/[\\|*]/g, "\\$&")}\n`));
  }
  assert.ok(!whole.replaceAll(escaped, "").includes(hostile), whole);
  assert.ok(whole.includes(`| ${escaped} (${escaped}) |`));
  assert.ok(whole.includes(`- ${escaped}: ${escaped}\n`));
  assert.ok(whole.includes(`\n- ${escaped}\n`));
});

/** The sentences for these jobs and cells. */
function made(
  jobs: Partial<JobRecord>[],
  sizes: (number | undefined)[] = [],
  machines = [MACHINE],
) {
  const rows = sizes.map((n) => ({ x: n === undefined ? cell(1) : cell(1, { n }) }));
  const summary = record({ rows: [...rows, { x: 7 }] }).summary;
  return madeBy(summary, jobs.map((more, i) => job("train", `j${i}`, more)), machines);
}

Deno.test("jobs are counted by stage, in the order in which they come", () => {
  const [one] = made([{ stage: "fit" }]);
  assert.equal(one, "Computed by 1 job (fit 1).");
  const [several] = made([{ stage: "train" }, { stage: "evaluate" }, { stage: "train" }]);
  assert.equal(several, "Computed by 3 jobs (train 2, evaluate 1).");
});

Deno.test("seeds are a range where they follow each other, otherwise a list", () => {
  const seeds = (...of: (number | null)[]) => made(of.map((seed) => ({ seed })))[0].split("; ")[1];
  assert.equal(seeds(4, 2, 3, 2), "seeds 2 to 4.");
  assert.equal(seeds(1, 0), "seeds 0, 1.");
  assert.equal(seeds(10, 9, 900), "seeds 9, 10, 900.");
  assert.equal(seeds(0, 1, 3), "seeds 0, 1, 3.");
  assert.equal(seeds(7, null), "seed 7.");
  assert.equal(seeds(0), "seed 0.");
  assert.equal(seeds(null), undefined);
});

Deno.test("every engine is named once with its version, those without are left out", () => {
  const engine = (name: string, engineVersion: string) => ({ engine: name, engineVersion });
  const [said] = made([
    engine("tfjs", "4.0"),
    engine("", ""),
    engine("ort", "1.30"),
    engine("ort", "1.30"),
  ]);
  assert.match(said, /; engine ort 1\.30, tfjs 4\.0\.$/);
});

Deno.test("the observations behind a cell are a number or its range", () => {
  assert.deepEqual(made([], [5, undefined, 5]).slice(1), ["Observations behind a cell: 5."]);
  assert.deepEqual(made([], [2048, 5, 10000]).slice(1), [
    "Observations behind a cell: 5 to 10,000.",
  ]);
  assert.deepEqual(made([], [undefined]).slice(1), []);
});

Deno.test("only machines that ran one of the jobs are named", () => {
  const machines = [{ id: "m1", description: "fast" }, { id: "m2", description: "slow" }];
  const by = (machine: string | null) => made([{ machine }], [], machines).slice(1);
  assert.deepEqual(by("m2"), ["Machine: slow."]);
  assert.deepEqual(by(null), []);
});

Deno.test("a table of an older version says so, with its commit where that is known", () => {
  const older = (commit: string | null) => {
    const version = { key: null, commit, older: true };
    return text({ ...record({ rows: [{ x: 1 }] }), version });
  };
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const said = "since then the code, the parameters or the inputs have changed";
  const at = (all: string) => all.indexOf("## Results") < all.indexOf(said);
  assert.ok(older(commit).includes(`\n\n*Of an older version (commit 0123456789): ${said}`));
  assert.ok(older(`${commit}-dirty`).includes("(commit 0123456789-dirty)"));
  assert.ok(older(null).includes(`*Of an older version: ${said}`) && at(older(null)));
  assert.doesNotMatch(text(record({})), /older version/);
});

Deno.test("the commits of the jobs are named, each once", () => {
  const summary = record({}).summary;
  const of = (...commits: (string | null)[]) =>
    madeBy(summary, commits.map((commit, i) => job("s", `${i}`, { commit })), []).join(" ");
  const [a, b] = ["a".repeat(40), "b".repeat(40)];
  assert.match(of(b, a, null, b), /Code: commits a{10}, b{10}\.$/);
  assert.match(of(a), /Code: commit a{10}\.$/);
  assert.doesNotMatch(of(null), /commit/);
});
