/**
 * @file The machine that results come from, as one line and a short hash of it.
 */
import { arch, cpus, platform, totalmem } from "node:os";
import { sha256 } from "../content/canonical.ts";
import type { Machine } from "../store/changes.ts";

export function machineInfo(): Machine {
  const processors = cpus();
  const model = processors[0]?.model.trim() || "unknown processor";
  const memory = Math.round(totalmem() / 2 ** 30);
  const description = `${model}, ${processors.length} cores, ${memory} GiB, ${platform()} ` +
    `${arch()}, Deno ${Deno.version.deno}`;
  return { id: sha256(description).slice(0, 12), description };
}
