/**
 * @file What a number of a table, or a verdict, is made of: named scores of runs. They are published, so that a query over them gives
 * the number again (pipeline/publish/recompute.ts).
 */
import { z } from "zod";

/**
 * A coefficient times a score, system by system; terms of one system are added up. With `gap` the score is the logarithm of the
 * open fraction, score / gap (lib/analysis/open_fraction.ts).
 */
export interface Term {
  coefficient: number;
  /** Name of the score. */
  metric: string;
  /** Name of the score that it is divided by, before the logarithm. */
  gap?: string;
  /** One run for each system. */
  runs: readonly string[];
  /** Not of the value, but of its interval alone: blocks of one run whose mean is not the value. */
  spread?: true;
  /** The numbers, in the order of `runs`, as `summarize` makes them; the aggregate stage moves them to the scores of the summary. */
  values?: readonly number[];
  /** Likewise, of `gap`. */
  gaps?: readonly number[];
  /** Likewise, of numbers that are parts of one run (blocks of the test period): which parts. */
  parts?: readonly number[];
}

/** One number of one run. */
export interface Score {
  run: string;
  metric: string;
  /** Which part of the run. */
  part?: number;
  value: number;
}

/** How terms become a number: their mean over systems unless said otherwise. */
export type Statistic = "median" | "upper";

/** A clause or a control, as it was judged, with what it is made of. */
export interface Judged {
  kind: "clause" | "control";
  what: string;
  metric: string;
  scale: "factor" | "points" | "plain";
  margin: number;
  /** Units. */
  n: number;
  /** Mean over units, and its interval (95 %; of a control 90 %). */
  effect: number;
  low?: number;
  high?: number;
  /** One-sided: that the clause holds, that the control is equivalent. */
  p: number;
  /** One-sided: that the clause is reversed. */
  reversed?: number;
  /** The same effect as a ratio of means, with its interval. */
  means?: { value: number; low?: number; high?: number };
  terms: readonly Term[];
}

/** Schemas of what travels as JSON; `number` reads one that may not be finite. */
export function termSchemas(number: z.ZodType<number>) {
  const text = z.string().min(1, "expected text that is not empty");
  const term = z.strictObject({
    coefficient: z.number(),
    metric: text,
    gap: text.optional(),
    runs: z.array(text).min(1, "expected at least one run"),
    spread: z.literal(true).optional(),
  });
  const score = z.strictObject({
    run: text,
    metric: text,
    part: z.number().int().optional(),
    value: number,
  });
  const interval = { low: number.optional(), high: number.optional() };
  const judged = z.strictObject({
    kind: z.enum(["clause", "control"]),
    what: text,
    metric: text,
    scale: z.enum(["factor", "points", "plain"]),
    margin: z.number(),
    n: z.number().int().positive(),
    effect: number,
    ...interval,
    p: z.number(),
    reversed: z.number().optional(),
    means: z.strictObject({ value: number, ...interval }).optional(),
    terms: z.array(term).min(1, "expected at least one term"),
  });
  const tag = z.union([z.string(), z.number(), z.boolean()]);
  return { term, score, judged, tag };
}

/** Scores by run, name and part, of which there is one each. */
export class Scores {
  readonly #all = new Map<string, Score>();

  /** True unless another number has this name. */
  is({ run, metric, part, value }: Score): boolean {
    const known = this.#all.get(JSON.stringify([run, metric, part]));
    return !known || Object.is(known.value, value);
  }

  /** Moves the numbers of a term here. @throws {Error} when a score of that name is another number */
  take({ values = [], gaps = [], parts, ...term }: Term): Term {
    for (const [i, run] of term.runs.entries()) {
      const part = parts?.[i];
      for (
        const [metric, value] of [[term.metric, values[i]], [term.gap, gaps[i]]] as const
      ) {
        if (metric === undefined || value === undefined) continue;
        const score = { run, metric, ...(part === undefined ? {} : { part }), value };
        if (!this.is(score)) throw new Error(`two numbers of run "${run}" are called "${metric}"`);
        this.#all.set(JSON.stringify([run, metric, part]), score);
      }
    }
    return { ...term, runs: [...new Set(term.runs)] };
  }

  /** All of them, by run and name. */
  list(): Score[] {
    const order = (a: Score, b: Score) =>
      a.run < b.run
        ? -1
        : a.run > b.run
        ? 1
        : a.metric < b.metric
        ? -1
        : a.metric > b.metric
        ? 1
        : 0;
    return [...this.#all.values()].sort((a, b) => order(a, b) || (a.part ?? 0) - (b.part ?? 0));
  }
}
