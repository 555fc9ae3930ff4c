/**
 * @file Stage that turns every run of an experiment's grid into its table.
 *
 * A table made from half a grid looks like a result and is none, so this stage insists: `summarize`
 * may not ask for runs that are absent, and every run must be cited by at least one cell.
 */
import { z } from "zod";
import { readerSync } from "../store/artifact.ts";
import { encodeSummary, isCell, isObserved, parseSummary, type Summary } from "../results.ts";
import type { ArtifactReader, ArtifactReaderSync, StageContext, StageResult } from "../stage.ts";
import { type Run, Runs } from "../table/runs.ts";
import { withScores } from "../table/scores.ts";
import { nameOf, type Tags } from "../tags.ts";

export interface Params {
  /** Experiment id. */
  experiment: string;
  /** Its module, from the root of the repository. */
  path: string;
  /** Tags of the inputs, in the order of the grid; an input is called by the name of its tags. */
  runs: Tags[];
}

export const fixed = "the grid of the experiment says what its table is made from";

export function params() {
  const tag = z.union([z.string().min(1), z.number(), z.boolean()]);
  return z.strictObject({
    experiment: z.string().min(1),
    path: z.string().min(1),
    runs: z.array(z.record(z.string(), tag)).min(1, "the grid has no runs; give g.table some"),
  });
}

export function modules({ path }: Params) {
  return { experiment: { path, exports: ["summarize"] } };
}

/**
 * Leaves `summary.json`, the encoded `Summary`.
 *
 * @throws {Error} when `summarize` asks for runs that are absent or leaves one out, or when its summary breaks the contract of
 *   pipeline/results.ts
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { experiment, runs: all } = ctx.params;
  const source = `summarize of experiment "${experiment}"`;
  const runs: Run[] = [];
  for (const tags of all) {
    const name = nameOf(tags);
    const input = ctx.inputs[name];
    if (!input) throw new Error(`aggregate: no input is called ${name}, as the tags of a run are.`);
    runs.push({ ...await readNow(input, `run "${name}"`), name, tags });
  }
  const made = await summarized(ctx, new Runs(runs), source);
  const summary = parseSummary(
    withSource(source, () => withScores(made, new Map(runs.map(({ name, tags }) => [name, tags])))),
    source,
  );
  checkRuns(summary, runs.map(({ name }) => name), source);
  return { files: { "summary.json": encodeSummary(summary) }, scalars: { runs: runs.length } };
}

async function summarized({ modules }: StageContext<Params>, runs: Runs, source: string) {
  try {
    return await modules.experiment.summarize(runs) as Summary;
  } catch (cause) {
    throw new Error(`${source}: ${(cause as Error).message}`, { cause });
  }
}

function withSource<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new Error(`${source}: ${(cause as Error).message}`, { cause });
  }
}

/** Tables are small; everything is read once so that experiments can be written without `await`. */
async function readNow(reader: ArtifactReader, what: string): Promise<ArtifactReaderSync> {
  const held = new Map<string, Uint8Array>();
  for (const name of reader.files) held.set(name, await reader.bytes(name));
  const files = [...held].map(([name, { length }]) => ({ name, sha256: "", bytes: length }));
  return readerSync({ files, scalars: reader.scalars }, ({ name }) => held.get(name)!, what);
}

function checkRuns(summary: Summary, names: string[], source: string) {
  const known = new Set(names);
  const cited = new Set<string>();
  for (const [r, row] of summary.rows.entries()) {
    for (const [column, value] of Object.entries(row)) {
      for (const run of isCell(value) || isObserved(value) ? value.runs : []) {
        if (!known.has(run)) {
          throw new Error(
            `${source}: rows.${r}.${column} cites run "${run}", which the grid does not have ` +
              `(${names.slice(0, 5).join(", ")}, …).`,
          );
        }
        cited.add(run);
      }
    }
  }
  const unused = names.filter((name) => !cited.has(name));
  if (unused.length) {
    throw new Error(
      `${source}: ${unused.length} of ${names.length} runs feed no cell, the first is ` +
        `"${
          unused[0]
        }". Cite every run in \`runs\` of the cells it feeds, or take it off the grid.`,
    );
  }
}
