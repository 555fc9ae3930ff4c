/** @file The eigenvalue sweep: every number of its table, its verdict and its findings, from scores made by hand. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/transformer_filters/eigenvalue_sweep.ts";
import {
  assertRow,
  computed,
  horizons,
  type Kind,
  leavingOpen,
  little,
  madeTable,
  type Making,
  ratesOf,
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
        ...ratesOf(made, where),
      };
    };
    assertRow(table, { lambda, predictor: "Transformer" }, {
      ...model(transformer(lambda)),
      ...Object.fromEntries(horizons.map((h) => [
        `h${h}`,
        made.score({ ...transformer(lambda), what: "rollout" }, h, "ratio"),
      ])),
    });
    for (const times of [0.68, 0.92, 0.99].includes(lambda) ? [8, 30] : []) {
      assertRow(
        table,
        { lambda, predictor: `Transformer, ${times} x steps, 2 systems` },
        model({ model: "transformer", lambda, steps: times * steps }),
      );
    }
  }
  // From nothing to everything, the longer training below the shorter.
  assert.deepEqual(table.summary.rows.slice(0, 8).map((row) => row.predictor), [
    ...["zero", "Transformer", "Kalman filter", "zero", "Transformer"],
    ...["Transformer, 8 x steps, 2 systems", "Transformer, 30 x steps, 2 systems"],
    "Kalman filter",
  ]);
});

/** The verdict when the open fraction grows by this factor from the smallest to the largest lambda. */
async function growingBy(factor: number, of: (kind: Kind) => number = little) {
  const { table } = await madeTable(
    experiment,
    leavingOpen(
      (kind) => 0.1 * (kind.lambda === 0.99 ? factor * Math.exp(of(kind)) : 1),
      ({ lambda }) => [0.36, 0.68, 0.99].includes(lambda),
    ),
  );
  return table.summary.verdict;
}

