/**
 * @file Training steps (forward, backward, Adam) on engine `ort` beside another commit of this project, PyTorch (eager and
 * compiled) and JAX, on the same machine, in alternation. ratio = their time / ours; above 1 ours is faster.
 *
 * Same functions, sizes and optimiser; each side is written as its framework invites. So ours may do less work for the same
 * result: attention in causal blocks leaves out 3/8 of the products that full T x T attention makes, and equal
 * layers and time steps are compiled loops (lax.scan in JAX), where PyTorch runs Python loops (deep linear, Monarch, LRU) or its
 * own fused kernels (LSTM, GRU). It is a comparison of training steps, not of kernels.
 *
 * Every side is a process of its own for each number of threads, 1 and 2, of which the better counts. An alternation gives
 * each warm process its turn, forwards and backwards by turns (ABC CBA …); a ratio is paired by alternation and has a 95 % t
 * interval of its logarithm. What else the machine does widens it, so the load is printed.
 *
 * Sequence layers that came with PyTorch code are measured beside that code as it was published, at a commit that is printed: the
 * fastest of its forms without GPU kernels.
 *
 * Run: deno task bench engine [NAME-PART] [--parent DIR] [--python PATH] [--references DIR] [--json]
 *   --parent DIR   a checkout of another commit (`git worktree add`); slower says that ours takes over 5 % longer.
 *   --python PATH  interpreter, /usr/bin/python3 by default; what it cannot import is left out, with the reason.
 *   --references DIR   clones of the repositories of tests/references/README.md, for the published code.
 * Debian's python3-torch is ten times slower with the reference BLAS, so install libopenblas0 beside it.
 */
import { numpy as np, tree } from "@jax-js/jax";
import { parseArgs } from "node:util";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import { compile, tensor } from "../../lib/engine/mod.ts";
import { cases } from "./steps/cases.ts";
import {
  checkout,
  type Implementation,
  ours,
  published,
  pythons,
} from "./steps/implementations.ts";
import { alternation, geometricMean, isSlower, median, pairedRatio } from "./steps/paired.ts";
import type { Measuring } from "./steps/process.ts";
import type { Measured } from "./steps/protocol.ts";
import type { Case } from "./steps/training_step.ts";

const { values: options, positionals: [, part = ""] } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    parent: { type: "string" },
    python: { type: "string", default: "/usr/bin/python3" },
    references: { type: "string" },
  },
});
const alternations = 10;
/** Of a turn: together at least 60 steps in all alternations. */
const leastSteps = 6;
const turnSeconds = 0.3;
const threadCounts = navigator.hardwareConcurrency > 1 ? [1, 2] : [1];
const say = (line: string) => options.json || console.log(line);

interface Side {
  readonly implementation: Implementation;
  readonly threads: number;
  readonly process: Measuring;
  /** Steps of a turn. */
  readonly steps: number;
  readonly turns: Measured[];
}

/** Threads that wait in a loop for more work should be asleep when another process has its turn. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 20));

const milliseconds = ({ turns }: Side) => median(turns.map(({ seconds }) => 1000 * seconds));
const faults = ({ turns }: Side) => {
  const mean = turns.reduce((sum, turn) => sum + turn.faults, 0) / turns.length;
  return Number.isNaN(mean) ? null : Math.round(mean);
};

async function measure(task: Case, all: readonly Implementation[]) {
  const implementations = all.filter((implementation) => implementation.knows(task));
  const sides: Side[] = [];
  const missing = new Map<Implementation, string>();
  for (const threads of threadCounts) {
    for (const implementation of implementations) {
      if (missing.has(implementation)) continue;
      const process = await implementation.start(task, threads);
      if (typeof process === "string") missing.set(implementation, process);
      else {
        const { seconds } = await process.measure(2);
        const steps = Math.max(leastSteps, Math.ceil(turnSeconds / seconds));
        sides.push({ implementation, threads, process, steps, turns: [] });
      }
    }
  }
  for (let i = 0; i < alternations; i++) {
    for (const k of alternation(sides.length, i)) {
      await quiet();
      sides[k].turns.push(await sides[k].process.measure(sides[k].steps));
    }
  }
  await Promise.all(sides.map((side) => side.process.close()));
  /** At its best number of threads; undefined where it did not start. */
  const best = (implementation: Implementation): Side | undefined =>
    sides.filter((side) => side.implementation === implementation)
      .toSorted((a, b) => milliseconds(a) - milliseconds(b))[0];
  const row = (side: Side) => ({
    implementation: side.implementation.name,
    version: side.process.description,
    threads: side.threads,
    steps: side.steps * alternations,
    milliseconds: milliseconds(side),
    faults: faults(side),
    turns: side.turns.map(({ seconds }) => 1000 * seconds),
  });
  const mine = best(ours);
  if (!mine) throw new Error(`${task.name}: ${missing.get(ours)}`);
  const me = row(mine);
  const rows = implementations.flatMap((implementation) => {
    const side = best(implementation);
    if (!side || side === mine) return [];
    const theirs = row(side);
    const named = implementation.variesByCase ? { code: theirs.version } : {};
    return [{ ...theirs, ...named, ...pairedRatio(me.turns, theirs.turns) }];
  });
  const reasons = [...missing].flatMap(([implementation, reason]) =>
    best(implementation) ? [] : [{ implementation: implementation.name, reason }]
  );
  return { name: task.name, ours: me, rows, missing: reasons };
}

