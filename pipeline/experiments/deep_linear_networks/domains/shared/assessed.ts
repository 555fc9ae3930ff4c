/** @file Fields that stage assess scores: their jobs, one for each method, and their runs as rows of the table. */
import { downloadAll } from "../../../../collections.ts";
import type { GraphBuilder, TaggedJob } from "../../../../graph.ts";
import { grouped } from "../../../../table/blocks.ts";
import type { Run } from "../../../../table/runs.ts";
import type { Tags } from "../../../../tags.ts";
import type { DomainRow } from "./domain_table.ts";

/** One job for each of the options, with them as its tags. */
export function assessJobs(
  g: GraphBuilder,
  { collection, domain }: { collection: string; domain: string },
  options: readonly Tags[],
): TaggedJob[] {
  const files = downloadAll(g, collection, { collection });
  return options.map((tags) => ({
    tags,
    job: g.job("assess", { domain: { name: domain, options: tags } }, files, tags),
  }));
}

/** What stage assess left, as a row. */
export function assessedRow(
  run: Run,
  named: Pick<DomainRow, "series" | "setting" | "method" | "metric">,
  { score, parts, blocks }: { score: string; parts: string; blocks: number },
  against?: DomainRow,
): DomainRow {
  const left = run.json("scores.json");
  return {
    ...{ ...named, run: run.name, score: left.scores[score] },
    blocks: grouped(left.parts[parts], blocks),
    ...(against && { against }),
  };
}

/** The blocks of a hypothesis: 0, 1, .... */
export const blockNumbers = (count: number) => Array.from({ length: count }, (_, block) => block);
