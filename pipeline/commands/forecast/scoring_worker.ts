/** @file A thread that scores linear maps for scoring.ts. */
/// <reference lib="deno.worker" />
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { type FromWorker, scoreTask, type ToWorker } from "./scoring.ts";

let problem: Problem;

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ("problem" in data) {
    problem = data.problem;
    return;
  }
  const answer: FromWorker = await scoreTask(problem, data.task).then(
    (scored) => ({ scored }),
    (error) => ({ error }),
  );
  self.postMessage(answer);
};
