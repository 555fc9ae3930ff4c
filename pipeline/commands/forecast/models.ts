/**
 * @file The models of the forecast table, in its order, fitted and scored.
 */
import { evaluate, type TestedForecaster } from "../../../lib/tasks/forecasting/evaluate.ts";
import type { Fit } from "../../../lib/tasks/forecasting/forecaster.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as olsIn from "../../../lib/tasks/forecasting/references/ols_in.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import * as seasonalNaive from "../../../lib/tasks/forecasting/references/seasonal_naive.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { Scoring } from "./scoring.ts";

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
  const scoring = new Scoring(problem);
  const pending: Promise<Candidate>[] = [];
  const add = async (id: string, fitTo: (problem: Problem) => Fit | Promise<Fit>) => {
    progress(id);
    const start = performance.now();
    const fit = await fitTo(problem);
    const fitted = (performance.now() - start) / 1000;
    // Scores are made by other threads while the next model is fitted here; naive ones take no time.
    const scored = fit.map
      ? scoring.evaluate(fit.map)
      : Promise.resolve(await timed(() => evaluate(problem, fit.forecaster)));
    const candidate = scored.then(({ seconds, ...tested }) => ({
      ...{ id, fit, ...tested, seconds: fitted + seconds },
      refit: async (whole: Problem) => await fitTo(whole),
    }));
    candidate.catch(() => {}); // heard below, once the others are fitted
    pending.push(candidate);
  };
  try {
    await add("repeat-last", repeatLast.fit);
    if (problem.season !== undefined) await add("seasonal-naive", seasonalNaive.fit);
    await add("ols", ols.fit);
    await add("ols-in", olsIn.fit);
    if (depths.length > 0) {
      // Loaded only now: the closed forms need neither the engine nor its permissions.
      const { fitDeepLinear } = await import("./deep_linear.ts");
      for (const depth of depths) {
        const id = `deep-linear-${depth}`;
        const onProgress = (step: number) => progress(`${id}, step ${step}`);
        await add(id, (problem) => fitDeepLinear(problem, depth, onProgress));
      }
    }
    await scoring.help();
    return await Promise.all(pending);
  } finally {
    scoring.close();
  }
}

async function timed<T extends object>(work: () => Promise<T>): Promise<T & { seconds: number }> {
  const start = performance.now();
  return { ...await work(), seconds: (performance.now() - start) / 1000 };
}