/** Trace, lowering and session time of a training step that is unrolled, not a loop. */
async function compileTime(depth: number) {
  const weights = Array.from({ length: depth }, () => tensor(0.01, [64, 64]));
  const loss = (layers: np.Array[], x: np.Array) => {
    const y = layers.reduce((h, w) => np.matmul(h, w), x);
    return np.mean(y.ref.mul(y));
  };
  const step = (layers: np.Array[], x: np.Array) => {
    const [value, grads] = valueAndGrad(loss)(tree.ref(layers), x);
    return [value, layers.map((w, i) => w.sub(grads[i].mul(1e-3)))];
  };
  const program = await compile(step, [weights, tensor(1, [32, 64])]);
  await program.close();
  const { traceMs, lowerMs, sessionMs, nodes } = program.report;
  return { traceMs, lowerMs, sessionMs, nodes };
}

const implementations = [
  ours,
  ...(options.parent ? [checkout("parent", options.parent)] : []),
  ...pythons(options.python),
  published(options.python, options.references),
];
const chosen = cases.filter(({ name }) => name.includes(part));
if (chosen.length === 0) {
  console.error(
    `error: no case has "${part}" in its name; there are ${cases.map((c) => c.name).join("; ")}.`,
  );
  Deno.exit(1);
}
const results = [];
const told = new Set<string>();
const number = (x: number | null, width: number) =>
  (x === null ? "?" : x.toPrecision(3)).padStart(width);
const [load] = Deno.loadavg();
say(`${navigator.hardwareConcurrency} processors; load before: ${load.toFixed(2)} processes`);
say(`${"".padEnd(52)}  ms/step  threads  faults   ratio  95 % interval`);
for (const task of chosen) {
  const result = await measure(task, implementations);
  results.push(result);
  const line = (who: string, { milliseconds, threads, faults }: typeof result.ours) =>
    `${who.padEnd(52)} ${number(milliseconds, 8)} ${`${threads}`.padStart(8)} ${
      `${faults ?? "?"}`.padStart(7)
    }`;
  say(line(`${result.name}, ours`, result.ours));
  for (const row of result.rows) {
    const interval = `${row.low.toFixed(2)} .. ${row.high.toFixed(2)}`;
    const verdict = row.implementation === "parent" && isSlower(row) ? "  slower" : "";
    say(
      `${line(`  ${row.implementation}`, row)} ${
        row.ratio.toFixed(2).padStart(7)
      }  ${interval}${verdict}`,
    );
    if (row.code) say(`    ${row.code}`);
  }
  for (const { implementation, reason } of result.missing) {
    const text = `  ${implementation}: ${reason}`;
    if (!told.has(text)) say(text);
    told.add(text);
  }
}
for (const { name, variesByCase } of implementations) {
  const rows = results.flatMap(({ rows }) =>
    rows.filter(({ implementation }) => implementation === name)
  );
  if (rows.length === 0) continue;
  const ratios = rows.map(({ ratio }) => ratio);
  say(
    `${name}: geometric mean of ${rows.length} ratios ${geometricMean(ratios).toFixed(2)}, ` +
      `smallest ${Math.min(...ratios).toFixed(2)}${variesByCase ? "" : ` (${rows[0].version})`}`,
  );
}
if (options.json) console.log(JSON.stringify({ load, results }));
for (const depth of part || options.json ? [] : [10, 100, 1000]) {
  const { traceMs, lowerMs, sessionMs, nodes } = await compileTime(depth);
  const [trace, lower, session] = [traceMs, lowerMs, sessionMs].map((ms) => `${ms.toFixed(0)} ms`);
  say(
    `${depth} layers unrolled: trace ${trace}, lower ${lower}, session ${session}, ${nodes} nodes`,
  );
}
Deno.exit(0);
