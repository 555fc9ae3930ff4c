/**
 * @file What everything that would run costs: from the catalogue where this machine has done such jobs,
 * from pilots that run now elsewhere, and openly unknown where there is neither.
 */
import type { JobNode } from "../graph.ts";
import { hasCatalog } from "../store/catalog_files.ts";
import type { Workspace } from "../workspace.ts";
import { classify, type CostClass } from "./classes.ts";
import { drawRuns, type Estimate, scaled, totalOf } from "../sweep/whole.ts";
import { type Cost, extrapolate, meanCost, type Measurement } from "./cost.ts";
import { loadPilots, type Pilot } from "./pilot.ts";
import { PilotRuns, Stopped } from "./pilot_runs.ts";
import { NOTHING, readRecorded } from "./recorded.ts";

/** `pilot`: measured now; `sample`: taken from others of its stage that were; `catalogue`: measured by an earlier run. */
export type Source = "pilot" | "sample" | "catalogue" | "unknown";

export interface JobEstimate {
  node: JobNode;
  source: Source;
  /** Unless unknown. */
  cost?: Cost;
  /** Why it is unknown. */
  reason?: string;
  tokens: number;
}

/** Jobs of a class that do equally many units. */
export interface ClassEstimate {
  stage: string;
  /** Of one of its jobs. */
  label: string;
  jobs: JobEstimate[];
  units?: number;
  /** From a pilot: seconds of one unit. */
  unitSeconds?: number;
  /** How much longer its jobs take while all workers are busy, where that was measured. */
  slowdown?: number;
  /** Seconds of loading the code, where a pilot measured them. */
  load: number;
}

export interface Estimates {
  classes: ClassEstimate[];
  pilots: { jobs: number; seconds: number };
  /** Of stages of which not every class has a pilot. */
  samples: Sample[];
  slowdown?: Slowdown;
}

/** What the jobs of a stage take that are not in the catalogue, from the classes of them that were measured. */
export interface Sample {
  stage: string;
  measured: number;
  classes: number;
  /** Of one job after the other, with a 95 % interval. */
  seconds: Estimate;
}

/** How much longer jobs take while all workers are busy: mean of the classes it was measured on, weighted by their time. */
export interface Slowdown {
  factor: number;
  workers: number;
  /** The dearest class first. */
  measured: { label: string; factor: number }[];
}

/** Classes have their slowdown measured, from the dearest on, until they make up this share of the time, or are so many. */
const covered = 0.5;
const mostCrowded = 6;
/** Of each stage so many classes have pilots, drawn at random; the others cost what these do, in the mean. A pilot takes seconds. */
const mostPilots = 24;

/**
 * @param nodes jobs that would run
 * @param machine id of this machine
 * @param onPilots is given the means to stop
 * @throws {Stopped}
 */
export async function estimateJobs(
  workspace: Workspace,
  nodes: JobNode[],
  { workers, machine, say, onPilots }: {
    workers: number;
    machine: string;
    say: (line: string) => void;
    onPilots?: (pilots: PilotRuns) => void;
  },
): Promise<Estimates> {
  const { fingerprints, options, storeDir, plan } = workspace;
  const pilotsOf = await loadPilots(workspace.root, Object.keys(plan.stages));
  const classes = await classify(nodes, fingerprints, options.engine, pilotsOf);
  // A store without a catalogue must not get one from a question.
  const recorded = hasCatalog(storeDir)
    ? await readRecorded(
      await workspace.catalog(),
      plan.stages,
      pilotsOf,
      await codesOf(workspace, nodes),
      machine,
    )
    : NOTHING;
  const drawn = drawnOf(
    classes.filter((group) =>
      [...byUnits(group).keys()].some((of) => !recorded.cost(group.id, of)) && group.jobs[0].pilot
    ),
  );
  const pilots = new PilotRuns(workspace, pilotsOf, say);
  onPilots?.(pilots);
  const start = performance.now();
  try {
    const estimates: ClassEstimate[] = [];
    const measuredClasses: MeasuredClass[] = [];
    for (const group of classes) {
      let measured: Measurement | string | undefined;
      let timed: MeasuredClass | undefined;
      for (const [of, jobs] of byUnits(group)) {
        const known = recorded.cost(group.id, of);
        const { node, pilot } = jobs[0];
        const one: ClassEstimate = {
          ...{ stage: group.stage.name, label: node.label, units: of, load: 0 },
          jobs: jobs.map(({ node, pilot }) => ({
            ...{ node, source: "catalogue", cost: known, tokens: pilot?.tokens ?? 0 },
          })),
        };
        estimates.push(one);
        if (known) continue;
        if (pilot && !drawn.has(group)) continue;
        if (pilot) measured ??= await pilots.measure(node, pilot).catch(reasonOf);
        measured ??= `stage ${group.stage.name} has no pilot, and no such job was recorded here`;
        for (const [i, job] of one.jobs.entries()) {
          Object.assign(job, fromPilot(measured, jobs[i].pilot));
        }
        if (typeof measured === "string") continue;
        one.load = measured.load;
        one.unitSeconds = measured.unit;
        if (!pilot || node.stage.alone) continue; // alone, no job slows it down
        timed ??= { node, pilot, alone: measured, parts: [] };
        timed.parts.push(one);
      }
      if (timed) measuredClasses.push(timed);
    }
    const samples = likeTheDrawn(estimates);
    const slowdown = workers > 1 && nodes.length > 1
      ? await measureSlowdown(pilots, measuredClasses, workers)
      : undefined;
    const seconds = (performance.now() - start) / 1000;
    return { classes: estimates, pilots: { jobs: pilots.count, seconds }, samples, slowdown };
  } finally {
    pilots.close();
  }
}

