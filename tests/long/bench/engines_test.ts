/** @file `bench engines`: its smallest form runs, and an engine that computes something else, or nothing, shows in its rows. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ENGINES } from "../../../lib/engine/engines.ts";
import { compileOn } from "../../../lib/engine/mod.ts";
import type { Compile } from "../../../lib/engine/types.ts";
import { cases } from "../../bench/engines/cases.ts";
import { COMPARED, compareEngines } from "../../bench/engines/compare.ts";

await initJax("wasm");

const smallest = cases[0];

/** Engine `ort`, but the losses that it reports are 1 % too large. */
const inexact: Compile = async (fn, args, options) => {
  const program = await compileOn("ort")(fn, args, options);
  return {
    ...program,
    async run(...given) {
      const out = await program.run(...given);
      const { value } = out;
      const read = async () => {
        const { data, ...rest } = await value.read();
        return { ...rest, data: data.map((loss: number) => 1.01 * loss) };
      };
      return { ...out, value: { ...value, read, dispose: () => value.dispose() } };
    },
  };
};

Deno.test("engines are compared by their losses and timed; one that computes something else is off, one that cannot says why", async () => {
  const cannot: Compile = () => Promise.reject(new RangeError("no such thing\nat all"));
  const rows = await compareEngines(smallest.learning(), [
    { engine: "jax", compile: compileOn("jax") },
    { engine: "ort", compile: compileOn("ort") },
    { engine: "inexact", compile: inexact },
    { engine: "cannot", compile: cannot },
  ], 2);
  assert.deepEqual(rows.map(({ engine }) => engine), ["jax", "ort", "inexact", "cannot"]);
  assert.deepEqual(rows[3], { engine: "cannot", problem: "no such thing" });
  const [jax, ort, off] = rows.map((row) => "off" in row ? row : undefined);
  for (const row of [jax!, ort!, off!]) {
    assert.equal(row.losses.length, COMPARED);
    assert.ok(row.milliseconds > 0 && row.compileSeconds > 0, row.engine);
  }
  // Losses of a training that goes on: each step starts where the last one ended.
  assert.equal(new Set(ort!.losses).size, COMPARED);
  assert.equal(jax!.off, 0);
  assert.ok(ort!.off > 0 && ort!.off < 1e-5, `ort is off by ${ort!.off}`);
  assert.ok(Math.abs(off!.off - 0.01) < 1e-4, `off by ${off!.off}, not 0.01`);
});

Deno.test("a reference that cannot run is an error, not a row", async () => {
  const cannot: Compile = () => Promise.reject(new RangeError("no such thing"));
  const sides = [{ engine: "jax", compile: cannot }, { engine: "ort", compile: compileOn("ort") }];
  await assert.rejects(compareEngines(smallest.learning(), sides, 1), /no such thing/);
});

/** Runs the benchmark as its user does. */
async function bench(...args: string[]) {
  const script = fileURLToPath(new URL("../../bench/bench.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script, "engines", ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, error };
}

Deno.test("the smallest form runs on every engine of this machine, and says why others are not there", async () => {
  const { code, out, error } = await bench("deep linear", "--rounds", "1", "--json");
  assert.equal(code, 0, error);
  const { engines, missing, results } = JSON.parse(out);
  const names = [...engines, ...missing].map(({ engine }) => engine);
  assert.deepEqual(names.sort(), [...ENGINES].sort());
  for (const { problem } of missing) assert.match(problem, /^[^\n]+$/);
  assert.equal(results.length, 1);
  const [{ rows }] = results;
  assert.equal(rows[0].engine, "jax");
  assert.equal(rows.length, engines.length);
  for (const { engine, problem, off } of rows) {
    assert.equal(problem, undefined, engine);
    assert.ok(off < 1e-4, `${engine} is off by ${off}`);
  }
});

Deno.test("what is no case and no number of rounds is refused", async () => {
  const unknown = await bench("no such case");
  assert.deepEqual([unknown.code, unknown.out], [1, ""]);
  assert.match(
    unknown.error,
    /error: no case has "no such case" in its name; there are deep linear/,
  );
  for (const text of ["0", "1.5", "x"]) {
    const { code, error } = await bench("--rounds", text);
    assert.equal(code, 1);
    assert.match(error, new RegExp(`--rounds ${text}: expected a whole number of at least 1`));
  }
});
