/**
 * @file The pipeline's graph of jobs: by stage and by experiment, where each stands, and why those that are stale would run.
 *
 * Beside a store it is the graph of today's code; elsewhere the one that the published tables came from, which has no states.
 */
import { byFamily, type Family } from "./catalogue/families.ts";
import { causesIn, causesOf } from "./graph/causes.ts";
import { type Counts, countsOf, jobGraph, type StandingJob, STATES } from "./graph/jobs.ts";
import { layOut } from "./graph/layout.ts";
import { depths, type StageGraph, stageGraph } from "./graph/stages.ts";
import type { Results } from "./results.ts";

/** Jobs that a page names one by one; those that are done come last. */
const MOST_JOBS = 700;
/** Causes that a page lists; beyond these they are counted. */
const MOST_CAUSES = 40;
/** Letters of the labels and reasons on a page. */
const MOST_LETTERS = 100_000;

export default function* (
  { results, families, standing }: {
    results: Results;
    families: Family[];
    standing?: StandingJob[];
  },
) {
  const { source, jobs } = jobGraph(results, standing);
  if (!jobs.length) return;
  const isStore = source === "store";
  const titles = new Map(results.experiments.map(({ id, title }) => [id, title]));
  const older = new Set(results.experiments.filter(({ older }) => older).map(({ id }) => id));
  const depth = depths(jobs);
  /** Places of the jobs of each experiment. */
  const byExperiment = new Map<string, number[]>();
  for (const [i, { experiments }] of jobs.entries()) {
    for (const id of experiments) {
      const known = byExperiment.get(id);
      if (known) known.push(i);
      else byExperiment.set(id, [i]);
    }
  }
  const counts = new Map(
    [...byExperiment].map(([id, places]) => [id, countsOf(places.map((i) => jobs[i]))]),
  );
  const page = { section: "reference", isStore, profile: results.profile };
  yield {
    ...page,
    ...told(jobs),
    layout: "layouts/jobs.vto",
    url: "/jobs.html",
    root: "",
    title: "Jobs",
    description: "The jobs of the pipeline: what is made from what, and what is stale.",
    graph: pictureOf(stageGraph(jobs, undefined, depth), isStore),
    groups: byFamily(
      [...byExperiment].map(([id, places]) => ({
        ...{ id, title: titles.get(id) ?? id, older: older.has(id) },
        tally: isStore ? tally(counts.get(id)!) : jobsText(places.length),
        bar: isStore ? barOf(counts.get(id)!) : [],
      })),
      families,
    ),
  };
  for (const [id, places] of byExperiment) {
    const graph = stageGraph(jobs, places, depth);
    const own = places.map((i) => jobs[i]);
    yield {
      ...page,
      ...told(own),
      layout: "layouts/jobs-of.vto",
      url: `/jobs/${id}.html`,
      root: "../",
      id: titles.has(id) ? id : "",
      experiment: titles.get(id) ?? id,
      title: `Jobs: ${titles.get(id) ?? id}`,
      description: `The jobs of ${titles.get(id) ?? id}, by stage.`,
      graph: pictureOf(graph, isStore),
      stages: listed(graph, own, id, isStore),
    };
  }
}

/** What is said of some jobs before they are shown. */
function told(jobs: readonly StandingJob[]) {
  const counts = countsOf(jobs);
  const causes = causesOf(jobs);
  const stale = jobs.filter(({ state }) => state === "stale" || state === "failed");
  return {
    count: jobs.length.toLocaleString("en"),
    tally: tally(counts),
    isDone: counts.done === jobs.length,
    explained: stale.filter(({ why }) => why).length.toLocaleString("en"),
    stale: stale.length.toLocaleString("en"),
    causes: causes.slice(0, MOST_CAUSES).map(({ text, jobs, stages }) => ({
      ...{ text, stages: stages.join(", ") },
      jobs: jobsText(jobs),
    })),
    more: Math.max(0, causes.length - MOST_CAUSES),
  };
}

const jobsText = (count: number) => `${count.toLocaleString("en")} ${count === 1 ? "job" : "jobs"}`;

/** "3 stale, 40 done". */
function tally(counts: Counts): string {
  return STATES.filter((state) => counts[state])
    .map((state) => `${counts[state]!.toLocaleString("en")} ${state}`).join(", ");
}

/** Shares of a bar, in per cent; what is there is seen, however little it is. */
function barOf(counts: Counts) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return STATES.toReversed().filter((state) => counts[state]).map((state) => ({
    state,
    share: Math.max(3, 100 * counts[state]! / all).toFixed(2),
  }));
}

function pictureOf(graph: StageGraph, isStore: boolean) {
  const { width, height, boxes, paths } = layOut(graph);
  const nodes = new Map(graph.nodes.map((node) => [node.stage, node]));
  const from = Map.groupBy(graph.edges, ({ to }) => to);
  return {
    ...{ width, height, paths },
    boxes: boxes.map((box) => {
      const { counts, count } = nodes.get(box.stage)!;
      const done = counts.done ?? 0;
      let x = box.x;
      const parts = isStore
        ? STATES.toReversed().filter((state) => counts[state]).map((state) => {
          const part = { state, x: x.toFixed(1), width: box.width * counts[state]! / count };
          x += part.width;
          return { ...part, width: part.width.toFixed(1) };
        })
        : [];
      return {
        // Vento writes nothing for the number 0.
        ...{ x: String(box.x), y: String(box.y), width: box.width, height: box.height },
        ...{ line: box.y + 17, below: box.y + 31, foot: box.y + box.height - 4 },
        label: box.stage.replaceAll("_", " "),
        middle: box.x + box.width / 2,
        text: isStore && done < count
          ? `${done.toLocaleString("en")} of ${count.toLocaleString("en")}`
          : jobsText(count),
        parts,
      };
    }),
    described: graph.nodes.map(({ stage, count }) => {
      const inputs = (from.get(stage) ?? []).map((edge) => edge.from);
      return `${stage} (${count})${inputs.length ? ` from ${inputs.join(" and ")}` : ""}`;
    }).join("; "),
  };
}

/** The jobs of an experiment by stage, those first that say something; as many as a page takes. */
function listed(graph: StageGraph, jobs: readonly StandingJob[], id: string, isStore: boolean) {
  const from = Map.groupBy(graph.edges, ({ to }) => to);
  // The same share of the page for every stage, so that none is missing for the length of another.
  const most = Math.floor(MOST_JOBS / graph.nodes.length);
  const letters = MOST_LETTERS / graph.nodes.length;
  const byStage = Map.groupBy(jobs, ({ stage }) => stage);
  return graph.nodes.map(({ stage, count, counts }) => {
    const byState = Map.groupBy(byStage.get(stage)!, ({ state }) => state);
    const own = STATES.flatMap((state) => byState.get(state) ?? []);
    const shown: { label: string; state: string; why: string[] }[] = [];
    let used = 0;
    for (const { label, state, why } of own) {
      const name = label.startsWith(`${id}/`) ? label.slice(id.length + 1) : label;
      const causes = why ? causesIn(why).slice(0, 3) : [];
      used += name.length + causes.join().length + 40;
      if (shown.length === most || used > letters) break;
      shown.push({ label: name, state: isStore ? state : "", why: causes });
    }
    const inputs = (from.get(stage) ?? []).map((edge) => edge.from);
    return {
      stage,
      tally: isStore ? tally(counts) : jobsText(count),
      open: (counts.done ?? 0) < count,
      from: inputs.join(", "),
      jobs: shown,
      more: count - shown.length ? (count - shown.length).toLocaleString("en") : "",
    };
  });
}
