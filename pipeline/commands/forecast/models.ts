/**
 * @file The models of the forecast table, in its order, fitted and scored.
 */
import { evaluate, type TestedForecaster } from "../../../lib/tasks/forecasting/evaluate.ts";
import type { Fit } from "../../../lib/tasks/forecasting/forecaster.ts";
import { linearForecaster } from "../../../lib/tasks/forecasting/linear_map.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as olsIn from "../../../lib/tasks/forecasting/references/ols_in.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import * as seasonalNaive from "../../../lib/tasks/forecasting/references/seasonal_naive.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { Crew } from "./crew.ts";

/** A model of the table. */
export interface Candidate extends TestedForecaster {
  id: string;
  fit: Fit;
  /** Of fitting and scoring. */
  seconds: number;
  /** Fits the same model to other training rows. */
  refit(whole: Problem): Promise<Fit>;
}

/** Fits and scores every model; `progress` hears which one is being fitted. */
export async function evaluateAll(
  problem: Problem,
  depths: number[],
  progress: (line: string) => void,
): Promise<Candidate[]> {
  const crew = new Crew(problem);
  const pending: Promise<Candidate>[] = [];
  const add = (
    id: string,
    fitted: Promise<Fit & { seconds: number }>,
    refit: Candidate["refit"],
  ) => {
    const candidate = fitted.then(async (timedFit): Promise<Candidate> => {
      const { seconds: fitting, ...fit } = timedFit;
      // Naive forecasts take no time.
      const scored = fit.map
        ? await crew.evaluate(fit.map)
        : await timed(() => evaluate(problem, fit.forecaster));
      return { id, fit, ...scored, seconds: fitting + scored.seconds, refit };
    });
    candidate.catch(() => {}); // heard below, once the others are fitted
    pending.push(candidate);
  };
  const closed = async (id: string, fitTo: (problem: Problem) => Fit) => {
    progress(id);
    // Between two fits the threads are told what came of the first.
    await new Promise((resolve) => setTimeout(resolve));
    add(id, timed(() => Promise.resolve(fitTo(problem))), (whole) => Promise.resolve(fitTo(whole)));
  };
  const network = (depth: number) => {
    const id = `deep-linear-${depth}`;
    const onStep = (step: number) => progress(`${id}, step ${step}`);
    const fit = async (): Promise<Fit & { seconds: number }> => {
      const trained = await crew.train(depth, onStep);
      return { ...trained, forecaster: linearForecaster(trained.map) };
    };
    add(id, fit(), async (whole) => {
      const { fitDeepLinear } = await import("./deep_linear.ts");
      return await fitDeepLinear(whole, depth, onStep);
    });
  };
  try {
    // Networks take longest, so other threads begin with them while this one fits the closed forms.
    for (const depth of depths.toSorted((a, b) => b - a)) network(depth);
    await closed("repeat-last", repeatLast.fit);
    if (problem.season !== undefined) await closed("seasonal-naive", seasonalNaive.fit);
    await closed("ols", ols.fit);
    await closed("ols-in", olsIn.fit);
    const candidates = await Promise.all(pending);
    return [
      ...candidates.slice(depths.length),
      ...depths.map((depth) => candidates.find(({ id }) => id === `deep-linear-${depth}`)!),
    ];
  } finally {
    crew.close();
  }
}

async function timed<T extends object>(work: () => Promise<T>): Promise<T & { seconds: number }> {
  const start = performance.now();
  return { ...await work(), seconds: (performance.now() - start) / 1000 };
}
