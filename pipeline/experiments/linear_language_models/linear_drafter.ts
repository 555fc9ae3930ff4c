/** @file What a linear mixer is good for beside a Transformer: as its drafter, and generating in parallel (linear-language-models, linear-drafter) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, TaggedJob } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, type Values } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import * as language from "./language_models.ts";
import { trainedRuns } from "../../trained.ts";

const { seeds } = language.stated;
const aheads = [1, 2, 4, 8];
const judgedAhead = 4;
const ways = ["greedy", "drawn"];
/** Steps, and the one of which the claim is judged. */
const steps = [1, 2, 4, 8, 16];
const judgedStep = 4;
/** Tokens a call that are asked for. */
const wanted = 1.5;

const stated: Hypothesis = {
  unit: "seed",
  seeds,
  clauses: [
    {
      what: `tokens a call of the Transformer, ${judgedAhead} drafted ahead, text that is drawn`,
      ...{ metric: "tokens a call", scale: "factor", margin: Math.log(wanted) },
    },
    {
      what:
        `a half minus the share of texts whose token ${judgedStep} is the same if logits are fed back, scaled`,
      ...{ metric: "share", scale: "points" },
    },
  ],
};

export const meta: ExperimentMeta = {
  id: "linear-drafter",
  title: "A linear mixer as the drafter of a Transformer",
  question:
    "How many calls of a Transformer does a drafter save that is one matrix, and can it write many tokens at once?",
  hypothesis:
    "With four tokens drafted by a linear mixer a call of the Transformer gives more than one and a half tokens, of the very text that it writes alone; and a linear mixer that is fed its logits instead of tokens leaves its own greedy text within four tokens in more than half of cases.",
  method:
    "The Transformer and the linear mixer of language-models, seed by seed. 32 texts start with 8 held-out tokens and go on to 32. The mixer, collapsed to one matrix, proposes tokens; one call of the Transformer reads them all and says what it would have chosen at each " +
    "position, by its logits and by Gumbel noise that belongs to the position; proposals count as far as they are that. So the text does not depend on who drafts, which is counted (**different**), not believed. Alone the Transformer makes a call for each token. Calls read whole sequences " +
    "(there is no cache of keys and values on either side), so the time of a call is the same and what is saved in calls is saved in time but for the drafts; milliseconds a token stand beside it, of jobs that run alone. " +
    "**In parallel**: a page on linear models writes their generation as powers of their matrix, all tokens at once. Then logits stand where the next token should, with no choice between. Their likeliest tokens are compared with those of greedy decoding, with logits as they are, and scaled by " +
    "the inverse of their mean length, which is still a linear map.",
  from: "standard",
};

/** Tags: seed. */
export const grid: Grid = (g) => {
  const course = language.courseOf(g);
  const trained = (model: string) =>
    trainedRuns(g, language.models[model], course, seeds, { model })
      .filter(({ tags }) => tags.result === "training");
  const [writers, drafters] = ["transformer", "linear"].map(trained);
  const { model, layers } = language.models.transformer;
  return g.table(seeds.map((seed, index): TaggedJob => {
    const tags = { seed };
    const params = {
      ...{ task: course.task, model, layers, drafter: language.models.linear.model },
      ...{ index, ahead: aheads, draw: 8000 + seed },
    };
    const inputs = {
      ...{ model: writers[index].job, drafter: drafters[index].job, data: course.data! },
    };
    return { tags, job: g.job("draft", params, inputs, tags) };
  }));
};

interface Row {
  label: string;
  values: Partial<Record<"perCall" | "accepted" | "different" | "agreement", Values>>;
  /** Observed, of drafts. */
  speed?: { name: string; runs: string[] };
}

const shown = (
  value: keyof Row["values"],
  column: Omit<TableColumn<Row>, "of">,
) =>
  onlyIf<Row>(({ values }) => values[value] !== undefined, {
    ...column,
    of: ({ values }) => cellOf(values[value]!),
  });

const columns: TableColumn<Row>[] = [
  { id: "what", label: "what", format: "text", of: ({ label }) => label },
  shown("perCall", { id: "tokens_a_call", label: "tokens a call", better: "higher" }),
  shown("accepted", {
    ...{ id: "accepted", label: "accepted", format: "percent" },
    note: "Of proposed tokens that the Transformer got to.",
  }),
  shown("different", {
    ...{ id: "different", label: "different" },
    note: "Tokens that are not those of the Transformer alone, of 768.",
  }),
  onlyIf(({ speed }) => speed !== undefined, {
    ...{ id: "milliseconds", label: "ms a token", better: "lower" },
    of: ({ speed }) => ({
      observed: { name: speed!.name, scale: 1000 },
      runs: speed!.runs,
    }),
  }),
  shown("agreement", {
    ...{ id: "agreement", label: "same token", format: "percent" },
    note: "As greedy decoding of the mixer, one token after the other.",
  }),
];

/** The table: one row for each way of decoding and number of drafts, then one for each step of feeding logits back. */
export function summarize(runs: Runs): Summary {
  const found = (name: string) => runs.each("seed", ({ scalars }) => scalars[name], name);
  const names = found(`tokens a call, drawn, ${judgedAhead}`).runs;
  const speed = (name: string) => ({ name: `seconds a token, ${name}`, runs: [...names] });
  const drafts = ways.flatMap((way): Row[] => [
    { label: `${way}, the Transformer alone`, values: {}, speed: speed(`${way}, 0`) },
    ...aheads.map((ahead): Row => {
      const name = `${way}, ${ahead}`;
      return {
        label: `${way}, ${ahead} drafted`,
        values: {
          perCall: found(`tokens a call, ${name}`),
          accepted: found(`accepted, ${name}`),
          different: found(`different, ${name}`),
        },
        speed: speed(name),
      };
    }),
  ]);
  const fed = ["", ", as they are"].flatMap((how) =>
    steps.map((step): Row => ({
      label: `logits fed back${how || ", scaled"}, token ${step}`,
      values: { agreement: found(`agreement at ${step}${how}`) },
    }))
  );
  const perCall = found(`tokens a call, drawn, ${judgedAhead}`);
  const agreement = found(`agreement at ${judgedStep}`);
  const accepted = found(`accepted, drawn, ${judgedAhead}`);
  const different = ways.flatMap((way) => aheads.map((ahead) => `different, ${way}, ${ahead}`))
    .reduce((sum, name) => sum + found(name).values.reduce((a, b) => a + b, 0), 0);
  return {
    ...tableOf([...drafts, ...fed], columns),
    verdict: verdictOf(stated, [
      plainEffect(mapped(perCall, Math.log, "log tokens a call")),
      plainEffect(mapped(agreement, (share) => 0.5 - share, "disagreement over a half")),
    ]),
    findings: [
      `With ${judgedAhead} tokens drafted, a call of the Transformer gives ${
        mean(perCall).toFixed(2)
      } tokens of text that is drawn; ${
        percent(mean(accepted))
      } of the judged drafts are accepted, and ${different} tokens differ from those of the Transformer alone.`,
      `Fed its logits in place of tokens, a linear mixer has token ${judgedStep} of its greedy text in ${
        percent(mean(agreement))
      } of cases.`,
    ],
    plots: [],
  };
}
