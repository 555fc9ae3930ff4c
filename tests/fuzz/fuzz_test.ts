/** @file What reads strangers' bytes, on some of them, the same ones every time; tests/long/fuzz has more, `deno task fuzz` others. */
import assert from "node:assert/strict";
import { runTarget } from "./run_target.ts";
import { main, TARGETS } from "./fuzz.ts";
import { targets as faulty } from "./faulty_targets.ts";
import { targets } from "./targets.ts";

for (const { name, runs } of targets) {
  Deno.test(`fuzz: ${name}`, async () => {
    const some = Math.ceil(runs / 4);
    const { failure } = await runTarget({
      name,
      module: TARGETS,
      seed: 1,
      runs: some,
      ms: 120_000,
    });
    assert.equal(failure, undefined, failure && `${failure.input}\n${failure.error}`);
  });
}

const FAULTY = new URL("./faulty_targets.ts", import.meta.url).href;

Deno.test("fuzz: what fails is shrunk and printed with its seed, what hangs is ended", async () => {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const run = (...args: string[]) => main(args, say, { targets: faulty, module: FAULTY });
  assert.equal(await run("--seed", "5", "--seconds", "4", "--only", "fails"), 1);
  const text = lines.join("\n");
  assert.match(text, /^seed 5, 4 s for 1 targets$/m);
  assert.match(text, /^fails: FAILED$/m);
  assert.match(text, /^ {2}smallest input: "x"$/m, "nothing but what makes it fail");
  assert.match(text, /an x at/);
  assert.match(text, /^ {2}again: deno task fuzz --only "fails" --seed 5 --seconds 4$/m);
  const hanging = { name: "hangs", module: FAULTY, seed: 1, runs: 100, ms: 60_000 };
  const { failure } = await runTarget(hanging, 1);
  assert.match(failure!.error, /no answer for 1 s/);
  assert.equal(failure!.input, '"y"');
});

Deno.test("fuzz: the command", async () => {
  const lines: string[] = [];
  const run = (...args: string[]) => main(args, (line) => lines.push(line));
  assert.equal(await run("--seed", "3", "--seconds", "0.5", "--only", "pieces of YAML"), 0);
  assert.match(
    lines.join("\n"),
    /seed 3, 0\.5 s for 1 targets\nsweep: pieces of YAML: [1-9]\d* inputs/,
  );
  assert.equal(await run("--help"), 0);
  await assert.rejects(run("--seconds", "0"), /--seconds 0: expected a number above 0/);
  await assert.rejects(run("--seed", "x"), /--seed x: expected a whole number/);
  await assert.rejects(run("--only", "nothing"), /--only nothing: no target/);
});
