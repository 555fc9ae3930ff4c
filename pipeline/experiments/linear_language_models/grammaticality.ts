/** @file Does a linear model of language write grammatically, by what can be measured? (linear-language-models, grammaticality) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { GraphBuilder, Grid, TaggedJob } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Tags } from "../../tags.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Run, Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, type Values } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import * as artificial from "./artificial_languages.ts";
import * as language from "./language_models.ts";
import { type Course, type ModelParts, trainedRuns } from "../../trained.ts";

/** Of the text, and of those the ones that were trained on the grammar, by their tags there. */
const onGrammar: Record<string, string> = {
  transformer: "transformer",
  "masked-mixer": "masked-mixer",
  relu: "relu-256",
  linear: "linear-256",
};

const { seeds } = language.stated;
const [sentencesWanted, pairsWanted] = [0.95, 0.9];

const stated: Hypothesis = {
  unit: "seed",
  seeds,
  clauses: [{
    what:
      `the smaller of the linear mixer's share of grammatical sentences minus ${
        percent(sentencesWanted)
      } and its share of minimal ` +
      `pairs minus ${percent(pairsWanted)}`,
    ...{ metric: "share", scale: "points" },
  }],
  controls: [{
    what: "share of minimal pairs that the linear mixer prefers in places of others, minus a half",
    ...{ metric: "share", scale: "points", margin: 0.1 },
  }],
};

export const meta: ExperimentMeta = {
  id: "grammaticality",
  title: "How grammatical is what models of language write?",
  question: "Is the text of a language model that is one matrix grammatical?",
  hypothesis:
    "At least 95 % of the sentences that a linear mixer writes in a small language with a grammar are grammatical, and in at least 90 % of minimal pairs it prefers the word that stands in held-out text.",
  method:
    "It is said of linear language models that they write grammatically correct text. Five things that need no reader are measured, each between text that is right and the same tokens in random order. The models are those of " +
    "language-models, and for the grammar those of artificial-languages, trained as there. **Judge**: each model goes on from 48 places of held-out speeches by 64 tokens, by its own probabilities; Kneser-Ney of order 5 that " +
    "learned from 200,000 other tokens says how many nats a token the text costs. **Seen**: 4-grams of tokens that its training text has, the longest span copied from it, and words that occur in the training speeches. **Repeats**: 4-grams that the " +
    "same text had before, and 2-grams that are different. **Sentences**: 400 texts of 16 words of a language whose grammar is known (verbs agree with their subjects over relative clauses); a sentence that ends is grammatical or is not. **Pairs**: places of held-out speeches where is, are, was, " +
    "were, has, have, this, these, a or an stands, against the same place with the other word of its pair, by the probability of the word and ten tokens after it; as many places of each word, so that whoever knows their frequencies alone is right half of the time. " +
    "Sentences and pairs decide, since they are about grammar, by the smaller of the two, since both are asked for. Controls: the judge on the same pairs, and the words in places of other pairs. Tokens are parts of words (132 in all), so a text may fail by its spelling. " +
    "Quotation marks are not balanced here: the speeches have few.",
  from: "standard",
};

/** Tags: kind ("text" or "grammar"), model, seed. */
export const grid: Grid = (g) => {
  const courses = { text: language.courseOf(g), grammar: artificial.courseOf(g, "grammar") };
  const asked = (
    kind: "text" | "grammar",
    model: string,
    of: ModelParts,
    trained: readonly number[],
    tags: Tags,
  ) => asksOf(g, courses[kind], of, trained, tags, { kind, model });
  return g.table([
    ...Object.entries(language.models).flatMap(([model, of]) =>
      asked("text", model, of, seeds, { model })
    ),
    ...Object.entries(onGrammar).flatMap(([model, name]) =>
      asked("grammar", model, artificial.models[name], artificial.stated.seeds, {
        ...{ law: "grammar", model: name },
      })
    ),
  ]);
};

/** The jobs that let models write, of seeds that judge. @param trained all seeds of the one training */
function asksOf(
  g: GraphBuilder,
  course: Course,
  of: ModelParts,
  trained: readonly number[],
  tags: Tags,
  own: Tags,
): TaggedJob[] {
  const { task, data, instanceOf = () => 0 } = course;
  const trainings = trainedRuns(g, of, course, trained, tags)
    .filter(({ tags }) => tags.result === "training");
  return seeds.map((seed): TaggedJob => {
    const index = trained.indexOf(seed);
    const tags = { ...own, seed };
    const params = {
      ...{ task, model: of.model, layers: of.layers ?? [] },
      ...{ index, instance: instanceOf(seed), draw: 7000 + seed },
    };
    const inputs = { model: trainings[index].job, ...(data ? { data } : {}) };
    return { tags, job: g.job("grammaticality", params, inputs, tags) };
  });
}

