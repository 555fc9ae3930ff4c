/**
 * @file What `--estimate` runs instead of a whole job: `pilot` of pipeline/estimate/pilots/<stage>.ts says it for the jobs of a
 * stage.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { JobNode, Node } from "../graph.ts";

/**
 * A smaller job of the same stage, which is run and measured. A job for which it is undefined, and those of a stage without such
 * a file, are estimated by earlier runs only.
 */
export type PilotOf = (
  // deno-lint-ignore no-explicit-any -- each stage has parameters of its own
  params: any,
  inputs: Record<string, PilotInput>,
) => Pilot | undefined;

/** A job that another one reads, as `pilot` sees it; a file of the user's has the stage "file". */
export interface PilotInput {
  stage: string;
  // deno-lint-ignore no-explicit-any -- each stage has parameters of its own
  params: any;
}

/**
 * How a job's cost follows from that of a smaller one. A unit is whatever the job repeats: a training
 * step, a sequence. The worker times the units that the stage counts (see run/clock.ts). Then
 *
 *     seconds = (seconds of the pilot - units * "unit seconds") + of * "unit seconds"
 */
export interface Pilot {
  /**
   * Jobs of a stage with equal classes share one pilot: whatever the cost of set-up and of a unit
   * depends on (model, batch, length), without seeds, rates and the number of units.
   */
  class: unknown;
  /** Parameters of the pilot: at least two units, because the first is set-up's. */
  params: object;
  /** Parameters of inputs that must be smaller too; the others are pilots of their own. */
  inputs?: Record<string, object>;
  /** Units that the pilot does. */
  units: number;
  /** Units that the whole job does. */
  of: number;
  /** Observations that the whole job trains on. */
  tokens?: number;
  /** Bytes that the whole job's artifact has beyond the pilot's. */
  disk?: number;
  /**
   * Another small job, which needs as much memory as the whole one: its batch, but little of it.
   * Without it the pilot is that job.
   */
  peak?: { params: object; inputs?: Record<string, object> };
  /** Bytes of memory that the whole job needs beyond that, from what the pilot observed. */
  memory?(observed: Record<string, number>): number;
}

const FOLDER = "pipeline/estimate/pilots";

/** The pilots of the stages that have one, by the name of the stage. @throws {Error} for a file without `pilot` */
export async function loadPilots(
  root: string,
  stages: Iterable<string>,
): Promise<Record<string, PilotOf>> {
  const pilots: Record<string, PilotOf> = {};
  for (const stage of stages) {
    const path = `${FOLDER}/${stage}.ts`;
    if (!existsSync(join(root, path))) continue;
    const { pilot } = await import(pathToFileURL(join(root, path)).href);
    if (typeof pilot !== "function") {
      throw new Error(`${path} must export pilot, a function of a job's parameters and inputs.`);
    }
    pilots[stage] = pilot;
  }
  return pilots;
}

/** What is known about the cost of a job. @throws {Error} for a pilot that cannot be one */
export function pilotOf(node: JobNode, pilots: Record<string, PilotOf>): Pilot | undefined {
  const inputs = Object.entries(node.inputs).map(([name, input]) => [name, pilotInput(input)]);
  return checked(
    pilots[node.stage.name]?.(node.params, Object.fromEntries(inputs)),
    node.label,
  );
}

export function checked(pilot: Pilot | undefined, label: string): Pilot | undefined {
  if (!pilot) return undefined;
  const { units, of } = pilot;
  if (units > 0 && of >= units) return pilot;
  throw new Error(
    `The pilot of ${label} does ${units} of ${of} units; it must do at least one and no more than ` +
      `the job.`,
  );
}

function pilotInput(node: Node): PilotInput {
  return node.kind === "file"
    ? { stage: "file", params: { name: node.name } }
    : { stage: node.stage.name, params: node.params };
}
