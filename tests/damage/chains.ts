/** @file A demonstration of long jobs whose result shows every step that they took, also those before a restart. */
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "../../pipeline/store/catalog.ts";
import { type Demo, makeProbe, start } from "../pipeline/helpers.ts";

export const JOBS = 10;

const STAGE = `
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { z } from "zod";

export const params = z.strictObject({ seed: z.number() });
export const permissions = { read: ["hold"] };

const next = (state) => new Uint8Array(createHash("sha256").update(state).digest());

export async function run(ctx) {
  const saved = await ctx.checkpoint.load();
  let step = saved ? saved[0] : 0;
  let state = saved ? saved.slice(1) : next(Uint8Array.of(ctx.params.seed));
  while (step < 12) {
    state = next(state);
    step++;
    ctx.metric("loss", step, state[0] ? 1 / state[0] : NaN);
    await ctx.checkpoint.save(Uint8Array.of(step, ...state));
    const held = () => step === 5 && existsSync(new URL("../../hold", import.meta.url));
    while (held() && !ctx.signal.aborted) await new Promise((go) => setTimeout(go, 10));
    ctx.signal.throwIfAborted();
  }
  return { files: { "state.bin": state }, scalars: { first: state[0] } };
}
`;

export function makeChains(): Demo {
  const demo = makeProbe(`
    const ends = {};
    for (let seed = 0; seed < ${JOBS}; seed++) ends["s" + seed] = g.job("chain", { seed }, {}, "s" + seed);
    return g.job("collect", { title: "t" }, ends, "table");`);
  demo.edit(
    "pipeline/stages/collect.ts",
    "(await input.text(file)).trim()",
    "(await input.bytes(file)).join()",
  );
  demo.write("pipeline/stages/chain.ts", STAGE);
  return demo;
}

/** What every job left, and its curve. */
export async function resultsOf(store: string): Promise<string> {
  const catalog = await Catalog.read(store);
  try {
    const jobs = await catalog.query("SELECT label, key, content FROM job ORDER BY label");
    const points = await catalog.query("SELECT * FROM metric ORDER BY job_key, name, step");
    return JSON.stringify([jobs, points], (_key, v) => Object.is(v, NaN) ? "NaN" : v);
  } finally {
    await catalog.close();
  }
}

/** Leaves a store in which every job has a checkpoint, and none is done. */
export async function interrupted(demo: Demo, store: string): Promise<void> {
  demo.write("hold", "jobs wait while this is here");
  const run = start(demo, "run", "--store", store, "--jobs", String(JOBS));
  const folder = join(store, "checkpoints");
  for (let i = 0; !existsSync(folder) || readdirSync(folder).length < JOBS; i++) {
    if (i > 3000) throw new Error("not every job has begun");
    await new Promise((go) => setTimeout(go, 20));
  }
  run.kill("SIGKILL");
  await run.ended;
  // Its workers notice that it is gone, and may be in the middle of a step.
  const times = () =>
    ["checkpoints", "tmp"].flatMap((name) => [
      statSync(join(store, name)).mtimeMs,
      ...readdirSync(join(store, name)),
    ]).join();
  for (let before = ""; before !== times();) {
    before = times();
    await new Promise((go) => setTimeout(go, 500));
  }
  rmSync(join(demo.root, "hold"));
}
