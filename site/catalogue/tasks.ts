/**
 * @file The tasks: what is asked, from which floor to which optimum. Each is a folder of lib/tasks, whose `about` and header say so; those that
 * experiments compare layers on are told at more length here.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { About } from "../../lib/tasks/task.ts";
import { headerOf } from "./comments.ts";

const FOLDER = fileURLToPath(new URL("../../lib/tasks/", import.meta.url));

export interface TaskInfo {
  /** Of its page. */
  id: string;
  name: string;
  path: string;
  asks: string;
  floor: string;
  optimum: string;
  /** How the optimum is known. */
  known: About["optimum"]["known"];
  equations: readonly string[];
  details: string;
}

/** In the order of the leaderboard. */
const TOLD: readonly TaskInfo[] = [
  {
    id: "filtering",
    name: "filtering",
    path: "lib/tasks/filtering/filtering.ts",
    asks: "The next observation of a linear state-space system that nobody tells the model.",
    floor: "predicting zero",
    optimum: "the Kalman filter with the true matrices",
    known: "exact",
    equations: [
      String.raw`s_{t+1} = F s_t + w_t, \qquad y_t = H s_t + v_t`,
      String.raw`\text{gap closed} = \frac{L_0 - L}{L_0 - L_{\text{Kalman}}}`,
    ],
    details:
      "Every seed is a system. The largest eigenvalue of F is lambda; losses are over the filter's expected one, so that 1 is the optimum. " +
      "A model's excess over the filter is measured by orthogonality, as its mean squared distance from the filter's prediction.",
  },
  {
    id: "forecasting",
    name: "forecasting",
    path: "lib/tasks/forecasting/forecasting.ts",
    asks: "The next horizon of a real series from its last lookback.",
    floor: "repeating the last value",
    optimum: "least squares on the training windows",
    known: "best known",
    equations: [
      String
        .raw`\hat y = W x, \qquad W_{\text{OLS}} = \Big(\sum_i y_i x_i^\top\Big)\Big(\sum_i x_i x_i^\top\Big)^{-1}`,
    ],
    details:
      "Values are standardised by the training part; windows of the test part are scored. A gap closed above 100 % is possible, because least squares is only the best known.",
  },
  {
    id: "parity",
    name: "parity",
    path: "lib/tasks/parity/parity.ts",
    asks: "Whether the number of ones so far is odd, at lengths beyond those of training.",
    floor: "a coin",
    optimum: "the automaton with two states",
    known: "exact",
    equations: [String.raw`s_t = s_{t-1} \oplus x_t`],
    details:
      "A linear recurrence of finite precision can follow it to any length only if its transitions have eigenvalues that are not positive reals " +
      "(Grazzi et al., arXiv 2411.12537, theorem 1).",
  },
  {
    id: "recall",
    name: "recall",
    path: "lib/tasks/recall/recall.ts",
    asks: "The value that stood beside a key when it was seen before.",
    floor: "a guess among the values",
    optimum: "looking the key up",
    known: "exact",
    equations: [],
    details:
      "Multi-query associative recall (Arora et al., arXiv 2312.04927): keys and values first, then each key once more; random symbols stand between the queries.",
  },
];

/** All tasks: those told here first, the others by name. */
export async function readTasks(folder = FOLDER): Promise<TaskInfo[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const others = await Promise.all(
    names.filter((name) => !TOLD.some(({ id }) => id === name)).map(async (name) => {
      const path = join(folder, name, `${name}.ts`);
      const { task } = await import(pathToFileURL(path).href);
      return task?.about
        ? [describe(name, task.about, headerOf(await readFile(path, "utf8")))]
        : [];
    }),
  );
  return [...TOLD, ...others.flat().sort((a, b) => a.name < b.name ? -1 : 1)];
}

function describe(folder: string, { name, floor, optimum }: About, header: string): TaskInfo {
  // A sentence ends before a capital letter, not in "et al., arXiv".
  const [asks, ...details] = header.split(/(?<=[.:])\s+(?=[A-Z])/);
  return {
    id: folder.replaceAll("_", "-"),
    name,
    path: `lib/tasks/${folder}/${folder}.ts`,
    asks,
    floor: floor.name,
    optimum: optimum.name,
    known: optimum.known,
    equations: [],
    details: details.join(" "),
  };
}
