/** @file The command line: defaults, what each option becomes, and what is refused. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMANDS, helpFor, parseCommand } from "../../../pipeline/commands/options.ts";
import { UsageError } from "../../../pipeline/usage_error.ts";
import { quote, repeatOptions } from "../../../pipeline/command_line.ts";

Deno.test("without options a command has its defaults", async () => {
  const { root, ...rest } = await parseCommand("run", []);
  assert.equal(root, fileURLToPath(new URL("../../../", import.meta.url)));
  assert.deepEqual(rest, {
    ...{
      store: ".store",
      profile: "quick",
      engine: "ort",
      device: undefined,
      set: [],
      only: [],
      job: undefined,
    },
    ...{ jobs: navigator.hardwareConcurrency, dryRun: false, estimate: false, publish: true },
    ...{ log: [], count: undefined, retry: false, json: false, yes: false, rerun: 0, kills: 50 },
    ...{ seed: 1, words: [] },
  });
  assert.equal((await parseCommand("crash", [])).profile, "smoke");
});

Deno.test("every option reaches what it names", async () => {
  const cases: [string, string[], object][] = [
    ["run", ["--root", "/r", "--store=s", "--profile", "smoke"], {
      ...{ root: "/r", store: "s", profile: "smoke" },
    }],
    ["run", ["--engine", "jax", "--set", "a.b=1", "--set", "c=2", "--only", "x", "--only", "y"], {
      ...{ engine: "jax", set: ["a.b=1", "c=2"], only: ["x", "y"] },
    }],
    ["run", ["--job", "e/a", "--jobs", "3", "--dry-run"], { job: "e/a", jobs: 3, dryRun: true }],
    ["run", ["--estimate", "--json", "--no-publish"], {
      ...{ estimate: true, json: true, publish: false, dryRun: false },
    }],
    ["run", ["--log", "tensorboard,wandb", "--log", "wandb"], { log: ["tensorboard", "wandb"] }],
    ["verify", ["--rerun", "2", "--jobs", "1"], { rerun: 2, jobs: 1 }],
    ["verify", ["--rerun", "0"], { rerun: 0 }],
    ["gc", ["--yes"], { yes: true }],
    ["crash", ["--kills", "1", "--seed", "0", "--profile", "quick"], {
      ...{ kills: 1, seed: 0, profile: "quick" },
    }],
    ["sweep", ["f.yaml", "--count", "1", "--retry"], { words: ["f.yaml"], count: 1, retry: true }],
    ["why", ["e/a"], { words: ["e/a"] }],
    ["status", ["--only", "x", "--json"], { only: ["x"], json: true }],
  ];
  for (const [command, args, expected] of cases) {
    const found = await parseCommand(command, args) as unknown as Record<string, unknown>;
    for (const [name, value] of Object.entries(expected)) {
      assert.deepEqual(found[name], value, `${command} ${args.join(" ")}: ${name}`);
    }
  }
});

Deno.test("what would have no effect is told, and what is given twice", async () => {
  const cases: [string, string[], RegExp][] = [
    ["leaderboard", ["--jobs", "2"], /^--jobs has an effect with --layer or --publish only\./],
    [
      "leaderboard",
      ["--engine", "jax"],
      /^--engine has an effect with --layer or --publish only\./,
    ],
    ["leaderboard", ["--store", "s"], /^--store has an effect with/],
    ["verify", ["--jobs", "2"], /^--jobs has an effect with --rerun only\./],
    ["run", ["--log", "wandb", "--dry-run"], /^--log has no effect beside --dry-run\./],
    ["run", ["--estimate", "--dry-run"], /^--estimate has no effect beside --dry-run\./],
    ["sweep", ["f.yaml", "--log", "wandb", "--estimate"], /^--log has no effect beside --estimate/],
    ["run", ["--jobs", "2", "--jobs", "3"], /^--jobs is given twice/],
    ["gc", ["--yes", "--yes"], /^--yes is given twice/],
  ];
  for (const [command, args, message] of cases) {
    await assert.rejects(parseCommand(command, args), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  }
  await parseCommand("leaderboard", ["--publish", "--jobs", "2", "--engine", "jax"]);
  await parseCommand("leaderboard", [
    "--layer",
    "l.ts",
    "--jobs",
    "2",
    "--task",
    "a",
    "--task",
    "b",
  ]);
});

Deno.test("paths are those of the folder where the command was called, labels are not", async () => {
  const before = Deno.env.get("INIT_CWD");
  Deno.env.set("INIT_CWD", join(Deno.cwd(), "data"));
  try {
    const parsed = async (...args: [string, ...string[]]) =>
      await parseCommand(args[0], args.slice(1));
    assert.deepEqual((await parsed("sweep", "a.yaml")).words, [join("data", "a.yaml")]);
    assert.deepEqual((await parsed("sweep", "/b/a.yaml")).words, ["/b/a.yaml"]);
    assert.deepEqual((await parsed("why", "e/a")).words, ["e/a"]);
    assert.equal((await parsed("leaderboard", "--layer", "l.ts")).leaderboard!.layer, "data/l.ts");
    assert.equal((await parsed("run", "--store", "s")).store, join("data", "s"));
    assert.equal((await parsed("run")).store, ".store");
  } finally {
    if (before === undefined) Deno.env.delete("INIT_CWD");
    else Deno.env.set("INIT_CWD", before);
  }
});

Deno.test("numbers are whole and not below the least that makes sense", async () => {
  const least = { jobs: 1, rerun: 0, kills: 1, seed: 0, count: 1 };
  const commands = { jobs: "run", rerun: "verify", kills: "crash", seed: "crash", count: "sweep" };
  for (const [name, smallest] of Object.entries(least) as [keyof typeof least, number][]) {
    const parse = async (text: string) => {
      const words = name === "count" ? ["f"] : [];
      return (await parseCommand(commands[name], [...words, `--${name}=${text}`]))[name];
    };
    assert.equal(await parse(String(smallest)), smallest);
    for (const bad of [String(smallest - 1), "1.5", "", " ", "x", "Infinity"]) {
      const message = new RegExp(
        `^Error: --${name} ${bad}: expected a whole number of at least ${smallest}\\.$`,
      );
      await assert.rejects(parse(bad), message, `--${name}=${bad}`);
    }
  }
});

Deno.test("what a command has no use for is refused, with what it takes", async () => {
  for (
    const [command, args, message] of [
      ["gc", ["--profile", "smoke"], /Unknown option '--profile'[^]*deno task gc \[options\]:/],
      ["status", ["--yes"], /Unknown option '--yes'[^]*deno task status/],
      ["run", ["--jobs"], /--jobs[^]*deno task pipeline \[options\]/],
      ["run", ["a"], /^Error: run takes no argument "a"\.\n\ndeno task pipeline/],
      ["why", [], /^Error: why needs the label of one job\.\n\ndeno task why JOB/],
      ["why", ["a", "b"], /^Error: why needs the label of one job\./],
      ["sweep", [], /^Error: sweep needs one sweep file\.\n\ndeno task sweep FILE\.yaml/],
      [
        "run",
        ["--engine", "cpu"],
        /Unknown engine "cpu"; the engines are ort, jax, tfjs, auto, ort-cuda, /,
      ],
      [
        "run",
        ["--log", "tensorboard,x"],
        /--log x: no such sink; the sinks are tensorboard, wandb/,
      ],
    ] as [string, string[], RegExp][]
  ) {
    await assert.rejects(parseCommand(command, args), message, `${command} ${args.join(" ")}`);
  }
});

Deno.test("help lists a command's options, but not where the repository is", () => {
  for (const [command, { options, help }] of Object.entries(COMMANDS)) {
    const [title, ...lines] = helpFor(command).split("\n");
    assert.ok(title.endsWith(` [options]: ${help}`), title);
    const listed = lines.map((line) => /^ {2}--(\S+) /.exec(line)![1]);
    assert.deepEqual(listed, options.filter((name) => name !== "root"));
  }
  assert.match(helpFor("run"), /^ {2}--store VALUE {7} folder of the results/m);
  assert.match(
    helpFor("run"),
    /size of the grids: smoke, quick, standard, paper \(default quick\)/,
  );
  assert.match(
    helpFor("run"),
    /traced programs: ort, ort-webgpu, ort-cuda, jax, jax-webgpu, tfjs, tfjs-node-gpu, auto/,
  );
  assert.match(helpFor("sweep"), /also send curves to tensorboard, wandb/);
  assert.match(helpFor("run"), /^ {2}--dry-run {11} say what would run/m);
});

Deno.test("a command that is printed names what makes its graph, and only that", async () => {
  const repeated = async (...args: string[]) => repeatOptions(await parseCommand("run", args));
  assert.equal(await repeated(), "--profile quick");
  assert.equal(
    await repeated(
      "--engine",
      "jax",
      "--store",
      "my store",
      "--set",
      "a.b=1",
      "--set",
      "c=x y",
      "--jobs",
      "2",
    ),
    "--profile quick --engine jax --store 'my store' --set a.b=1 --set 'c=x y'",
  );
});

Deno.test("a word is quoted for a shell where it has to be", () => {
  for (const plain of ["a", "a/b.c", "x=1", "a:b@c,d+e-f_g"]) assert.equal(quote(plain), plain);
  assert.equal(quote(""), "''");
  assert.equal(quote("a b"), "'a b'");
  assert.equal(quote("$x"), "'$x'");
  assert.equal(quote("it's 'so'"), "'it'\\''s '\\''so'\\'''");
});
