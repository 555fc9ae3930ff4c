/** @file What a worker may read and sees of the environment, and what it says of reads that no key holds. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../../../pipeline/content/canonical.ts";
import { environmentOf } from "../../../../pipeline/run/executors/confinement.ts";
import { LocalExecutor } from "../../../../pipeline/run/executors/local.ts";
import { Objects } from "../../../../pipeline/store/objects.ts";
import { cli, makeDemo, makeProbe } from "../../../pipeline/helpers.ts";
import {
  addStage,
  failureOf,
  give,
  openExecutor,
  resultOf,
  specOf,
} from "../../../pipeline/run/helpers.ts";

Deno.test("of the environment a worker sees what the system, GPUs and batch systems need, and no keys", () => {
  const seen = [
    ...["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"],
    ...["LD_LIBRARY_PATH", "VK_DRIVER_FILES", "VK_ICD_FILENAMES", "CUDA_VISIBLE_DEVICES"],
    ...["NVIDIA_VISIBLE_DEVICES", "SLURM_JOB_ID", "SLURM_CPUS_PER_TASK", "OMP_PROC_BIND"],
    ...[
      "DENO_DIR",
      "DEEP_LINEAR_MIRROR",
      "SystemRoot",
      "LOCALAPPDATA",
      "__EGL_VENDOR_LIBRARY_DIRS",
    ],
  ];
  const hidden = [
    ...["WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "GITHUB_TOKEN"],
    ...[
      "SSH_AUTH_SOCK",
      "DENO_AUTH_TOKENS",
      "SLURM_JWT",
      "HF_TOKEN",
      "OPENAI_API_KEY",
      "PGPASSWORD",
    ],
    ...["XDG_SECRET", "CUDA_API_KEY", "INIT_CWD", "EDITOR", "MY_PATH", "PATHS", "NODE_OPTIONS"],
    ...["DENO_AUDIT_PERMISSIONS", "DENO_PERMISSION_BROKER_PATH"],
  ];
  const network = ["HTTPS_PROXY", "http_proxy", "no_proxy", "NPM_CONFIG_REGISTRY", "SSL_CERT_FILE"];
  const all = Object.fromEntries([...seen, ...hidden, ...network].map((name) => [name, "x"]));
  const threads = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"];
  assert.deepEqual(Object.keys(environmentOf({}, all)).sort(), [...seen, ...threads].sort());
  assert.deepEqual(
    Object.keys(environmentOf({ net: ["example.org"] }, all)).sort(),
    [...seen, ...network, ...threads].sort(),
  );
  // One core a job, whatever the user has set.
  assert.equal(environmentOf({}, { OMP_NUM_THREADS: "8" }).OMP_NUM_THREADS, "1");
});

Deno.test("a key in the environment is not in that of a job", async () => {
  using demo = makeDemo();
  addStage(
    demo,
    "look",
    `ctx.log(JSON.stringify([Deno.env.get("WANDB_API_KEY"),
    typeof Deno.env.get("PATH"), Object.values(Deno.env.toObject()).includes("very secret")]));`,
  );
  Deno.env.set("WANDB_API_KEY", "very secret");
  try {
    await using executor = openExecutor();
    const { heard, outcome } = give(executor, specOf(demo, "look"));
    resultOf(await outcome);
    assert.deepEqual(heard.lines, ['[null,"string",false]']);
  } finally {
    Deno.env.delete("WANDB_API_KEY");
  }
});

Deno.test("reads that no key holds fail the job, also where the stage goes on without them", async () => {
  using demo = makeDemo();
  const { root } = demo;
  mkdirSync(join(root, "data"));
  demo.write("data/extra.csv", "1\n");
  demo.write("lib/table.json", "[1]");
  demo.write("lib/late.ts", "export const late = 1;\n");
  const store = new Objects(join(root, ".store"));
  const [mine, other] = ["mine", "other"].map((text) =>
    store.write(new TextEncoder().encode(text))
  );
  const read = (path: string) => `Deno.readTextFileSync(${JSON.stringify(path)});`;
  const tried = (body: string) => `try { ${body} } catch { /* without it */ }`;
  const object = (hash: string) => join(root, ".store/objects", hash.slice(0, 2), hash.slice(2));
  const computed = `const name = "late"; await import("../../lib/" + name + ".ts");`;
  const stages: Record<string, [body: string, named: string | undefined]> = {
    outside: [tried(read("/etc/hostname")), undefined],
    nothing: ["", undefined],
    // Denied, whether the stage lets it pass or not.
    data: [tried(read("data/extra.csv")), "data/extra.csv"],
    missing: [tried(`existsSync("data/no-such.csv");`), "data/no-such.csv"],
    folder: [tried(`[...Deno.readDirSync("data")];`), "data"],
    config: [
      tried(`const { readFile } = await import("node:fs/promises"); await readFile("deno.json");`),
      "deno.json",
    ],
    // Not denied: code lies there.
    table: [read("lib/table.json"), "lib/table.json"],
    source: [read(join(root, "pipeline/stages/source.ts")), "pipeline/stages/source.ts"],
    url: [
      `Deno.readTextFileSync(new URL("../../lib/table.json", import.meta.url));`,
      "lib/table.json",
    ],
    computed: [computed, "lib/late.ts"],
    object: [read(object(other)), `.store/objects/${other.slice(0, 2)}/${other.slice(2)}`],
    own: [read(object(mine)), undefined],
    checkpoint: [tried(read(".store/checkpoints/other")), ".store/checkpoints/other"],
  };
  for (const [name, [body]] of Object.entries(stages)) addStage(demo, name, body);
  await using executor = openExecutor();
  const inputs = {
    mine: { files: [{ name: "m", sha256: mine, bytes: 4 }], scalars: {} },
  };
  for (const [name, [, named]] of Object.entries(stages)) {
    const outcome = await give(executor, specOf(demo, name, { inputs })).outcome;
    if (named === undefined) resultOf(outcome);
    else {
      const message = failureOf(outcome);
      const says =
        `UndeclaredRead: pipeline/stages/${name}.ts reads ${named}, and neither its modules`;
      assert.ok(message.startsWith(says), `${name}: ${message}`);
      assert.ok(message.includes(`g.file("${named}")`), message);
    }
  }
  // As the stage is about to end by it, Deno says where.
  addStage(demo, "thrown", read("data/extra.csv"));
  assert.match(
    failureOf(await give(executor, specOf(demo, "thrown")).outcome),
    /^NotCapable: Requires read access to "data\/extra\.csv"[^]*thrown\.ts:\d+[^]*declare the file as an input \(.*g\.file\("data\/extra\.csv"\)/,
  );
  // While its code is loaded, too, and by a module that the job names.
  addStage(
    demo,
    "early",
    "",
    `Deno.readTextFileSync(${JSON.stringify(join(root, "lib/table.json"))});`,
  );
  assert.match(
    failureOf(await give(executor, specOf(demo, "early")).outcome),
    /reads lib\/table\.json/,
  );
});

Deno.test("what is declared may be read: input files, folders that a stage names, modules of any folder", async () => {
  using demo = makeDemo();
  const { root } = demo;
  for (const folder of ["data", "extra"]) mkdirSync(join(root, folder));
  demo.write("data/in.csv", "12\n");
  demo.write("data/beside.csv", "13\n");
  demo.write("extra/constant.ts", "export const constant = 14;\n");
  addStage(
    demo,
    "reads",
    `ctx.log(await ctx.inputs.file.text("in.csv")); ctx.log(Deno.readTextFileSync("data/in.csv"));
     ctx.log(String(constant));
     if (ctx.params.id) ctx.log(Deno.readTextFileSync("data/beside.csv"));`,
    `import { constant } from "../../extra/constant.ts";`,
  );
  const file = { name: "in.csv", sha256: sha256("12\n"), bytes: 3 };
  const over = {
    inputs: { file: { files: [file], scalars: {}, path: join(root, "data/in.csv") } },
    codeFiles: ["pipeline/stages/reads.ts", "extra/constant.ts"],
    params: { id: 0 },
  };
  await using executor = openExecutor();
  const { heard, outcome } = give(executor, specOf(demo, "reads", over));
  resultOf(await outcome);
  assert.deepEqual(heard.lines, ["12\n", "12\n", "14"]);
  const more = specOf(demo, "reads", { ...over, params: { id: 1 } });
  assert.match(failureOf(await give(executor, more).outcome), /^NotCapable.*data\/beside\.csv/);
  for (const permissions of [{ read: ["data"] }, { write: ["data/beside.csv"] }]) {
    resultOf(await give(executor, more, permissions).outcome);
  }
});

Deno.test("jobs run in checkouts with odd names, and through links", async () => {
  using demo = makeDemo();
  const base = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "odd-"));
  try {
    addStage(demo, "reads", `Deno.readTextFileSync("lib/table.json");`);
    addStage(demo, "plain", `ctx.log(Deno.cwd()); await ctx.checkpoint.save(Uint8Array.of(1));`);
    const odd = join(base, "a, b,c #1?%20");
    cpSync(demo.root, odd, { recursive: true });
    const link = join(base, "link");
    symlinkSync(odd, link);
    writeFileSync(join(odd, "lib/table.json"), "[1]");
    for (const root of [odd, link]) {
      const executor = new LocalExecutor(1);
      const spec = specOf({ ...demo, root }, "plain");
      const { heard, outcome } = give(executor, spec);
      resultOf(await outcome);
      const message = failureOf(await give(executor, specOf({ ...demo, root }, "reads")).outcome);
      assert.match(message, /reads lib\/table\.json, and/);
      await executor.close();
      assert.deepEqual(heard.lines, [Deno.realPathSync(odd)]);
    }
  } finally {
    rmSync(base, { recursive: true });
  }
});

Deno.test("a run says which file a stage has to declare, and succeeds when it does", async () => {
  using demo = makeProbe(`
    return g.job("tells", {}, profile.name === "smoke" ? {} : { file: g.file("data/words.txt") }, "table");`);
  mkdirSync(join(demo.root, "data"));
  writeFileSync(join(demo.root, "data/words.txt"), "two words");
  addStage(
    demo,
    "tells",
    `ctx.log(ctx.inputs.file ? await ctx.inputs.file.text("words.txt") : Deno.readTextFileSync("data/words.txt"));`,
  );
  const refused = await cli(demo, "run", "--profile", "smoke");
  assert.equal(refused.code, 1);
  assert.match(refused.out, /declare the file as an input .*g\.file\("data\/words\.txt"\)/);
  const declared = await cli(demo, "run", "--profile", "quick");
  assert.equal(declared.code, 0, declared.out);
  assert.match(declared.out, /two words/);
  // And now it is in the key.
  writeFileSync(join(demo.root, "data/words.txt"), "three");
  assert.deepEqual((await cli(demo, "run", "--profile", "quick")).ran, ["probes/table"]);
});
