/** @file Graphs of very many jobs whose first one fails: what a run says of it, and what is said about it afterwards. */
import { cli, makeProbe } from "../pipeline/helpers.ts";
import type { Found } from "./campaign.ts";

/** Grids that end in `last`, of which all jobs wait for `head`. */
const SHAPES = {
  chain: (count: number) => `
    let last = head;
    for (let i = 1; i < ${count}; i++) last = g.job("collect", { title: "t" + i }, { last }, "c" + i);`,
  wide: (count: number) => `
    const all = {};
    for (let i = 1; i < ${
    count - 1
  }; i++) all["c" + i] = g.job("collect", { title: "t" + i }, { head }, "c" + i);
    const last = g.job("collect", { title: "t" }, all, "c${count - 1}");`,
};

/** @param count jobs in all */
export async function manyJobs(count: number, shape: keyof typeof SHAPES): Promise<Found> {
  if (!count) return { tries: 0, problems: [] };
  using demo = makeProbe(`
    const head = g.job("probe", { behave: "throw" }, {}, "head");
    ${SHAPES[shape](count)}
    return last;`);
  const problems: string[] = [];
  const asked: [RegExp, number, string, ...string[]][] = [
    [new RegExp(`1 failed, ${count - 1} skipped \\(profile quick`), 1, "run"],
    [new RegExp(`0 of ${count} jobs are done`), 0, "status"],
    [
      /probe probes\/head will run, because[^]*the probe was told to throw/,
      0,
      "why",
      `probes/c${count - 1}`,
    ],
    [new RegExp(`${count - 1} behind them`), 0, "run", "--dry-run"],
    [/no results|Would delete/, 0, "gc"],
  ];
  for (const [says, expected, command, ...args] of asked) {
    const { code, out, seconds } = await cli(demo, command, ...args);
    console.log(
      `${command} of ${count} jobs (${shape}): ${seconds.toFixed(1)} s, ${out.length} characters`,
    );
    const what = `${command} ended with ${code}: ${out.slice(0, 1000)} … ${out.slice(-1000)}`;
    if (code !== expected || !says.test(out)) problems.push(what);
    if (/Maximum call stack|Uncaught|RangeError/.test(out)) problems.push(what);
  }
  return { tries: count, problems };
}
