/**
 * @file Seconds, processor seconds and peak memory of `deno task forecast` on files of three sizes: many rows, half as many (memory
 * must be linear), and many columns. The last two numbers are read from /proc while the command runs, so on Linux alone. Then how often
 * as quick as the sums that they stand for its transforms are, in one process.
 *
 * Run: deno task bench forecast
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addLagProducts } from "../../lib/linalg/lag_products.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { linearForecaster } from "../../lib/tasks/forecasting/linear_map.ts";
import { score } from "../../lib/tasks/forecasting/metrics.ts";
import { makeProblem } from "../../lib/tasks/forecasting/problem.ts";
import { aligned } from "../../pipeline/commands/forecast/report.ts";

/** Waves of 96 rows with noise, at quarters of an hour. */
function writeSeries(path: string, rows: number, columns: number): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const write = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
  };
  write(`date,${Array.from({ length: columns }, (_, c) => `c${c}`).join(",")}\n`);
  for (let t = 0; t < rows; t++) {
    const date = new Date(Date.UTC(2010, 0, 1) + t * 900_000).toISOString().slice(0, 16);
    const noise = normals(keyOf(t), columns);
    const wave = (c: number) => 5 + 3 * Math.sin(2 * Math.PI * t / 96 + c) + noise[c];
    write(`${date},${Array.from({ length: columns }, (_, c) => wave(c).toFixed(3)).join(",")}\n`);
  }
}

/** Clock ticks a second, of which /proc counts. */
const TICKS = 100;

/** User and system seconds, and the peak of resident memory in MiB; undefined once the process is gone. */
function usage(pid: number): [number, number] | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
    const peak = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    if (!peak) return undefined;
    return [(Number(fields[11]) + Number(fields[12])) / TICKS, Number(peak[1]) / 1024];
  } catch {
    return undefined;
  }
}

async function measure(args: string[]): Promise<string[]> {
  const program = new URL("../../pipeline/commands/forecast/forecast.ts", import.meta.url).pathname;
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, ...args],
    ...{ stdout: "null" as const, stderr: "null" as const },
  }).spawn();
  let last: [number, number] | undefined;
  const poll = setInterval(() => last = usage(child.pid) ?? last, 50);
  const { success } = await child.status;
  clearInterval(poll);
  if (!success) throw new Error(`the command failed: ${args.join(" ")}`);
  const shown = last === undefined ? ["", ""] : [last[0].toFixed(1), last[1].toFixed(0)];
  return [((performance.now() - start) / 1000).toFixed(1), ...shown];
}

/** Least milliseconds of five runs. */
async function milliseconds(work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    await work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** Transforms beside the sums that they stand for: milliseconds of both, and the ratio. */
async function transforms(): Promise<string[][]> {
  const [lookback, horizon, rows] = [336, 24, 40_000];
  const map = {
    ...{ lookback, horizon, weights: normals(keyOf(1), lookback * horizon) },
    intercept: normals(keyOf(2), horizon),
  };
  const channel = normals(keyOf(3), rows);
  const series = { file: "f", columns: ["x"], channels: [channel], rows, notes: [] };
  const problem = makeProblem(series, { lookback, horizon, split: "70/10/20" });
  const [first, end] = problem.split.test;
  const windows = end - first;
  const out = new Float64Array(horizon * windows);
  const applied = () => {
    for (let h = 0; h < horizon; h++) {
      for (let l = 0; l < lookback; l++) {
        const weight = map.weights[l * horizon + h];
        for (let i = 0; i < windows; i++) out[h * windows + i] += weight * channel[l + i];
      }
    }
  };
  const [n, lags] = [40_000, 432];
  const x = normals(keyOf(5), n + lags);
  const few = new Float64Array(16); // below the lags from which on the transform is used
  const pairs: [string, number, number][] = [
    [
      `a map of ${lookback} rows on ${windows} windows`,
      await milliseconds(() => score(problem, linearForecaster(map), problem.split.test)),
      await milliseconds(applied),
    ],
    [
      `${lags} lags of ${n} rows`,
      await milliseconds(() => addLagProducts(new Float64Array(lags), x, x, n)),
      await milliseconds(() => addLagProducts(few, x, x, n)) * lags / few.length,
    ],
  ];
  return pairs.map(([what, quick, direct]) => [
    ...[what, quick.toFixed(1), direct.toFixed(1), (direct / quick).toFixed(1)],
  ]);
}

/** Prints the tables. */
export async function main(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const small = ["--lookback", "24", "--horizon", "12"];
    const cases: [number, number, string[]][] = [
      [400_000, 8, []],
      [200_000, 8, []],
      [200, 20_000, small],
      [200, 10_000, small],
    ];
    const lines = [["rows x columns", "seconds", "processor seconds", "peak MiB"]];
    for (const [rows, columns, args] of cases) {
      const path = join(folder, `${rows}x${columns}.csv`);
      writeSeries(path, rows, columns);
      lines.push([`${rows} x ${columns}`, ...await measure([path, ...args])]);
    }
    console.log(aligned(lines));
    const head = ["", "ms by transforms", "ms of the sums", "times as quick"];
    console.log(`\n${aligned([head, ...await transforms()])}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
