/** @file A pipeline of many small jobs, of which half generate, half consume one of those, and a table consumes them all. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stopBundler } from "../../../pipeline/keys/bundle.ts";
import { canonical, contentOf, sha256 } from "../../../pipeline/content/canonical.ts";
import { catalogFiles } from "../../../pipeline/store/catalog_files.ts";
import type { Change, DoneJob, RunInfo } from "../../../pipeline/store/changes.ts";
import { Objects } from "../../../pipeline/store/objects.ts";
import { Scheduler } from "../../../pipeline/run/scheduler.ts";
import { openWorkspace } from "../../../pipeline/workspace.ts";

const RUN: RunInfo = {
  id: "bench",
  profile: "quick",
  command: "bench",
  machine: { id: "m", description: "bench" },
};

/** A pipeline of `count` jobs with nothing in its store. */
export function makePipeline(root: string, count: number): void {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("deno.json", `{ "imports": { "zod": "npm:zod@4.6.7" } }`);
  write("pipeline/experiments/index.ts", `export const experiments = ["pipeline/e.ts"];\n`);
  write(
    "pipeline/e.ts",
    `export const meta = { id: "many" };
    export function grid(g) {
      const outputs = {};
      for (let i = 0; i < ${count / 2 - 1}; i++) {
        const data = g.job("make", { seed: i, length: 16, scale: 0.5 }, {}, "data" + i);
        outputs["use" + i] = g.job("use", { layers: [64, 64], rate: 0.01 }, { data }, "use" + i);
      }
      const first = g.job("make", { seed: -1 }, {}, "first");
      return g.job("use", {}, { data: first, ...outputs }, "table");
    }\n`,
  );
  const stage = (fields: string, made: string) =>
    `import { z } from "zod";
    export const params = () => z.strictObject({ ${fields} });
    export async function run(ctx) { return { files: { "x.txt": ${made} } }; }\n`;
  write(
    "pipeline/stages/make.ts",
    stage(
      "seed: z.number().int(), length: z.number().default(1), scale: z.number().positive().default(1)",
      "String(ctx.params.seed)",
    ),
  );
  write(
    "pipeline/stages/use.ts",
    stage(
      "layers: z.array(z.number()).default([]), rate: z.number().min(0).default(1)",
      'await ctx.inputs.data.text("x.txt") + " used"',
    ),
  );
}

/** Fills the store as if every job had run. */
export async function pretendItRan(root: string): Promise<void> {
  const workspace = await openWorkspace({
    root,
    store: ".store",
    profile: "quick",
    engine: "ort",
    set: [],
  });
  const catalog = await workspace.catalog();
  for (;;) {
    const scheduler = new Scheduler(workspace.graph.jobs, workspace.resolver);
    if (!await scheduler.plan()) break;
    const done: DoneJob[] = [];
    for (const { state, stale, node } of scheduler.statuses.values()) {
      if (state !== "ready") continue;
      const hash = sha256(stale!.key);
      const path = workspace.objects.path(hash);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, stale!.key);
      const content = contentOf({ "x.txt": hash }, {});
      done.push({
        key: stale!.key,
        label: node.label,
        ingredients: stale!.ingredients,
        content,
        artifact: { files: [{ name: "x.txt", sha256: hash, bytes: 64 }], scalars: {} },
        inputs: [],
        seconds: 1,
        observations: {},
        metrics: [],
      });
      workspace.resolver.finished(node, stale!.key, content, [hash]);
    }
    await catalog.commit(RUN, done);
  }
  await workspace.close();
  await stopBundler();
}

/** A store whose process was killed when it had recorded so many jobs one by one, all under one label. */
export function writeJournal(store: string, count: number): void {
  const objects = new Objects(store);
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const [key, hash] = [sha256(`job ${i}`), sha256(`object ${i}`)];
    mkdirSync(dirname(objects.path(hash)), { recursive: true });
    writeFileSync(objects.path(hash), `object ${i}`);
    const params = { seed: i, layers: [64, 64], rate: 0.01 };
    const inputs = { data: sha256(`content ${i - 1}`) };
    const change: Change = {
      kind: "jobs",
      run: RUN,
      done: [{
        ...{ key, label: "many/one", seconds: 1 },
        content: contentOf({ "x.txt": hash }, { loss: i / 3 }),
        ingredients: { stage: "use", code: "c", packages: { zod: "4.6.7" }, params, inputs },
        artifact: { files: [{ name: "x.txt", sha256: hash, bytes: 9 }], scalars: { loss: i / 3 } },
        inputs: [{ name: "data", key: null, content: inputs.data }],
        observations: { "load seconds": 0.01, "cpu seconds": 0.1, "peak memory bytes": 2e8 },
        metrics: Array.from({ length: 10 }, (_, step) => ["loss", step, i / (step + 1)]),
      }],
      failed: [],
      codes: [],
      nodes: [{ label: "many/one", key, doneKey: key }],
      at: Date.now(),
    };
    const json = canonical(change);
    lines.push(`${sha256(json).slice(0, 16)} ${json}\n`);
  }
  writeFileSync(catalogFiles(store).journal, lines.join(""));
}
