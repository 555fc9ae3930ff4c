/**
 * @file Costs that the catalogue knows: jobs of the same class that this machine has done with the code
 * and the packages of today.
 */
import type { StagePart } from "../stage.ts";
import type { Catalog } from "../store/catalog.ts";
import type { Row } from "../store/database.ts";
import type { EngineName } from "../../lib/engine/engines.ts";
import { classId } from "./classes.ts";
import { type Cost, meanCost, measurement } from "./cost.ts";
import { checked, type PilotInput, type PilotOf } from "./pilot.ts";

export interface Recorded {
  /**
   * Mean over the jobs of a class that do `of` units; of all, whatever they do, for a class without a
   * pilot. Undefined when there is none.
   */
  cost(classId: string, of?: number): Cost | undefined;
}

export const NOTHING: Recorded = { cost: () => undefined };

/**
 * @param codes fingerprints of today
 * @param machine id of this machine: another one's times say nothing here
 */
export async function readRecorded(
  catalog: Catalog,
  stages: Record<string, StagePart>,
  pilots: Record<string, PilotOf>,
  codes: Set<string>,
  machine: string,
): Promise<Recorded> {
  const jobs = await catalog.query("SELECT * FROM job WHERE status = 'done'");
  const byKey = new Map<unknown, Row>(jobs.map((row) => [row.key, row]));
  const observations = await grouped(catalog, "SELECT job_key, name, value FROM observation");
  const files = await grouped(catalog, "SELECT job_key, name, bytes FROM file");
  const inputs = await grouped(catalog, "SELECT job_key, name, job_key_of_input FROM input");
  const known = new Map<string, Cost[]>();
  for (const row of jobs) {
    const stage = stages[row.stage as string];
    if (row.machine !== machine || !stage || !codes.has(row.code as string)) continue;
    const observed = Object.fromEntries(
      (observations.get(row.key) ?? []).map((o) => [o.name, o.value as number]),
    );
    const params = stage.schema.safeParse(JSON.parse(row.params as string));
    if (!params.success || observed["peak memory bytes"] === undefined) continue; // of an older worker
    const pilot = checked(
      pilots[stage.name]?.(
        params.data,
        Object.fromEntries(
          (inputs.get(row.key) ?? []).map((
            i,
          ) => [i.name, pilotInput(byKey.get(i.job_key_of_input))]),
        ),
      ),
      row.label as string,
    );
    const id = classId({
      stage: stage.name,
      code: row.code as string,
      packages: JSON.parse(row.packages as string),
      engine: row.engine as EngineName | null,
    }, pilot);
    const cost = measurement(
      row.seconds as number,
      observed,
      (files.get(row.key) ?? []) as unknown as { bytes: number }[],
    );
    // A job that went on from a checkpoint was timed from there only.
    if (pilot && cost.unit) cost.seconds = Math.max(cost.seconds, cost.unit * pilot.of);
    const entry = entryOf(id, pilot?.of);
    known.set(entry, [...known.get(entry) ?? [], cost]);
  }
  return {
    cost(id, of) {
      const costs = known.get(entryOf(id, of));
      return costs && meanCost(costs);
    },
  };
}

function entryOf(id: string, of: number | undefined): string {
  return `${of} ${id}`;
}

function pilotInput(row: Record<string, unknown> | undefined): PilotInput {
  return row
    ? { stage: row.stage as string, params: JSON.parse(row.params as string) }
    : { stage: "file", params: {} };
}

async function grouped(catalog: Catalog, sql: string) {
  const groups = new Map<unknown, Record<string, unknown>[]>();
  for (const row of await catalog.query(sql)) {
    const group = groups.get(row.job_key);
    if (group) group.push(row);
    else groups.set(row.job_key, [row]);
  }
  return groups as Map<unknown, (Record<string, unknown> & { name: string })[]>;
}
