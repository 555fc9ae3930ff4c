/**
 * @file What several logging tests share: a run, a pipeline of one job with a curve, and a folder that
 * is removed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LoggedRun } from "../../../pipeline/log/sink.ts";

export const run: LoggedRun = {
  id: "key-1",
  group: "sweep",
  name: "0000/../train",
  config: { model: { name: "lru", sizes: [1, 2] }, steps: 3, nothing: null },
  work: () => "work-1",
};

export function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "log-"));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  const result = work(folder);
  if (result instanceof Promise) return result.finally(clean) as T;
  clean();
  return result;
}

/** Points of its curve: NaN at step 1, then 1/2 and 1/3. */
export const PROBE = `return g.job("generate", { seed: 1, delay: 60 }, {}, "data");`;
