/** @file Every command has help and a version, says what went wrong in one form, and keeps traces for defects. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { DataError } from "../../lib/data/data_error.ts";
import { main } from "../../pipeline/cli.ts";
import { COMMANDS } from "../../pipeline/commands/commands.ts";
import { explain, readFlags, runProgram, wrapped } from "../../pipeline/program.ts";
import { StoreBusyError } from "../../pipeline/store/lock.ts";
import { UsageError } from "../../pipeline/usage_error.ts";
import { output } from "./commands/stored_jobs.ts";
import { errors } from "./store/killed.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TRACE = /^\s+at .*:\d+:\d+\)?$/m;

/** A task as deno.json spells it, with its permissions. */
async function task(name: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name, ...args],
    cwd: ROOT,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const own = Object.keys(config.tasks).filter((name) =>
  !["test", "test:long", "check"].includes(name)
);
const ofCli = new Set(Object.keys(COMMANDS).map((name) => name === "run" ? "pipeline" : name));

Deno.test("every task of this project is a command with help", () => {
  assert.deepEqual([...ofCli].filter((name) => !own.includes(name)), []);
  assert.deepEqual(own.filter((name) => !ofCli.has(name)), [
    ...["forecast", "generate", "layer", "site", "serve", "mutate", "fuzz", "bench"],
  ]);
});

Deno.test("--help and --version of the pipeline's commands", async () => {
  for (const name of Object.keys(COMMANDS)) {
    for (const flag of ["--help", "-h"]) {
      const { code, lines } = await output(() => main([name, flag]));
      assert.equal(code, 0);
      assert.match(lines.join("\n"), /^deno task \w+ .*\[options\]: /);
    }
    // Also after what is wrong: who asks for help needs it.
    assert.equal((await output(() => main([name, "--bogus", "--help"]))).code, 0);
    const { code, lines } = await output(() => main([name, "--version"]));
    assert.deepEqual([code, lines], [0, [
      `deep-linear-ts ${config.version}, Deno ${Deno.version.deno}`,
    ]]);
  }
  assert.match((await output(() => main(["--help"]))).lines.join("\n"), /deno task why +say why/);
});

for (const name of own.filter((name) => !ofCli.has(name))) {
  Deno.test(`${name} has help that needs no more than its permissions`, async () => {
    const { code, out, err } = await task(name, "--help");
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, new RegExp(`deno task ${name}`));
  });
}

Deno.test("site, serve and bench refuse what they do not take, in one form", async () => {
  const cases: [string[], RegExp][] = [
    [
      ["site", "--dset", "x"],
      /^error: Unknown option --dset\. Nearest: --dest, .* See deno task site --help\.\n$/,
    ],
    [
      ["serve", "site/_site"],
      /^error: deno task serve takes no argument "site\/_site"; a folder is given by --dest\./,
    ],
    [["bench", "kalmn"], /^error: no benchmark "kalmn"; there are kalman, .*\n$/],
    [["bench", "pipeline", "--jsn"], /^error: Unknown option --jsn\. Nearest: --json, /],
  ];
  for (const [[name, ...args], message] of cases) {
    const { code, out, err } = await task(name, ...args);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, message);
    assert.doesNotMatch(err, TRACE);
  }
});

Deno.test("every benchmark says how it is run, and prints when it is loaded or by main", () => {
  const folder = `${ROOT}tests/bench`;
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.endsWith(".bench.ts")) continue;
    const source = Deno.readTextFileSync(`${folder}/${name}`);
    const bench = name.slice(0, -".bench.ts".length);
    assert.match(source, new RegExp(`Run: deno task bench ${bench}( \\[|$)`, "m"));
    // It is imported: what waits for being the main module never comes.
    assert.doesNotMatch(source, /import\.meta\.main/, name);
    assert.match(source, /console\.log\(/);
  }
});

Deno.test("a mistake is one message, with its causes; a defect keeps its trace and says that it is one", () => {
  const foreseen: [Error, string][] = [
    [new UsageError("a"), "a"],
    [new Error("b"), "b"],
    [new DataError({ file: "c.csv" }, "d"), "c.csv: d"],
    [new StoreBusyError("x", { pid: 1, command: "run", host: "h" } as never), ""],
    [new RangeError("stack: no layers; name at least one"), "stack: no layers; name at least one"],
    [new Error("e", { cause: new Error("f", { cause: "g" }) }), "e\n  because: f\n  because: g"],
  ];
  for (const [error, text] of foreseen) {
    const said = explain(error);
    if (text) assert.equal(said, text);
    assert.doesNotMatch(said, TRACE);
    assert.doesNotMatch(said, /defect/);
  }
  let missing!: Error;
  try {
    Deno.readTextFileSync("/nowhere/at/all");
  } catch (error) {
    missing = error as Error;
  }
  assert.match(explain(missing), /No such file or directory/);
  assert.doesNotMatch(explain(missing), TRACE);
  const overflow = (): number => 1 + overflow();
  const thrown = [overflow, () => new Array(-1), () => (undefined as never)["x"]].map((fail) => {
    try {
      fail();
    } catch (error) {
      return error as Error;
    }
    return assert.fail("nothing thrown");
  });
  for (const defect of [...thrown, new TypeError("t"), new SyntaxError("s")]) {
    const said = explain(defect);
    assert.match(said, TRACE);
    assert.ok(said.includes(`This is a defect of deep-linear-ts ${config.version}`), said);
    assert.match(said, /Please report these lines/);
  }
  // A file of the user's that cannot be loaded: what is wrong, and where.
  const cause = new SyntaxError("Unexpected token");
  assert.match(
    explain(new Error("--layer mine.ts cannot be loaded.", { cause })),
    /^--layer mine\.ts cannot be loaded\.\n {2}because: Unexpected token\n {2}at /,
  );
  assert.equal(explain("text"), "text");
});

Deno.test("a program that fails ends with 1, and its message is an error's", async () => {
  using said = errors();
  const fails = () => {
    throw new UsageError("what, where");
  };
  assert.equal(await runProgram({ help: "h", main: fails }, []), 1);
  assert.deepEqual(said.lines, ["error: what, where"]);
  assert.equal(await runProgram({ help: "h", main: () => {} }, []), 0);
  assert.equal(await runProgram({ help: "h", main: () => 130 }, []), 130);
  // What follows two dashes is no flag.
  assert.equal(await runProgram({ help: "h", main: () => 7 }, ["--", "--help"]), 7);
});

Deno.test("flags: the nearest is offered, never the one for tests, and a value that looks like a flag is explained", () => {
  const flags = {
    root: { type: "string" },
    jobs: { type: "string", short: "j" },
    yes: { type: "boolean" },
  } as const;
  const cases: [string[], string][] = [
    [["--job"], "Unknown option --job. Nearest: --jobs, --yes, --help. See t --help."],
    [["-x"], "Unknown option -x. Nearest: --yes, --jobs, --help. See t --help."],
    [["--jobs"], "--jobs needs a value: --jobs VALUE. See t --help."],
    [["--yes=1"], "--yes takes no value. See t --help."],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => readFlags("t", args, flags), { name: "UsageError", message });
  }
  assert.deepEqual(readFlags("t", ["-j", "3", "a"], flags).positionals, ["a"]);
});

Deno.test("a list is wrapped between its words", () => {
  assert.equal(wrapped(["aaa", "bbb", "ccc"], "  ", 12), "  aaa, bbb,\n  ccc");
  assert.equal(wrapped([], "  "), "  ");
});
