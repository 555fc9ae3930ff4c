/**
 * @file The checkout that a campaign disturbs: a copy of this one with a small pipeline in the place of its own, so that a run takes
 * two seconds and nothing of the user's can be hurt.
 *
 * Its jobs have what jobs have: a file of the user's as input, checkpoints, curves, inputs of each other, tables that are published.
 * What they leave depends on every step that they took, also those before a restart.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { canonical, sha256 } from "../../content/canonical.ts";

const PROJECT = fileURLToPath(new URL("../../../", import.meta.url));
const COPIED = ["pipeline", "lib", "site", "data", "deno.json", "deno.lock"];

/** The input file of the pipeline. */
export const SERIES = "series.csv";
/** While this file is there, jobs wait in the middle. */
export const HOLD = "hold";
/** Of one chain. */
const STEPS = 8;
/** Jobs of a whole run, and those of them that the input file does not concern. */
export const [JOBS, APART] = [8, 2];

/** Contents of the input file: before an edit, after it, and a third. */
export const SERIES_OF = { before: "1\n2\n", after: "1\n3\n", other: "1\n4\n" };

const CHAIN = `
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { z } from "zod";

export const params = z.strictObject({ seed: z.number(), steps: z.number(), wait: z.number() });
export const permissions = { read: ["${HOLD}"] };

const next = (state) => new Uint8Array(createHash("sha256").update(state).digest());
const wait = (ms) => new Promise((go) => setTimeout(go, ms));

export async function run(ctx) {
  const { seed, steps, wait: ms } = ctx.params;
  const saved = await ctx.checkpoint.load();
  let step = saved ? saved[0] : 0;
  let state = saved ? saved.slice(1) : Uint8Array.of(seed);
  if (!saved) {
    for (const input of Object.values(ctx.inputs)) {
      state = next(Uint8Array.of(...state, ...(await input.bytes(input.files[0]))));
    }
  }
  while (step < steps) {
    state = next(state);
    step++;
    ctx.metric("loss", step, state[0] ? 1 / state[0] : NaN);
    ctx.progress(step, steps);
    await ctx.checkpoint.save(Uint8Array.of(step, ...state));
    const held = () => step === 5 && existsSync(new URL("../../${HOLD}", import.meta.url));
    do await wait(ms); while (held() && !ctx.signal.aborted);
    ctx.signal.throwIfAborted();
  }
  return { files: { "state.bin": state }, scalars: { first: state[0] } };
}
`;

const TABLE = `
import { z } from "zod";

export const params = z.strictObject({});

export async function run(ctx) {
  const rows = await Promise.all(Object.entries(ctx.inputs).sort().map(async ([run, input]) => {
    const state = await input.bytes(input.files[0]);
    return { run, state: Array.from(state.slice(0, 4)).join(" "), first: { value: Object.values(input.scalars)[0], runs: [run] } };
  }));
  const summary = {
    columns: [{ id: "run", label: "run" }, { id: "state", label: "state" }, { id: "first", label: "first" }],
    rows,
    verdict: { outcome: "illustration", rule: "None.", reason: "Nothing is asked." },
    findings: [],
    plots: [],
  };
  return { files: { "summary.json": JSON.stringify(summary) } };
}
`;

const experiment = (id: string, grid: string) => `
export const meta = {
  id: "${id}", title: "${id}", question: "?", hypothesis: "None.", method: "Hashes of hashes.",
};
export function grid(g) {
  const chain = (seed, inputs = {}, steps = ${STEPS}) => g.job("chain", { seed, steps, wait: 15 }, inputs, "s" + seed);
  ${grid}
}
`;

/** A pipeline in the place of the project's own. */
export interface Pipeline {
  /** Folders of `pipeline` that are left out of the copy. */
  replaces: string[];
  /** By their paths. */
  files: Record<string, string>;
}

const SMALL_FILES: Pipeline["files"] = {
  "pipeline/stages/chain.ts": CHAIN,
  "pipeline/stages/table.ts": TABLE,
  "pipeline/experiments/chains.ts": experiment(
    "chains",
    `const series = g.file("${SERIES}");
  const one = chain(1, { series });
  const short = chain(6, { series }, 3); // never waits
  const runs = { one, two: chain(2, { series }), three: chain(3, { series }), four: chain(4, { one }), short };
  return g.job("table", {}, runs, "table");`,
  ),
  "pipeline/experiments/apart.ts": experiment(
    "apart",
    `return g.job("table", {}, { five: chain(5) }, "table");`,
  ),
  "pipeline/experiments/index.ts":
    `export const experiments = ["pipeline/experiments/chains.ts", "pipeline/experiments/apart.ts"];\n`,
};

export const SMALL: Pipeline = { replaces: ["stages", "experiments"], files: SMALL_FILES };

/** One training of so many steps, by the project's own stage. */
export function longPipeline(steps: number): Pipeline {
  const training = {
    task: { name: "filtering", options: { latentDim: 4, obsDim: 2, lambda: 0.9, length: 64 } },
    model: { name: "stack", options: { block: "bare", width: 16 } },
    layers: [{ name: "lstm", options: {} }],
    seeds: [{ instance: 1, initialisation: 2, data: 3 }],
    ...{ batch: 8, warmup: 20, steps, learningRate: 1e-3 },
  };
  return {
    replaces: ["experiments"],
    files: {
      "pipeline/stages/table.ts": TABLE,
      "pipeline/experiments/long.ts": experiment(
        "long",
        `const trained = g.job("train", ${JSON.stringify(training)}, {}, "training");
  return g.job("table", {}, { trained }, "table");`,
      ),
      "pipeline/experiments/index.ts":
        `export const experiments = ["pipeline/experiments/long.ts"];\n`,
    },
  };
}

/** A copy of the project with another pipeline. */
export function makeCheckout(root: string, { replaces, files }: Pipeline): void {
  rmSync(root, { recursive: true, force: true });
  for (const name of COPIED) {
    cpSync(join(PROJECT, name), join(root, name), { recursive: true, filter: isSource });
  }
  for (const name of replaces) rmSync(join(root, "pipeline", name), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  writeFileSync(join(root, SERIES), SERIES_OF.before);
}

/** A hash of all that a campaign runs: tries of different code do not belong in one table. */
export function codeOfProject(): string {
  const files = COPIED.flatMap((name) => filesIn(join(PROJECT, name))).filter(isSource).sort();
  return sha256(canonical(files.map((path) => [path.slice(PROJECT.length), hashOf(path)])));
}

/** Not what commands have made. */
const isSource = (path: string) => !/_site|\.store|data.cache/.test(path.slice(PROJECT.length));

const hashOf = (path: string) => sha256(readFileSync(path));

/** Every file below a folder, or the file itself; none where there is nothing. */
export function filesIn(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOTDIR") return [path];
    if ((error as { code?: string }).code === "ENOENT") return [];
    throw error;
  }
}

/** What a checkout holds beside its code; the parts that tries disturb. */
export const PARTS = [".store", "reports", "site/_site", SERIES];

/** Puts what a checkout held at some time in the place of what it holds. */
export function takeOver(from: string | undefined, to: string): void {
  for (const part of PARTS) {
    rmSync(join(to, part), { recursive: true, force: true });
    if (from === undefined || !existsSync(join(from, part))) continue;
    cpSync(join(from, part), join(to, part), {
      recursive: true,
      force: true,
      preserveTimestamps: true,
    });
  }
}
