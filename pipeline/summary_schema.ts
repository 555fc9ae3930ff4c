/** @file The shape of a summary, checked wherever one is read: see `results.ts`, which says what its parts mean. */
import { z } from "zod";
import { termSchemas } from "./terms.ts";

/** A function rather than a constant: nothing runs when a module only imports the types. */
export function summarySchema() {
  const number = z.unknown().transform((v, context): number => {
    if (typeof v === "number") return v;
    if (v === "NaN" || v === "Infinity" || v === "-Infinity") return Number(v);
    context.addIssue('expected a number, or "NaN", "Infinity", "-Infinity"');
    return z.NEVER;
  });
  const text = z.string().min(1, "expected text that is not empty");
  const runs = z.array(text)
    .min(1, "expected at least one run: a number without a source is no result");
  const { term, score, judged, tag } = termSchemas(number);
  const cell = z.strictObject({
    value: number,
    low: number.optional(),
    high: number.optional(),
    n: z.number().int("expected a whole number").nonnegative().optional(),
    runs,
    terms: z.array(term).min(1, "expected at least one term").optional(),
    statistic: z.enum(["median", "upper"]).optional(),
  });
  const observed = z.strictObject({
    observed: z.strictObject({
      name: text,
      stage: text.optional(),
      times: text.optional(),
      scale: z.number().optional(),
    }),
    runs,
  });
  const column = z.strictObject({
    id: z.string().regex(/^[a-z]\w*$/i, "expected a letter, then letters, digits or underscores"),
    label: text,
    unit: text.optional(),
    format: z.enum(["ratio", "percent", "integer", "seconds", "text", "fixed3"]).optional(),
    better: z.enum(["lower", "higher"]).optional(),
    note: text.optional(),
  });
  const axis = <S extends [string, ...string[]]>(scales: S) =>
    z.strictObject({ column: text, label: text, scale: z.enum(scales).optional() });
  const plot = z.strictObject({
    id: z.string().regex(/^[a-z][a-z0-9-]*$/, "expected lower-case letters, digits and hyphens"),
    title: text,
    caption: z.string(),
    facet: text.optional(),
    x: axis(["linear", "log", "band"]),
    y: axis(["linear", "log"]),
    series: text.optional(),
    marks: z.array(z.enum(["line", "dot", "interval", "bar"])).min(1, "expected at least one mark"),
    rules: z.array(z.strictObject({ y: z.number(), label: text })).optional(),
  });
  // Told apart by hand: a union of schemas would only say "invalid input" about a malformed cell.
  const rowValue = z.unknown().transform((v, context): unknown => {
    if (typeof v === "string" || Number.isFinite(v)) return v;
    if (typeof v === "number") {
      context.addIssue("expected a finite number; a measured NaN or infinity belongs in a cell");
      return z.NEVER;
    }
    const schema = v instanceof Object && "observed" in v ? observed : cell;
    const parsed = schema.safeParse(v);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) context.addIssue({ ...issue } as never);
    return z.NEVER;
  });
  return z.strictObject({
    columns: z.array(column).min(1, "expected at least one column"),
    rows: z.array(z.record(z.string(), rowValue)),
    verdict: z.strictObject({
      outcome: z.enum(["supported", "refuted", "undecided", "illustration"]),
      rule: text,
      reason: text,
      p: z.number().min(0).max(1).optional(),
      declared: z.number().int().positive().optional(),
      clauses: z.array(judged).optional(),
      observed: z.strictObject({
        hypothesis: z.strictObject({
          unit: z.enum(["system", "seed"]),
          seeds: z.array(z.number()),
          clauses: z.array(z.strictObject({
            ...{ what: text, metric: text, scale: z.enum(["factor", "points", "plain"]) },
            margin: z.number().optional(),
          })),
        }),
        effects: z.array(z.strictObject({ name: text, at: z.array(tag), runs })),
      }).optional(),
    }),
    findings: z.array(text),
    plots: z.array(plot),
    scores: z.array(score).optional(),
    tags: z.record(z.string(), z.record(z.string(), tag)).optional(),
  });
}
