/** @file A run of a leaderboard's cell, made by hand. */
import type { Tags } from "../../../../pipeline/tags.ts";
import type { Made } from "../grids.ts";

/** What the stage that its tag `result` tells of would leave. */
export function madeRun(tags: Tags, gapClosed = 0.5): Made {
  if (tags.result === "training") {
    const memory = tags.task === "recall" ? 70 : 40;
    const scalars = { parameters: 13_500, endParameters: 500, learningRate: 2 ** -8, memory };
    // Of the tasks, only parity is trained at one rate.
    const edge: Record<string, number> = tags.task === "parity"
      ? {}
      : { edge: Number(tags.layer === "gru") };
    return { tags, scalars: { ...scalars, ...edge } };
  }
  if (tags.result === "time") return { tags, scalars: { steps: 400, repetitions: 5 } };
  return {
    tags,
    scalars: { gapClosed, loss: 1 - gapClosed, floor: 1, optimum: 0 },
    scores: {
      curve: [
        { from: 1, to: 8, error: 0.1 },
        { from: 9, to: 16, error: 0.3 },
        { from: 17, to: 24, error: 0.5 },
      ],
    },
  };
}