/** What is measured, and of which kind of job. */
const measures = {
  ...{ judge: "text", seen: "text", copied: "text", words: "text", repeats: "text" },
  ...{ distinct: "text", sentences: "grammar", pairs: "text" },
} as const;
type Measure = keyof typeof measures;

interface Row {
  label: string;
  of: Partial<Record<Measure | "misplaced", Values>>;
}

const shown = (measure: Measure | "misplaced", column: Omit<TableColumn<Row>, "of" | "id">) =>
  onlyIf<Row>(({ of }) => of[measure] !== undefined, {
    ...{ ...column, id: measure },
    of: ({ of }) => cellOf(of[measure]!),
  });

const columns: TableColumn<Row>[] = [
  { id: "model", label: "text by", format: "text", of: ({ label }) => label },
  shown("judge", {
    ...{ label: "judge", unit: "nats", format: "fixed3" },
    note: "A token, by Kneser-Ney that knows other text.",
  }),
  shown("seen", { label: "seen 4-grams", format: "percent" }),
  shown("copied", { label: "copied", note: "Longest span of the training text, in tokens." }),
  shown("words", { label: "words", format: "percent", note: "That the training speeches have." }),
  shown("repeats", {
    ...{ label: "repeats", format: "percent" },
    note: "4-grams that the same text had before.",
  }),
  shown("distinct", { label: "distinct", format: "percent", note: "Of 2-grams." }),
  shown("sentences", {
    ...{ label: "sentences", format: "percent", better: "higher" },
    note: "Grammatical, of a language whose grammar is known.",
  }),
  shown("pairs", {
    ...{ label: "pairs", format: "percent", better: "higher" },
    note: "Minimal pairs in which the word that was written is preferred; half by chance.",
  }),
  shown("misplaced", {
    label: "misplaced",
    format: "percent",
    note: "The same in places of others.",
  }),
];

/** One number of every seed of a model. @param name of the scalar */
function found(runs: Runs, kind: string, model: string, name: string): Values {
  const pick = ({ scalars }: Run) => scalars[name];
  return runs.where({ kind, model }).each("seed", pick, name);
}

/** The table: one row for each model, and for the controls. */
export function summarize(runs: Runs): Summary {
  const measuresOf = (model: string, suffix = "") =>
    Object.fromEntries(
      (Object.entries(measures) as [Measure, string][])
        .filter(([measure, kind]) =>
          kind === "text" ? measure !== "pairs" || !suffix : model in onGrammar
        )
        .map(([measure, kind]) => [measure, found(runs, kind, model, `${measure}${suffix}`)]),
    );
  const of = (model: string): Row => ({
    label: language.models[model].label,
    of: { ...measuresOf(model), misplaced: found(runs, "text", model, "pairs, misplaced") },
  });
  // The text is the same beside every model.
  const beside = "linear";
  const judged = found(runs, "text", beside, "pairs, judge");
  const rows: Row[] = [
    { label: "held-out speeches", of: measuresOf(beside, ", real") },
    ...Object.keys(language.models).map(of),
    { label: "held-out speeches, shuffled", of: measuresOf(beside, ", shuffled") },
    { label: "the judge", of: { pairs: judged } },
  ];
  const pairs = found(runs, "text", "linear", "pairs");
  const sentences = found(runs, "grammar", "linear", "sentences");
  const lesser = mapped(
    pairs,
    (share, i) => Math.min(share - pairsWanted, sentences.values[i] - sentencesWanted),
    "lesser share",
  );
  const misplaced = mapped(
    found(runs, "text", "linear", "pairs, misplaced"),
    (share) => share - 0.5,
    "misplaced over a half",
  );
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(stated, [plainEffect(lesser)], [plainEffect(misplaced)]),
    findings: [
      `A linear mixer prefers the word that was written in ${
        percent(mean(pairs))
      } of minimal pairs (a judge of counts in ${percent(mean(judged))}), and ${
        percent(mean(sentences))
      } of the sentences that it writes in a small language are grammatical.`,
    ],
    plots: [{
      ...{ id: "pairs", title: "Minimal pairs", caption: "Bars are 95 % intervals over seeds." },
      x: { column: "model", label: "model", scale: "band" },
      y: { column: "pairs", label: "preferred as written" },
      marks: ["dot", "interval"],
      rules: [{ y: 0.5, label: "chance" }],
    }],
  };
}
