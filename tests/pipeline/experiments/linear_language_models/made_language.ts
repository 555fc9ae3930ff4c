/** @file Runs of models of language made by hand. */
import type { Tags } from "../../../../pipeline/tags.ts";
import type { Made } from "../grids.ts";

export const seeds = [0, 1, 2, 3, 4, 5, 6, 7];
/** Those of up to three clauses. */
export const fewer = seeds.slice(0, 7);
/** Those of what was tried again. */
export const fresh = [20, 21, 22, 23, 24, 25, 26, 27, 28, 29];

/** What training, evaluation or a reference would leave. @param nats the loss; a score's gap closed is 1 - nats */
export function madeRun(tags: Tags, nats: number, scores: object = {}): Made {
  if (tags.result === "training") {
    const edge: Record<string, number> = tags.rate === "fixed" ? {} : { edge: 1 };
    return { tags, scalars: { learningRate: 0.25, parameters: 10, ...edge } };
  }
  const positions = [{ from: 1, to: 1, nats: nats + 1 }, { from: 2, to: 2, nats: nats - 0.5 }];
  return {
    tags,
    scalars: { loss: nats, floor: 1, optimum: 0, gapClosed: 1 - nats },
    scores: { nats, positions, blocks: [nats], ...scores },
  };
}

export function close(a: number | undefined, b: number, within = 1e-9) {
  if (!(Math.abs(a! - b) <= within)) throw new Error(`${a} and ${b}`);
}
