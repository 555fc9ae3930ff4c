/** @file What a model takes on one system, measured while no other job runs. */
import type { GraphBuilder, TaggedJob } from "../../../graph.ts";
import { filteringTask } from "../../../presets.ts";
import type { Tags } from "../../../tags.ts";
import type { Observed } from "../../../results.ts";
import type { Runs } from "../../../table/runs.ts";
import { length, rolledAtOnce } from "./filtering.ts";
import { medium, warmup } from "./settings.ts";
import type { ModelSetup } from "./setups.ts";

/** Observations that rollouts predict while they are timed. */
const ahead = 32;

/**
 * The seconds of a model. They do not depend on the system, so one job does for all settings.
 * @param tags that tell the model from others
 * @returns with these tags, and `result`: "time"
 */
export function timeRun(g: GraphBuilder, tags: Tags, setup: ModelSetup): TaggedJob {
  const { model, layers, closedForm, batch, steps } = setup;
  const own = { ...tags, result: "time" };
  const params = {
    ...{ task: filteringTask({ lambda: medium.lambda }, length), model, layers, batch },
    ...(closedForm === undefined ? { steps } : { steps: 0, closedForm }),
    rollout: { sequences: rolledAtOnce, warmup, steps: ahead },
  };
  return { tags: own, job: g.job("time", params, {}, own) };
}

/** What was observed by the run that timed a model, where there is one. */
export function timedOf(
  runs: Runs,
  tags: Tags,
): (observed: Observed["observed"]) => Observed | undefined {
  const timed = [...runs.where(tags)].filter(({ tags }) => tags.result === "time");
  const names = timed.map(({ name }) => name);
  return (observed) => names.length === 0 ? undefined : { observed, runs: names };
}
