/** @file The jobs of paths of regularisation: on each series and horizon the closed forms and networks of several depths. */
import type { GraphBuilder, JobRef, TaggedJob } from "../../../graph.ts";
import { seriesOf } from "../../../series.ts";

/** How the networks' paths are followed; see stage early_stop. */
export interface Descent {
  starts: number[];
  momentum: number;
  share: number;
  every: number;
  steps: number;
}

export interface PathSizes {
  /** Ids of entries of data/datasets.json. */
  sets: string[];
  lookback: number;
  horizons: number[];
  depths: number[];
  descent: Descent;
  twin: {
    rows: number;
    columns: number;
    modes: number;
    noise: number;
    lookback: number;
    horizon: number;
    seeds: number[];
    descent: Descent;
  };
}

/** Values of the tag `method` that are no networks, and their files in lib/tasks/forecasting/references. */
export const closedPaths = {
  "OLS": "ols",
  "ridge": "ridge_on_validation",
  "reduced rank": "rank_on_validation",
};

/** @returns with the tags set, horizon, method ("depth 4" and the {@linkcode closedPaths}), of networks depth, and of the twin seed */
export function pathRuns(g: GraphBuilder, sizes: PathSizes): TaggedJob[] {
  const { sets, lookback, horizons, depths, descent, twin } = sizes;
  const real = sets.flatMap((set) =>
    horizons.flatMap((horizon) => {
      const { task, download } = seriesOf(set, { lookback, horizon });
      const data = download(g, { set, result: "download" });
      return methodRuns(g, { set, horizon }, { task, data, depths, descent, initialisation: 0 });
    })
  );
  const { seeds, rows, columns, modes, noise, descent: own, ...window } = twin;
  const made = seeds.flatMap((seed) => {
    const tags = { set: "twin", horizon: twin.horizon, seed };
    const data = g.job("simulate_series", { rows, columns, modes, noise, seed }, {}, {
      ...tags,
      result: "series",
    });
    const options = { dataset: "twin", split: "70/10/20", ...window };
    const task = { name: "forecasting", options };
    return methodRuns(g, tags, { task, data, depths, descent: own, initialisation: seed });
  });
  return [...real, ...made];
}

function methodRuns(
  g: GraphBuilder,
  setting: Record<string, string | number>,
  { task, data, depths, descent, initialisation }: {
    task: object;
    data: JobRef;
    depths: number[];
    descent: Descent;
    initialisation: number;
  },
): TaggedJob[] {
  const closed = Object.entries(closedPaths).map(([method, name]): TaggedJob => {
    const tags = { ...setting, method };
    return { tags, job: g.job("reference", { task, reference: { name } }, { data }, tags) };
  });
  const networks = depths.map((depth): TaggedJob => {
    const tags = { ...setting, method: `depth ${depth}`, depth };
    const params = { task, depth, initialisation, ...descent };
    return { tags, job: g.job("early_stop", params, { data }, tags) };
  });
  return [...closed, ...networks];
}
