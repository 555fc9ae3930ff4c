/** @file Published test errors of long-horizon forecasters, from data/published/long_horizon.json. */
import published from "../../../../data/published/long_horizon.json" with { type: "json" };

/** One published number. */
export interface PublishedError {
  dataset: string;
  horizon: number;
  model: string;
  mse: number;
  /** Rows that the model looks back on; absent where it was searched or is not stated. */
  lookback?: number;
}

const lookbacks: Record<string, number | null> = published.lookbacks;

/** Where the numbers are from. */
export const publishedSource = `${published.source}, commit ${published.commit.slice(0, 7)}`;

/** All that were published for a setting. */
export function publishedFor(dataset: string, horizon: number): PublishedError[] {
  return published.rows.filter((row) => row.dataset === dataset && row.horizon === horizon)
    .map((row) => ({ ...row, lookback: lookbacks[row.model] ?? undefined }));
}

/** The one of a model. @throws {Error} when there is none */
export function publishedError(dataset: string, horizon: number, model: string): PublishedError {
  const found = publishedFor(dataset, horizon).find((row) => row.model === model);
  if (found) return found;
  throw new Error(`No published error of ${model} on ${dataset} at horizon ${horizon}.`);
}
