/** @file The command line: defaults, what each option becomes, and what is refused. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMANDS, taskOf } from "../../../pipeline/commands/commands.ts";
import { experimentIds, helpFor } from "../../../pipeline/commands/help.ts";
import { parseCommand } from "../../../pipeline/commands/options.ts";
import { UsageError } from "../../../pipeline/usage_error.ts";
import { quote, repeatOptions } from "../../../pipeline/command_line.ts";
import { plan } from "../experiments/grids.ts";

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
    ...{ log: [], count: undefined, retry: false, json: false, yes: false, rerun: 0, sample: 3 },
    ...{ kills: 50 },
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
    ["run", ["--executor", "local"], { slurm: undefined, jobs: navigator.hardwareConcurrency }],
    ["run", ["--executor", "slurm", "--time", "9", "--mem=a=2G", "--gres", "gpu:1", "--detach"], {
      slurm: {
        ...{ partition: undefined, time: ["9"], mem: ["a=2G"], gres: ["gpu:1"], sbatch: [] },
        detach: true,
      },
      jobs: 32,
    }],
    ["sweep", ["f.yaml", "--executor=slurm", "--partition=p", "--sbatch=--qos=x", "--jobs=5"], {
      slurm: {
        ...{ partition: "p", time: [], mem: [], gres: [], sbatch: ["--qos=x"], detach: false },
      },
      jobs: 5,
    }],
    ["replicate", ["--sample", "9", "--seed", "2"], { sample: 9, seed: 2, profile: "standard" }],
    ["replicate", ["--budget", "60", "--report", "/r.md"], { budget: 60, report: "/r.md" }],
    ["replicate", ["e/1/gap"], { words: ["e/1/gap"], sample: 3 }],
    ["verify", ["--rerun", "2", "--jobs", "1"], { rerun: 2, jobs: 1 }],
    ["verify", ["--rerun", "0"], { rerun: 0 }],
    ["gc", ["--yes"], { yes: true }],
    ["crash", ["--kills", "1", "--seed", "0", "--profile", "quick"], {
      ...{ kills: 1, seed: 0, profile: "quick", campaign: undefined },
    }],
    ["crash", ["--campaign", "--seed", "4"], {
      ...{ seed: 4, campaign: { tries: 200, report: undefined } },
    }],
    ["crash", ["--campaign", "--tries", "3", "--report", "/r.md"], {
      campaign: { tries: 3, report: "/r.md" },
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
    ["crash", ["--tries", "3"], /^--tries has an effect with --campaign only\./],
    ["crash", ["--report", "r"], /^--report has an effect with --campaign only\./],
    ["crash", ["--campaign", "--kills", "3"], /^--kills has no effect beside --campaign\./],
    ["crash", ["--campaign", "--profile", "quick"], /^--profile has no effect beside --campaign/],
    ["crash", ["--campaign", "--jobs", "3"], /^--jobs has no effect beside --campaign\./],
    ["sweep", ["f.yaml", "--log", "wandb", "--estimate"], /^--log has no effect beside --estimate/],
    ["run", ["--jobs", "2", "--jobs", "3"], /^--jobs is given twice/],
    ["run", ["--time", "9"], /^--time has an effect with --executor slurm only\./],
    ["run", ["--executor", "local", "--detach"], /^--detach has an effect with --executor slurm/],
    ["run", ["--executor", "slrum"], /^Unknown executor "slrum"; the executors are slurm, local\./],
    ["run", ["--executor=slurm", "--detach", "--dry-run"], /^--detach has no effect beside/],
    ["replicate", ["e/1/gap", "--seed", "2"], /^--seed has no effect beside a cell/],
    ["replicate", ["e/1/gap", "--budget", "9"], /^--budget has no effect beside a cell/],
    ["replicate", ["--budget", "0"], /^--budget 0: expected a whole number of at least 1/],
    ["replicate", ["--report", "r.md", "--estimate"], /^--report has no effect beside --estimate/],
    ["replicate", ["--json"], /^--json has an effect with --estimate only/],
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
        `^UsageError: --${name} ${bad}: expected a whole number of at least ${smallest}\\.$`,
      );
      await assert.rejects(parse(bad), message, `--${name}=${bad}`);
    }
  }
});

Deno.test("what a command has no use for is refused, with what it takes", async () => {
  for (
    const [command, args, message] of [
      [
        "gc",
        ["--profile", "smoke"],
        /Unknown option --profile\. Nearest: .* See deno task gc --help\.$/,
      ],
      [
        "status",
        ["--yes"],
        /Unknown option --yes\. Nearest: --set, .* See deno task status --help\.$/,
      ],
      ["run", ["--jobs"], /--jobs needs a value: --jobs VALUE\. See deno task pipeline --help\./],
      [
        "run",
        ["--jobs", "-3"],
        /--jobs needs a value; one that starts with a dash is joined: --jobs=-VALUE/,
      ],
      ["run", ["--dry-run=1"], /--dry-run takes no value\./],
      [
        "run",
        ["zzzzzz"],
        /^UsageError: deno task pipeline takes no argument "zzzzzz", only options\. See/,
      ],
      ["run", ["smoke"], /takes no argument "smoke"; profiles are chosen by --profile smoke\./],
      ["run", ["standart"], /profiles are chosen by --profile standard\./],
      ["run", ["patchin"], /experiments are chosen by --only patching\./],
      ["run", ["status"], /deno task status is a command of its own\./],
      ["run", ["dry-run"], /options begin with dashes: --dry-run\./],
      ["gc", ["yes"], /deno task gc takes no argument "yes"; options begin with dashes: --yes\./],
      ["why", [], /^UsageError: why needs the label of one job\. See deno task why --help\./],
      ["why", ["a", "b"], /^UsageError: why needs the label of one job, not 2\./],
      ["sweep", [], /^UsageError: sweep needs one sweep file\. See deno task sweep --help\./],
      [
        "run",
        ["--engine", "cpu"],
        /Unknown engine "cpu"; the engines are ort, jax, tfjs, auto, ort-cuda, /,
      ],
      [
        "run",
        ["--log", "tensorboard,x"],
        /--log x: no such sink; the sinks are wandb, tensorboard/,
      ],
    ] as [string, string[], RegExp][]
  ) {
    await assert.rejects(parseCommand(command, args), message, `${command} ${args.join(" ")}`);
  }
});

Deno.test("help lists a command's options, but not where the repository is, and examples that parse", async () => {
  for (const [command, { options, help, examples = [] }] of Object.entries(COMMANDS)) {
    const [title, ...lines] = helpFor(command).split("\n");
    assert.ok(title.endsWith(` [options]: ${help}`), title);
    const listed = lines.flatMap((line) => /^ {2}--([\w-]+)/.exec(line)?.[1] ?? []);
    assert.deepEqual(listed, [...options.filter((name) => name !== "root"), "help"]);
    for (const example of examples) {
      assert.ok(lines.includes(`  ${taskOf(command)} ${example}`), example);
      await parseCommand(command, example.split(" "));
    }
  }
  const ids = plan.experiments.map(({ meta }) => meta.id);
  const said = helpFor("run").replaceAll("\n", " ");
  for (const id of ids) assert.ok(said.includes(` ${id}`), id);
  assert.deepEqual(experimentIds(fileURLToPath(new URL("../../..", import.meta.url))), ids);
  assert.match(said, /--set train\.steps=300/);
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
