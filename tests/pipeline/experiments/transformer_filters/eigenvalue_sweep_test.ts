/** @file The eigenvalue sweep: every number of its table, its verdict and its findings, from scores made by hand. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/eigenvalue_sweep.ts";
import {
  around,
  assertRow,
  computed,
  horizons,
  type Kind,
  madeTable,
  type Making,
  reach,
} from "./made_scores.ts";

const lambdas = [0.36, 0.68, 0.84, 0.92, 0.96, 0.98, 0.99];
/** Training steps of the Transformer at the standard profile, and of its reference runs. */
const steps = 400;
const transformer = (lambda: number): Partial<Kind> => ({ model: "transformer", lambda, steps });

/** Only these lambdas, and gaps closed one step ahead that are given. */
function gaps(given: (kind: Kind) => number | undefined, kept = [0.36, 0.99]): Making {
  return {
    keep: ({ lambda }) => kept.includes(lambda),
    score: (kind, part, field) =>
      field === "gapClosed" && part === "overall" && kind.what === "one step"
        ? given(kind)
        : undefined,
  };
}

Deno.test("every row of the sweep holds the scores of its own runs", async () => {
  const made = await madeTable(experiment);
  const { table } = made;
  assert.deepEqual(table.names("lambda"), lambdas);
  for (const lambda of lambdas) {
    const near = (model: string, field: "ratio" | "rawRatio" | "zero" | "rawZero" | "gapClosed") =>
      made.score({ what: "near baseline", model, lambda }, "overall", field);
    const far = (model: string, field: "ratio" | "zero") =>
      Object.fromEntries(horizons.map((h) => [
        `h${h}`,
        made.score({ what: "far baseline", model, lambda }, h, field),
      ]));
    assertRow(table, { lambda, predictor: "zero" }, {
      ratio: near("zero", "zero"),
      raw_ratio: near("zero", "rawZero"),
      gap_closed: computed(() => 0, near("zero", "zero")),
      ...far("zero", "zero"),
    });
    assertRow(table, { lambda, predictor: "Kalman filter" }, {
      ratio: near("kalman", "ratio"),
      raw_ratio: near("kalman", "rawRatio"),
      gap_closed: near("kalman", "gapClosed"),
      ...far("kalman", "ratio"),
    });
    const model = (where: Partial<Kind>) => {
      const one = (field: "ratio" | "rawRatio" | "gapClosed") =>
        made.score({ ...where, what: "one step" }, "overall", field);
      return {
        ratio: one("ratio"),
        raw_ratio: one("rawRatio"),
        gap_closed: one("gapClosed"),
        steps: made.scalar(where, "steps"),
        tokens: made.scalar(where, "tokens"),
        learning_rate: made.scalar(where, "learningRate"),
      };
    };
    assertRow(table, { lambda, predictor: "Transformer" }, {
      ...model(transformer(lambda)),
      ...Object.fromEntries(horizons.map((h) => [
        `h${h}`,
        made.score({ ...transformer(lambda), what: "rollout" }, h, "ratio"),
      ])),
    });
    for (const times of [8, 30]) {
      assertRow(
        table,
        { lambda, predictor: `Transformer, ${times} x steps, system 0` },
        model({ model: "transformer", lambda, steps: times * steps }),
      );
    }
  }
  // From nothing to everything, the longer training below the shorter.
  assert.deepEqual(table.summary.rows.slice(0, 5).map((row) => row.predictor), [
    "zero",
    "Transformer",
    "Transformer, 8 x steps, system 0",
    "Transformer, 30 x steps, system 0",
    "Kalman filter",
  ]);
});

/** The outcome when the gap closed falls by this from the smallest to the largest lambda. */
async function fallingBy(differences: readonly number[]) {
  const { table } = await madeTable(
    experiment,
    gaps(({ lambda, system }) => lambda === 0.36 ? 0.5 + differences[system] : 0.5),
  );
  return table.outcome;
}

Deno.test("the hypothesis stands when less is closed at the largest lambda than at the smallest", async () => {
  assert.equal(await fallingBy(around(0.2, 0.01)), "supported");
  assert.equal(await fallingBy(around(-0.2, 0.01)), "refuted");
  assert.equal(await fallingBy(around((reach + 0.01) * 0.01, 0.01)), "supported");
  assert.equal(await fallingBy(around((reach - 0.01) * 0.01, 0.01)), "undecided");
  assert.equal(await fallingBy(around(-(reach - 0.01) * 0.01, 0.01)), "undecided");
  assert.equal(await fallingBy(around(-(reach + 0.01) * 0.01, 0.01)), "refuted");
});

Deno.test("the reason of the verdict has mean and interval of the paired differences", async () => {
  // Systems differ far more from each other than the two lambdas do.
  const paired = around(0.2, 0.01);
  const { table } = await madeTable(
    experiment,
    gaps(({ lambda, system }) => system + (lambda === 0.36 ? paired[system] : 0)),
  );
  const ends = [0.2 - reach * 0.01, 0.2 + reach * 0.01].map((x) => `${(100 * x).toFixed(1)} %`);
  assert.equal(
    table.summary.verdict.reason,
    `Gap closed at lambda 0.36 minus at 0.99: 20.0 % (95 % interval ${ends.join(" to ")}); ` +
      "5 systems.",
  );
});

