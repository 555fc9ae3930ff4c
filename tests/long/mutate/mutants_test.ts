/** @file The mutation tool: which slips it makes, which tests it runs on them, and what it says. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeCopy } from "../../mutate/copy.ts";
import { mutantsOf, mutate } from "../../mutate/mutants.ts";
import { reach } from "../../mutate/reach.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Every text that some seed makes of a source. */
function all(source: string, except: string[] = []): string[] {
  const made = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    for (const mutant of mutantsOf("a.ts", source, seed, except)) made.add(mutate(source, mutant));
  }
  return [...made].sort();
}

Deno.test("each kind of slip is made of the code that invites it", () => {
  assert.deepEqual(all("a < b;"), ["a <= b;", "a >= b;"]);
  assert.deepEqual(all("x = 3;"), ["x = 2;", "x = 4;"]);
  assert.deepEqual(all("x = 0.5;"), ["x = 0.25;", "x = 1;"]);
  assert.deepEqual(all("x = -y;"), ["x = y;"]);
  assert.deepEqual(all("x = y ?? z;"), ["x = y;"]);
  assert.deepEqual(all("x = y[i];"), ["x = y[i + -1];", "x = y[i + 1];"]);
  assert.deepEqual(all("x = y.length;"), ["x = (y.length - 1);"]);
  assert.deepEqual(all("if (a) throw b;"), ["if (!(a)) throw b;", "{}"]);
  assert.deepEqual(all("x = a ? b : c;"), ["x = !(a) ? b : c;"]);
  assert.deepEqual(all("f(a);"), ["{}"]);
  assert.deepEqual(all("await f(a);"), ["{}"]);
  assert.deepEqual(all("x = f(a, b);"), ["x = (a);", "x = (b);", "x = f(b, a);"]);
  assert.deepEqual(all("x = y.sort();"), ["x = y;"]);
  assert.deepEqual(all("x = Math.min(a, b);"), [
    "x = (a);",
    "x = (b);",
    "x = Math.max(a, b);",
    "x = Math.min(b, a);",
  ]);
  assert.deepEqual(all("x = y.z({ a: b });"), ["x = y.z({ ...{} });", "x = y;"]);
});

Deno.test("types, imports, the prose of errors and what is excepted stay as they are", () => {
  assert.deepEqual(all('import { a } from "b";\ntype T = 1 | 2;\ninterface U { a: 3 }'), []);
  assert.deepEqual(all("throw new RangeError(`${a + 1}`);"), []);
  assert.deepEqual(all("let x: 1 | 2;\nx = y as 1;"), []);
  assert.deepEqual(
    all("function grid() { return 3; }\nconst meta = { n: 4 };", ["grid", "meta"]),
    [],
  );
  assert.notDeepEqual(all("function grid() { return 3; }"), []);
});

Deno.test("a seed decides what is tried and in which order, whatever else is in the folder", () => {
  const source = readFileSync(new URL("../../mutate/mutants.ts", import.meta.url), "utf8");
  assert.deepEqual(mutantsOf("a.ts", source, 1), mutantsOf("a.ts", source, 1));
  assert.notDeepEqual(mutantsOf("a.ts", source, 1)[0], mutantsOf("a.ts", source, 2)[0]);
  const starts = mutantsOf("a.ts", source, 1).map(({ start, end }) => `${start} ${end}`);
  assert.notDeepEqual(starts, starts.toSorted());
});

Deno.test("tests that reach a file are found through imports, paths and templates, nearest first", () => {
  const sources = new Map(Object.entries({
    "lib/a/one.ts": "",
    "lib/a/two.ts": 'import "./one.ts";',
    "lib/b/three.ts": 'const t = await import("../a/two.ts");',
    "pipeline/stages/s.ts": "const module = { path: `lib/a/${name}.ts` };",
    "pipeline/plan.ts": 'const STAGES = "pipeline/stages";',
    "pipeline/cli.ts": 'import "./plan.ts";',
    "tests/a/near_test.ts": 'import "../../lib/a/two.ts";',
    "tests/a/one_more_test.ts": 'import "./two.ts"; import "../../lib/b/three.ts";',
    "tests/b/far_test.ts": 'import "../../lib/b/three.ts";',
    "tests/b/one_test.ts": 'import "../../lib/a/one.ts";',
    "tests/pipeline/helpers.ts": 'new URL("../../pipeline/cli.ts", import.meta.url);',
    "tests/pipeline/run_test.ts": 'import "./helpers.ts";',
    "tests/other_test.ts": "const prose = `see lib/a/${x}`;",
  }));
  assert.deepEqual(reach(sources)("lib/a/one.ts"), [
    "tests/a/one_more_test.ts", // further away, but of its name
    "tests/a/near_test.ts",
    "tests/b/one_test.ts",
    "tests/b/far_test.ts",
    "tests/pipeline/run_test.ts",
  ]);
  assert.deepEqual(reach(sources)("lib/b/three.ts"), [
    "tests/b/far_test.ts",
    "tests/a/one_more_test.ts",
  ]);
});

