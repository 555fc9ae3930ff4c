/** @file Kills coordinators alone, and looks how long their workers live. */
import { existsSync, readFileSync } from "node:fs";
import { childrenOf, isGone } from "../../pipeline/commands/campaign/processes.ts";
import { makeProbe, start } from "../pipeline/helpers.ts";
import type { Found } from "./campaign.ts";

/** Milliseconds that an orphan may live. */
const MOST_MS = 5000;
/** Workers of one coordinator. */
const TOGETHER = 4;

/** @param behave what the jobs do meanwhile: "hang" computes and hears nothing */
export async function orphans(count: number, behave = "hang"): Promise<Found> {
  if (!count || !existsSync("/proc/self/task")) return { tries: 0, problems: [] };
  const problems: string[] = [];
  let tries = 0;
  let longest = 0;
  while (tries < count) {
    const workers = Math.min(TOGETHER, count - tries);
    using demo = makeProbe(`
      const all = {};
      for (let id = 0; id < ${workers}; id++) all["h" + id] = g.job("probe", { behave: "${behave}", id }, {}, "h" + id);
      return g.job("collect", { title: "t" }, all, "table");`);
    const run = start(demo, "run", "--jobs", String(workers));
    const busy = () => (childrenOf(run.pid).filter((pid) => cpuOf(pid) > 0.4));
    for (let i = 0; busy().length < workers; i++) {
      if (i > 1200) throw new Error("not every job has begun");
      await new Promise((go) => setTimeout(go, 50));
    }
    const left = new Set(childrenOf(run.pid));
    run.kill("SIGKILL");
    const killed = performance.now();
    while (left.size && performance.now() - killed < 2 * MOST_MS) {
      await new Promise((go) => setTimeout(go, 50));
      for (const pid of left) {
        if (!isGone(pid)) continue;
        left.delete(pid);
        longest = Math.max(longest, performance.now() - killed);
        if (performance.now() - killed > MOST_MS) problems.push(`an orphan lived too long`);
      }
    }
    for (const pid of left) {
      problems.push(`${pid} lives ${2 * MOST_MS} ms after its coordinator`);
      Deno.kill(pid, "SIGKILL");
    }
    await run.ended;
    tries += workers;
  }
  console.log(`The orphan that lived longest did so for ${Math.round(longest)} ms.`);
  return { tries, problems };
}

/** Seconds of the processor that a process has used. */
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