/** At most so many of each stage, the same ones each time. */
function drawnOf(open: readonly CostClass[]): Set<CostClass> {
  const byStage = Map.groupBy(open, ({ stage }) => stage.name);
  return new Set(
    [...byStage.values()].flatMap((classes) =>
      drawRuns(mostPilots, classes.length, 1).map((at) => classes[at])
    ),
  );
}

/** Gives classes that were not drawn the mean cost of a job of those of their stage that were. */
function likeTheDrawn(estimates: readonly ClassEstimate[]): Sample[] {
  const unmeasured = ({ jobs: [{ source, cost }] }: ClassEstimate) =>
    source === "catalogue" && !cost;
  const stages = [...new Set(estimates.filter(unmeasured).map(({ stage }) => stage))];
  return stages.flatMap((stage) => {
    const own = estimates.filter((one) => one.stage === stage);
    const measured = own.filter(({ jobs: [{ source }] }) => source === "pilot");
    const rest = own.filter(unmeasured);
    const cost = measured.length
      ? meanCost(measured.map(({ jobs: [job] }) => job.cost!))
      : undefined;
    const reason = `no pilot of the ${mostPilots} that were drawn of its stage came to an end`;
    for (const job of rest.flatMap(({ jobs }) => jobs)) {
      Object.assign(job, cost ? { source: "sample", cost } : { source: "unknown", reason });
    }
    if (!cost) return [];
    const each = measured.map(({ jobs }) => jobs.reduce((sum, job) => sum + job.cost!.seconds, 0));
    const classes = measured.length + rest.length;
    // What its jobs add up to; classes may have more jobs or fewer than those that were drawn.
    const total = own.flatMap(({ jobs }) => jobs)
      .reduce(
        (sum, { source, cost }) => sum + (source === "catalogue" ? 0 : cost?.seconds ?? 0),
        0,
      );
    const drawn = totalOf(each, classes);
    const seconds = scaled(drawn, total / drawn.value);
    return [{ stage, measured: measured.length, classes, seconds }];
  });
}

async function codesOf({ fingerprints }: Workspace, nodes: JobNode[]): Promise<Set<string>> {
  const codes = new Set<string>();
  for (const { stage, modules } of nodes) {
    codes.add((await fingerprints.of(stage.path, modules)).code);
  }
  return codes;
}

function byUnits({ jobs }: CostClass): Map<number | undefined, CostClass["jobs"]> {
  const groups = new Map<number | undefined, CostClass["jobs"]>();
  for (const job of jobs) {
    const of = job.pilot?.of;
    groups.set(of, [...groups.get(of) ?? [], job]);
  }
  return groups;
}

function fromPilot(measured: Measurement | string, pilot?: Pilot): Partial<JobEstimate> {
  try {
    if (typeof measured === "string" || !pilot) throw new Error(measured as string);
    return { source: "pilot", cost: extrapolate(measured, pilot) };
  } catch (error) {
    return { source: "unknown", cost: undefined, reason: (error as Error).message };
  }
}

function reasonOf(error: Error): string {
  if (error instanceof Stopped) throw error;
  return error.message.split("\n")[0];
}

interface MeasuredClass {
  /** The job whose pilot was measured. */
  node: JobNode;
  pilot: Pilot;
  alone: Measurement;
  parts: ClassEstimate[];
}

/**
 * The pilot of a class as often as there are workers, at once, against the one that ran alone. Classes differ: what streams
 * through memory gets in its own way, what stays in the cache does not.
 */
async function measureSlowdown(
  pilots: PilotRuns,
  classes: MeasuredClass[],
  workers: number,
): Promise<Slowdown | undefined> {
  const secondsOf = ({ parts }: MeasuredClass) =>
    parts.flatMap(({ jobs }) => jobs).reduce((sum, { cost }) => sum + (cost?.seconds ?? 0), 0);
  const paceOf = ({ unit, seconds }: Measurement) => unit ?? seconds;
  const total = classes.reduce((sum, one) => sum + secondsOf(one), 0);
  const measured: Slowdown["measured"] = [];
  let [seconds, weighted] = [0, 0];
  for (const one of classes.toSorted((a, b) => secondsOf(b) - secondsOf(a))) {
    if (seconds >= covered * total || measured.length === mostCrowded) break;
    const { node, pilot, alone, parts } = one;
    const together = await pilots.together(node, pilot, workers).catch(reasonOf);
    if (typeof together === "string") continue;
    const pace = together.reduce((sum, one) => sum + paceOf(one), 0) / workers;
    // Nothing is faster in company.
    const factor = Math.max(1, pace / paceOf(alone));
    for (const part of parts) part.slowdown = factor;
    seconds += secondsOf(one);
    weighted += factor * secondsOf(one);
    measured.push({ label: `${node.stage.name} ${node.label}`, factor });
  }
  return measured.length ? { factor: weighted / seconds, workers, measured } : undefined;
}