Deno.test("the hypothesis stands when more is open at the largest lambda than at the smallest", async () => {
  const { outcome, reason, clauses } = await growingBy(2);
  assert.equal(outcome, "supported");
  assert.match(reason, /^Open fraction at the largest over that at the smallest lambda: 2 \(/);
  assert.match(reason, /; 20 systems\.$/);
  assert.ok(Math.abs(clauses![0].effect - Math.log(2)) < 1e-9);
  assert.equal((await growingBy(0.5)).outcome, "refuted");
  assert.equal((await growingBy(1)).outcome, "undecided");
});

Deno.test("two systems only illustrate", async () => {
  const { table } = await madeTable(experiment, {}, "quick");
  assert.equal(table.outcome, "illustration");
});

Deno.test("the lambdas in between do not decide", async () => {
  const outcome = async (between: number) =>
    (await madeTable(
      experiment,
      leavingOpen(({ lambda }) => lambda === 0.36 ? 0.1 : lambda === 0.99 ? 0.9 : between),
    )).table.outcome;
  assert.deepEqual([await outcome(0.95), await outcome(0.05)], ["supported", "supported"]);
});

Deno.test("the first findings are means over systems, at both ends and at the named settings", async () => {
  const { table } = await madeTable(experiment, {
    score: (kind, part, field) => {
      if (part !== "overall" || kind.what !== "one step" || kind.steps !== steps) return;
      if (field === "gapClosed") return kind.lambda / 2 + (kind.rank - 9.5) / 100;
      if (field === "ratio") return 1 + kind.lambda + (kind.rank - 9.5) / 1000;
    },
  });
  const [ends, named] = table.summary.findings;
  assert.match(
    ends,
    /closes 18\.0 % of the gap .* at lambda 0\.36 and 49\.5 % at lambda 0\.99 \(20/,
  );
  assert.match(
    named,
    /easy, lambda 0\.68, where the loss is 1\.680 .* 34\.0 % of the gap is closed/,
  );
  assert.match(named, /medium, lambda 0\.92, where the loss is 1\.920 .* 46\.0 % of/);
  assert.match(named, /hard, lambda 0\.99, where the loss is 1\.990 .* 49\.5 % of/);
});

/** The sentence on the reference runs, from the mean gap that two systems close with the normal, the longer and the longest run. */
async function ladder(of: Record<number, [number, number, number]>): Promise<string> {
  const { table } = await madeTable(
    experiment,
    gaps(({ lambda, steps: made, rank }) => {
      // Other systems have no reference runs and must not be mistaken for those that do.
      if (rank !== 5 && rank !== 15) return 0.01;
      return of[lambda][[steps, 8 * steps, 30 * steps].indexOf(made)] + (rank - 10) / 100;
    }, Object.keys(of).map(Number)),
  );
  return table.summary.findings.find((finding) => finding.startsWith("Reference runs"))!;
}

Deno.test("reference runs converge when the last lengthening moved little or little is left", async () => {
  const first = await ladder({
    0.68: [0.5, 0.7, 0.719], // moved by less than .02
    0.92: [0.5, 0, 0.02], // by just as much
    0.99: [0.5, 0.95, 0.981], // by more, but less than .02 is left
  });
  assert.match(first, /^Reference runs of systems 972 and 1152, 30 x the steps .* since 8 x\)/);
  assert.match(
    first,
    /71\.9 % \(1\.9\) at 0\.68, 2\.0 % \(2\.0\) at 0\.92, 98\.1 % \(3\.1\) at 0\.99/,
  );
  assert.match(first, /moved by less than 2 points or has less left, at 0\.68, 0\.99\. /);
  assert.match(first, /At 0\.92 more training would still help\. /);
  const second = await ladder({
    0.68: [0.5, 0.95, 0.979], // more is left
    0.92: [0.5, 0.7, 0.681], // fell by less
    0.99: [0.5, 0.7, 0.679], // by more
  });
  assert.match(second, /68\.1 % \(-1\.9\) at 0\.92/);
  assert.match(second, /has less left, at 0\.92\. At 0\.68 more training would still help\. /);
  assert.match(second, /At 0\.99 the longest run ended worse than the one before\. /);
  const third = await ladder({ 0.92: [0.5, 0.02, 0], 0.99: [0.5, 0.6, 0.61] });
  assert.match(third, /0\.0 % \(-2\.0\) at 0\.92/);
  assert.match(third, /At 0\.92 the longest run ended worse/);
});

Deno.test("a ladder grows when each of its rungs closes more than the one below", async () => {
  const first = await ladder({
    0.68: [0.5, 0.6, 0.7],
    0.92: [0.5, 0.5, 0.7],
    0.99: [0.5, 0.6, 0.6],
  });
  assert.match(first, /grows at every rung of the ladder at 1 of 3 lambdas\.$/);
  const second = await ladder({ 0.92: [0.6, 0.5, 0.7], 0.99: [0.5, 0.6, 0.601] });
  assert.match(second, /grows at every rung of the ladder at 1 of 2 lambdas\.$/);
});

Deno.test("no lambda and every lambda are said in words", async () => {
  const none = await ladder({ 0.68: [0.1, 0.2, 0.4], 0.99: [0.1, 0.2, 0.4] });
  assert.match(none, /less left, at no lambda\. At 0\.68, 0\.99 more/);
  const every = await ladder({ 0.68: [0.1, 0.2, 0.2], 0.99: [0.1, 0.2, 0.2] });
  assert.match(every, /less left, at every lambda\. The gap/);
});

Deno.test("how much there is to learn is said beside the quantiles of all candidates", async () => {
  const { table } = await madeTable(experiment, {
    keep: ({ lambda }) => lambda >= 0.92,
    score: ({ what, model, rank, lambda }, part, field) =>
      what === "near baseline" && model === "zero" && field === "zero" && part === "overall" &&
        lambda === 0.92
        ? 1 + (rank + 1) / 100
        : undefined,
  });
  const said = table.summary.findings.find((finding) => finding.startsWith("The gap between"))!;
  assert.match(
    said,
    /0\.020 \(5 %\), 0\.060 \(25 %\), 0\.110 \(50 %\), 0\.160 \(75 %\), 0\.200 \(95 %\) over the 20 systems/,
  );
  assert.match(said, /over 2,000 candidates 0\.048 \(5 %\), 0\.080 \(25 %\), 0\.106 \(50 %\)/);
});

Deno.test("the search for the rates is said with its bound, and what neighbours would have lost", async () => {
  const { table } = await madeTable(experiment, {
    keep: ({ lambda }) => lambda > 0.97,
    scalar: ({ lambda, steps: made }, name) => {
      if (name === "edge") return Number(lambda === 0.98);
      if (name === "tuningLoss") return 1;
      if (name === "tuningLossAtHalf") return made === steps ? 1.25 : 1.5;
      if (name === "tuningLossAtTwice") return lambda === 0.98 ? 0.5 : 2;
    },
  });
  const said = table.summary.findings.find((finding) => finding.startsWith("Learning rates"))!;
  // Two lambdas, and two reference runs at one of them.
  assert.match(said, /^Learning rates: 4 configurations, on systems that are not judged\. /);
  assert.match(
    said,
    /higher at half of it by 0\.50 \(median; 4 searches .*\), at twice of it by 1\.0 \(/,
  );
  assert.match(said, /met its bound, and might have gone on, at lambda=0\.98\/times=1\.$/);
});

Deno.test("a training that ended early is no result, and those that did not are counted", async () => {
  const made = (steps: (kind: Kind) => number) =>
    madeTable(experiment, {
      keep: ({ lambda }) => lambda > 0.97,
      scalar: (kind, name) => name === "steps" ? steps(kind) : undefined,
    });
  const { table } = await made(() => 400);
  const said = table.summary.findings.find((finding) => finding.startsWith("Verified"))!;
  // Two lambdas of 20 systems, two reference runs of 2; each scored one step ahead, and 40 free-running.
  assert.match(
    said,
    /^Verified: all 44 trainings of 4 configurations .* all 84 scores are there\.$/,
  );
  await assert.rejects(made(({ rank }) => rank === 7 ? 399 : 400), /did not all make the same/);
});

Deno.test("the leak test covers every run that was scored one step ahead", async () => {
  const { table } = await madeTable(experiment, {
    keep: ({ lambda }) => lambda > 0.97,
    score: (kind, part, field) => {
      if (field === "sequences") return 128;
      if (field !== "leak") return;
      if (kind.what === "rollout" || part !== "overall") return 9;
      return kind.steps === 30 * steps && kind.rank === 15 ? -6 : 0.5;
    },
  });
  // Twenty systems at two lambdas, and two reference runs of two at one of them.
  assert.match(
    table.summary.findings.at(-1)!,
    /over 44 scored runs: A LEAK: 1 runs .* at most 6\.00 /,
  );
});