Deno.test("two systems only illustrate", async () => {
  const { table } = await madeTable(experiment, {}, "quick");
  assert.equal(table.outcome, "illustration");
});

Deno.test("the lambdas in between do not decide", async () => {
  const outcome = async (between: number) =>
    (await madeTable(
      experiment,
      gaps(({ lambda }) => lambda === 0.36 ? 0.9 : lambda === 0.99 ? 0.1 : between, lambdas),
    )).table.outcome;
  assert.equal(await outcome(0.95), await outcome(0.05));
});

Deno.test("the first findings are means over systems, at both ends and at the named settings", async () => {
  const { table } = await madeTable(experiment, {
    ...gaps(({ lambda, system }) => lambda / 2 + system / 100, lambdas),
    score: (kind, part, field) => {
      if (part !== "overall" || kind.what !== "one step" || kind.steps !== steps) return;
      if (field === "gapClosed") return kind.lambda / 2 + kind.system / 100;
      if (field === "ratio") return 1 + kind.lambda + kind.system / 1000;
    },
  });
  const [ends, named] = table.summary.findings;
  assert.match(
    ends,
    /closes 20\.0 % of the gap .* at lambda 0\.36 and 51\.5 % at lambda 0\.99 \(5/,
  );
  assert.match(
    named,
    /easy, lambda 0\.68, where the loss is 1\.682 .* 36\.0 % of the gap is closed/,
  );
  assert.match(named, /medium, lambda 0\.92, where the loss is 1\.922 .* 48\.0 % of/);
  assert.match(named, /hard, lambda 0\.99, where the loss is 1\.992 .* 51\.5 % of/);
});

/** The sentence on the reference runs, from the gap closed by the normal, the longer and the longest run of system 0. */
async function ladder(of: Record<number, [number, number, number]>): Promise<string> {
  const { table } = await madeTable(
    experiment,
    gaps(({ lambda, steps: made, system }) => {
      // Other systems have no reference runs and must not be mistaken for system 0.
      if (system > 0) return 0.01;
      return of[lambda][[steps, 8 * steps, 30 * steps].indexOf(made)];
    }, Object.keys(of).map(Number)),
  );
  return table.summary.findings.find((finding) => finding.startsWith("Reference runs"))!;
}

Deno.test("reference runs converge when the last lengthening moved little or little is left", async () => {
  const said = await ladder({
    0.36: [0.5, 0.7, 0.719], // moved by less than .02
    0.68: [0.5, 0, 0.02], // by just as much
    0.84: [0.5, 0.95, 0.981], // by more, but less than .02 is left
    0.92: [0.5, 0.95, 0.979], // more is left
    0.96: [0.5, 0.7, 0.681], // fell by less
    0.98: [0.5, 0.02, 0], // by just as much
    0.99: [0.5, 0.7, 0.679], // by more
  });
  assert.match(said, /^Reference runs of system 0, 30 x the steps .* since 8 x\)/);
  assert.match(
    said,
    /71\.9 % \(1\.9\) at 0\.36, 2\.0 % \(2\.0\) at 0\.68, 98\.1 % \(3\.1\) at 0\.84/,
  );
  assert.match(said, /68\.1 % \(-1\.9\) at 0\.96, 0\.0 % \(-2\.0\) at 0\.98/);
  assert.match(said, /moved by less than 2 points or has less left, at 0\.36, 0\.84, 0\.96\. /);
  assert.match(said, /At 0\.68, 0\.92 more training would still help\. /);
  assert.match(said, /At 0\.98, 0\.99 the longest run ended worse than the one before\. /);
});

Deno.test("a ladder grows when each of its rungs closes more than the one below", async () => {
  const said = await ladder({
    0.36: [0.5, 0.6, 0.7],
    0.68: [0.5, 0.5, 0.7],
    0.84: [0.5, 0.6, 0.6],
    0.92: [0.6, 0.5, 0.7],
    0.99: [0.5, 0.6, 0.601],
  });
  assert.match(said, /grows at every rung of the ladder at 2 of 5 lambdas\.$/);
});

Deno.test("no lambda and every lambda are said in words", async () => {
  const none = await ladder({ 0.36: [0.1, 0.2, 0.4], 0.99: [0.1, 0.2, 0.4] });
  assert.match(none, /less left, at no lambda\. At 0\.36, 0\.99 more/);
  const every = await ladder({ 0.36: [0.1, 0.2, 0.2], 0.99: [0.1, 0.2, 0.2] });
  assert.match(every, /less left, at every lambda\. The gap/);
});

Deno.test("the check of both ratios covers every run that was scored one step ahead", async () => {
  const { table } = await madeTable(experiment, {
    keep: ({ lambda }) => lambda > 0.97,
    score: (kind, part, field) => {
      if (field !== "discrepancy") return;
      if (kind.what === "rollout" || part !== "overall") return 9;
      return kind.steps === 30 * steps && kind.lambda === 0.98 ? -4 : 0.5;
    },
  });
  // Five systems and two reference runs at two lambdas.
  assert.match(table.summary.findings.at(-1)!, /Over 14 scored runs .* at most 4\.00 .* in 1;/);
});
