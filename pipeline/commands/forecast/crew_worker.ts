/** @file A thread that trains networks and scores linear maps for crew.ts. */
/// <reference lib="deno.worker" />
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { doTask, type FromWorker, type ToWorker } from "./crew.ts";

let problem: Problem;
const say = (message: FromWorker) => self.postMessage(message);

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ("problem" in data) {
    problem = data.problem;
    return;
  }
  await doTask(problem, data.task, (step) => say({ step })).then(
    (done) => say({ done }),
    (error) => say({ error }),
  );
};
