/** @file A small pipeline with curves, seeds and observed numbers, and the real command that runs and publishes it. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseCommand } from "../../../pipeline/commands/options.ts";
import { command } from "../../../pipeline/commands/run.ts";

const stage = `
export const params = { safeParse: (data) => ({ success: true, data }) };
`;

/** Files of a pipeline whose jobs leave curves of stated lengths, and a table of both its experiments. */
export const files: Record<string, string> = {
  "pipeline/stages/make.ts": `${stage}
export function run(ctx) {
  const { points = {}, seconds } = ctx.params;
  for (const [name, n] of Object.entries(points)) {
    for (let i = 0; i < n; i++) ctx.metric(name, 10 * i, i === 0 ? NaN : 1 / i);
  }
  if (seconds !== undefined) ctx.observe("step seconds", seconds);
  return { files: { "out.txt": "out\\n" }, scalars: { steps: 50 } };
}
`,
  "pipeline/stages/table.ts": `${stage}
export function run(ctx) {
  const runs = Object.keys(ctx.inputs);
  const summary = {
    columns: [{ id: "loss", label: "loss" }, { id: "price", label: "price" }],
    rows: [{
      loss: { value: ctx.params.of === 2 ? "NaN" : runs.length, runs },
      price: { observed: { name: "step seconds", stage: "make", times: "steps", scale: 2 }, runs },
    }],
    verdict: { outcome: "undecided", rule: "r", reason: "r" },
    findings: [],
    plots: [],
  };
  return { files: { "summary.json": JSON.stringify(summary) } };
}
`,
  "pipeline/experiments/one.ts": `
export const meta = {
  id: "one", title: "One", question: "?", hypothesis: "h", method: "m",
};
export function grid(g) {
  const made = (name, params, inputs = {}) => g.job("make", params, inputs, name);
  const data = made("data", { instance: 0 });
  const curves = made("curves", {
    instance: 3,
    points: { one: 1, two: 2, some: 99, hundred: 100, more: 250, many: 1000 },
    seconds: 4,
  }, { data });
  return g.job("table", { of: 1 }, {
    curves,
    keyed: made("keyed", { instance: 7, seconds: 2 }),
    single: made("single", { seeds: [{ instance: 5 }] }),
    several: made("several", { seeds: [{ instance: 5 }, { instance: 6 }] }),
    plain: made("plain", { instance: "x" }),
    tuning: made("tuning", { instance: 4, seeds: [{ instance: 9 }] }),
  }, "table");
}
`,
  "pipeline/experiments/two.ts": `
export const meta = {
  id: "two", title: "Two", question: "?", hypothesis: "h", method: "m",
};
export function grid(g) {
  return g.job("table", { of: 2 }, { only: g.job("make", { points: { loss: 3 } }, {}, "only") }, "table");
}
`,
  "pipeline/experiments/index.ts":
    `export const experiments = ["pipeline/experiments/one.ts", "pipeline/experiments/two.ts"];\n`,
  "deno.json": JSON.stringify({ imports: {} }),
};

export function smallPipeline() {
  const root = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "published-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  const options = (...args: string[]) =>
    parseCommand("run", ["--root", root, "--profile", "smoke", "--jobs", "2", ...args]);
  return {
    root,
    database: join(root, "reports/smoke/results.duckdb"),
    options,
    /** Runs it as the command line does; says what it printed. */
    async pipeline(...args: string[]): Promise<string> {
      const said: string[] = [];
      const { log } = console;
      console.log = (...words: unknown[]) => said.push(words.join(" "));
      try {
        assert.equal(await command(await options(...args)), 0, said.join("\n"));
      } finally {
        console.log = log;
      }
      return said.join("\n");
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
