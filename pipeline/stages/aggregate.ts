/**
 * @file Stage that turns every run of an experiment's grid into its table.
 *
 * A table made from half a grid looks like a result and is none, so this stage insists: `summarize`
 * may not ask for a run that is absent, and every run must be cited by at least one cell.
 */
import { z } from "zod";
import { readerSync } from "../store/artifact.ts";
import { encodeSummary, isCell, isObserved, parseSummary, type Summary } from "../results.ts";
import type { ArtifactReader, ArtifactReaderSync, StageContext, StageResult } from "../stage.ts";

export interface Params {
  /** Experiment id. */
  experiment: string;
  /** Its module, from the root of the repository. */
  path: string;
}

export function params() {
  return z.strictObject({ experiment: z.string().min(1), path: z.string().min(1) });
}

export function modules({ path }: Params) {
  return { experiment: { path, exports: ["summarize"] } };
}

/**
 * Leaves `summary.json`, the encoded `Summary`.
 *
 * @throws {Error} when the grid has no runs, when `summarize` asks for an absent one or leaves one
 *   out, or when its summary breaks the contract of pipeline/results.ts
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { experiment } = ctx.params;
  const source = `summarize of experiment "${experiment}"`;
  const runs: Record<string, ArtifactReaderSync> = {};
  const names = Object.keys(ctx.inputs).sort();
  if (!names.length) {
    throw new Error(
      `${source}: the grid has no runs; give the aggregate job its inputs in grid().`,
    );
  }
  for (const name of names) {
    runs[name] = await readNow(ctx.inputs[name], `${source}: run "${name}"`);
  }
  const summary = parseSummary(
    await ctx.modules.experiment.summarize(strict(runs, source)),
    source,
  );
  checkRuns(summary, names, source);
  return { files: { "summary.json": encodeSummary(summary) }, scalars: { runs: names.length } };
}

/** Tables are small; everything is read once so that experiments can be written without `await`. */
async function readNow(reader: ArtifactReader, what: string): Promise<ArtifactReaderSync> {
  const held = new Map<string, Uint8Array>();
  for (const name of reader.files) held.set(name, await reader.bytes(name));
  const files = [...held].map(([name, { length }]) => ({ name, sha256: "", bytes: length }));
  return readerSync({ files, scalars: reader.scalars }, ({ name }) => held.get(name)!, what);
}

/** A misspelt run name is an error here rather than an `undefined` deep inside an experiment. */
function strict(runs: Record<string, ArtifactReaderSync>, source: string) {
  return new Proxy(runs, {
    get(target, name) {
      if (typeof name === "symbol" || Object.hasOwn(target, name)) return Reflect.get(target, name);
      if (name === "then" || name === "toJSON") return undefined; // asked for by await and JSON
      const some = Object.keys(target).slice(0, 5).join(", ");
      throw new Error(
        `${source} asks for run "${name}", which the grid does not have (${some}, …).`,
      );
    },
  });
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