Deno.test("a mutant runs in a copy that is put back, and one that never ends is stopped with all it started", async () => {
  const root = mkdtempSync(join(tmpdir(), "mutated-"));
  const files = ["a.ts", "a_test.ts"];
  const source = "export const two = () => 2;\n";
  writeFileSync(join(root, "a.ts"), source);
  writeFileSync(
    join(root, "a_test.ts"),
    'import { two } from "./a.ts";\nDeno.test("two", () => { if (two() !== 2) throw 0; });\n',
  );
  const copy = makeCopy(root, files);
  try {
    assert.equal((await copy.test("a_test.ts", 60)).passed, true);
    const tried = (text: string, limit = 60) =>
      copy.with("a.ts", text, () => copy.test("a_test.ts", limit));
    assert.equal((await tried(source.replace("2", "3"))).passed, false);
    const elsewhere = 'if (Deno.env.get("INIT_CWD") !== Deno.cwd()) throw 0;\n';
    assert.equal((await tried(elsewhere + source)).passed, true);
    const endless =
      `new Deno.Command("sleep", { args: ["1234.5"] }).spawn();\nfor (;;);\n${source}`;
    const { passed, seconds } = await tried(endless, 3);
    assert.equal(passed, false);
    assert.ok(seconds >= 3 && seconds < 30, `${seconds} s`);
    const left = await new Deno.Command("pgrep", { args: ["-f", "sleep 1234.5"] }).output();
    assert.equal(left.stdout.length, 0);
    assert.equal(readFileSync(join(copy.root, "a.ts"), "utf8"), source);
    assert.equal(readFileSync(join(root, "a.ts"), "utf8"), source);
    assert.equal((await copy.test("a_test.ts", 60)).passed, true);
    assert.equal(await copy.checks("a.ts"), true);
    assert.equal(await copy.with("a.ts", "const a: 1 = 2;", () => copy.checks("a.ts")), false);
  } finally {
    copy[Symbol.dispose]();
    rmSync(root, { recursive: true });
  }
  assert.equal(existsSync(copy.root), false);
});

Deno.test("a command that is ended leaves no copy and nothing running", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", "tests/mutate/mutate.ts", "lib/train/schedule.ts"],
    cwd: ROOT,
    stdout: "null",
  }).spawn();
  const copyOf = (pid: number) =>
    [...Deno.readDirSync(tmpdir())].filter(({ name }) => name.startsWith(`mutants-${pid}-`));
  while (copyOf(child.pid).length === 0) await new Promise((go) => setTimeout(go, 50));
  await new Promise((go) => setTimeout(go, 500)); // into its copying or its first test
  child.kill("SIGTERM");
  await child.status;
  assert.deepEqual(copyOf(child.pid), []);
});

Deno.test("the command says what was killed, and what is wrong with its arguments", async () => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", "tests/mutate/mutate.ts", ...args],
      cwd: ROOT,
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: text(stdout), err: text(stderr) };
  };
  const listed = await run("lib/train/schedule.ts", "--sample", "3", "--list");
  assert.equal(listed.code, 0);
  assert.equal(listed.out.match(/^lib\/train\/schedule\.ts:\d+ /gm)?.length, 3, listed.out);
  const tried = await run("lib/train/schedule.ts", "--sample", "1", "--budget", "20");
  assert.match(
    tried.out,
    /lib\/train\/schedule\.ts: \d killed, \d survived, \d equivalent by review; score .* \(1 of \d+ mutants\)/,
  );
  for (
    const [args, message] of [
      [["lib/nowhere"], /^error: lib\/nowhere: nothing to mutate there; name a folder/],
      [["lib/ssm", "--sample", "x"], /^error: --sample x: expected a whole number from 1 on/],
      [["--unknown"], /^error: Unknown option --unknown\. Nearest: /],
    ] as const
  ) {
    const { code, err } = await run(...args);
    assert.equal(code, 1, err);
    assert.match(err, message);
  }
});
