/** @file What theory says of linear recurrences: the grid, the table from numbers made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/leaderboard/recurrent_theory.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import {
  interval,
  judged,
  madeOf,
  type Scalars,
  settingsOf,
} from "../deep_linear_networks/made_studies.ts";
import { graphOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";

const path = "pipeline/experiments/leaderboard/recurrent_theory.ts";

Deno.test(`the grid of ${path}: every statement in its settings, from the seeds that judge`, () => {
  assert.equal(graphOf(experiment, "quick").later.get("recurrent-theory"), "standard");
  const settings = settingsOf(experiment, "standard");
  const of = (claim: string) =>
    settings.filter(({ tags }) => tags.claim === claim).map(({ study }) => study);
  assert.deepEqual(settings[0].seeds, judged);
  assert.equal(settings.length, 14);
  assert.deepEqual(of("memory").map(({ options }) => options), [
    { pairs: 4 },
    { pairs: 4, copies: 2 },
    { pairs: 3, silent: 2 },
  ]);
  assert.deepEqual(
    of("curse").map(({ name, options }) => [name, options.states, options.parameter]),
    ["log rate", "eigenvalue"].flatMap((parameter) =>
      [4, 12].map((states) => ["perturbed_memory", states, parameter])
    ),
  );
  assert.deepEqual(of("outlier").map(({ options }) => options.spread), [0.1, 0.8]);
  assert.deepEqual(of("frequencies").map(({ options }) => options.states), [1, 4, 16]);
  assert.deepEqual(of("network").map(({ options }) => options.hidden), [0, 16]);
});

/** As theory says. */
function usual({ claim, setting }: Tags): Scalars {
  const said = String(setting);
  switch (claim) {
    case "memory":
      return { expected: 8, measured: 8.04, deviation: 0.005 };
    case "curse": {
      const few = said.startsWith("4 ");
      const stable = said.endsWith("rates");
      return { expected: few ? 0.4 : 0.1, measured: few ? 0.4 : stable ? 0.1 : 1e6 };
    }
    case "outlier": {
      const small = said.endsWith(".1");
      return { expected: 0.9, measured: 0.89, deviation: small ? 0.02 : 0.4, others: 1.1 };
    }
    case "frequencies":
      return { expected: 4, measured: 4.01, deviation: 0.003 };
    default:
      return { measured: said.startsWith("linear") ? -0.01 : 0.97, loss: 0.1 };
  }
}
const table = (change: (tags: Tags) => Scalars = () => ({})) =>
  madeOf(experiment, (tags) => ({ scalars: { ...usual(tags), ...change(tags) } }));

Deno.test("a row is a statement in a setting: what is expected beside what is measured", async () => {
  const made = await table(({ claim, setting, seed }) =>
    claim === "memory" && setting === "8 states" ? { measured: Number(seed) } : {}
  );
  assert.equal(made.summary.rows.length, 14);
  assert.equal(made.names("statement").length, 5);
  const cell = made.cell({ setting: "8 states" }, "measured");
  close(cell.value, 14.5);
  close(cell.low, interval(judged).low);
  close(made.cell({ setting: "8 states" }, "expected").value, 8);
  assert.equal("expected" in made.row({ setting: "16 hidden units" }), false);
  close(made.cell({ setting: "16 hidden units" }, "measured").value, 0.97);
  close(
    made.cell({ setting: "12 decays, parameters are eigenvalues" }, "measured").value,
    1e6,
  );
  const said = made.summary.findings;
  assert.match(said[0], /within 0\.5 % of the rank/);
  assert.match(said[1], /is 0\.25 of that of 4 .* and 2\.5e\+6 times it/);
  assert.match(said[2], /within 0\.020 .* within 0\.40 from large ones; .* 1\.1 times/);
  assert.match(said[3], /within 0\.3 %/);
  assert.match(said[4], /explains -1\.0 %, a network 97\.0 %/);
});

Deno.test("every clause can refute, be left open by half of the seeds, and just hold", async () => {
  assert.equal((await table()).outcome, "supported");
  const clauses: [where: (tags: Tags) => boolean, wrong: Scalars, right: Scalars][] = [
    [({ setting }) => setting === "10 states, 4 of them not driven", { deviation: 0.021 }, {
      deviation: 0.019,
    }],
    [({ setting }) => setting === "12 decays, parameters are logarithms of rates", {
      measured: 0.21,
    }, { measured: 0.19 }],
    [({ setting }) => setting === "12 decays, parameters are eigenvalues", { measured: 0.79 }, {
      measured: 0.81,
    }],
    [({ setting }) => setting === "weights of radius .1", { deviation: 0.051 }, {
      deviation: 0.049,
    }],
    [({ setting }) => setting === "16 states", { deviation: 0.021 }, { deviation: 0.019 }],
    [({ setting }) => setting === "linear readout", { measured: 0.051 }, { measured: 0.049 }],
    [({ setting }) => setting === "16 hidden units", { measured: 0.89 }, { measured: 0.91 }],
  ];
  for (const [where, wrong, right] of clauses) {
    const outcome = async (of: (tags: Tags) => Scalars) =>
      (await table((tags) => where(tags) ? of(tags) : {})).outcome;
    const said = JSON.stringify(wrong);
    assert.equal(await outcome(() => wrong), "refuted", said);
    assert.equal(await outcome(() => right), "supported", said);
    const [[name, value]] = Object.entries(wrong);
    // As far on the wrong side as on the right one, in every second seed.
    const far = name === "deviation" ? 1e3 * value! : value! > 0.5 ? 1e-3 : 1e3;
    const half = await outcome(({ seed }) => Number(seed) % 2 ? { [name]: far } : {});
    assert.equal(half, "undecided", said);
  }
});

Deno.test("weights of radius .8 are shown and judge nothing", async () => {
  const made = await table(({ setting }) =>
    setting === "weights of radius .8" ? { deviation: 9 } : {}
  );
  assert.equal(made.outcome, "supported");
});

Deno.test("every cell and the verdict follow from the published scores", async () => {
  const spread = await table(({ seed }) => ({
    measured: Number(seed),
    expected: 1 / Number(seed),
    deviation: Number(seed) / 1e4,
  }));
  const { cells, verdicts } = await assertFollows(new Map([["recurrent-theory", spread]]));
  assert.ok(cells >= 26 && verdicts === 1, `${cells} cells, ${verdicts} verdicts`);
});
