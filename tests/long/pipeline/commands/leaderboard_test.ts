/**
 * @file `deno task leaderboard` as a user has it: a layer and a task, one file each in a copy of the repository, stand in the table, and
 * nothing that was done is done again.
 */
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../../..", import.meta.url));

/** What a user has of the repository, without what was computed. */
class Copy implements Disposable {
  readonly root = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "copy-"));

  constructor() {
    for (const part of ["lib", "pipeline", "data", "deno.json", "deno.lock"]) {
      // (What was downloaded is large.)
      const filter = (from: string) => !from.endsWith("data/cache");
      cpSync(join(repository, part), join(this.root, part), { recursive: true, filter });
    }
  }

  write(path: string, text: string): void {
    mkdirSync(join(this.root, path, ".."), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** The command line of the copy, in it. @returns with the labels that ran */
  async run(...args: string[]) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", "pipeline/cli.ts", ...args],
      cwd: this.root,
      env: { INIT_CWD: this.root }, // not the folder where the tests were called
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const ran = out.split("\n").flatMap((line) =>
      /^\[\d+\/\d+\] (\S+ \S+) \(/.exec(line)?.[1] ?? []
    );
    return { code, out, err, ran };
  }

  [Symbol.dispose]() {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** The layer that the README shows, whole. */
function layerOfReadme(): string {
  const blocks = readFileSync(join(repository, "README.md"), "utf8").split("```ts\n").slice(1);
  const block = blocks.map((text) => text.split("```")[0]).find((text) =>
    text.includes("smoothing")
  );
  assert.ok(block, "the README shows a layer");
  return block;
}

const mine = "lib/layers/sequence/mine.ts";
/** The rest after division by three of the number of ones, with the automaton written down. */
const task = `import { stateTracking } from "../state_tracking.ts";
export const task = stateTracking("thirds", [[0, 1], [1, 2], [2, 0]]);
`;

Deno.test("a layer and a task are one file each, stand in the table, and rerun nothing", async () => {
  using copy = new Copy();
  const pipeline = ["run", "--profile", "smoke", "--only", "parity-by-length", "--no-publish"];
  const first = await copy.run(...pipeline);
  assert.equal(first.code, 0, first.err);
  assert.ok(first.ran.length >= 7, first.out);

  copy.write(mine, layerOfReadme());
  copy.write("lib/tasks/thirds/thirds.ts", task);
  const again = await copy.run(...pipeline);
  assert.match(again.out, /(\d+) of \1 jobs were done, 0 ran/, again.out + again.err);

  const command = ["leaderboard", "--profile", "smoke", "--layer"];
  const own = await copy.run(...command, mine, "--task", "parity", "--task", "thirds");
  assert.equal(own.code, 0, own.err);
  // Its test data for parity are those of the others.
  assert.ok(own.ran.every((job) => /layer=mine|task=thirds|table$/.test(job)), own.ran.join("\n"));
  assert.equal(own.ran.filter((job) => /^(tune|train|evaluate) .*layer=mine/.test(job)).length, 6);
  assert.match(own.out, /layer +gap closed, parity +gap closed, thirds +parameters +state/);
  assert.match(own.out, /\nmine\* +\S+ % +\S+ % +[\d,]+ +\d+/);
  assert.match(own.out, /There are no published references \(reports\/leaderboard\/smoke\.json\)/);

  // Beside published rows, whose stamp says where they came from; a row that was run again replaces its own.
  const cell = (value: number) => ({ value, runs: ["published"] });
  const rows = [
    { layer: "best of all", gap_parity: cell(1), parameters: cell(12_000), memory: cell(7) },
    { layer: "mine", gap_parity: cell(0.123), parameters: cell(1), memory: cell(1) },
  ];
  const columns = ["layer", "gap_parity", "parameters", "memory"].map((id) => ({ id, label: id }));
  const verdict = { outcome: "illustration", rule: "none", reason: "none" };
  const summary = { columns, rows, verdict, findings: [], plots: [] };
  const stamp = { command: "made by hand", commit: "0123456789abcdef", machine: "a machine" };
  copy.write("reports/leaderboard/smoke.json", JSON.stringify({ ...stamp, summary }));
  const beside = await copy.run(...command, mine, "--task", "parity");
  assert.equal(beside.code, 0, beside.err);
  assert.ok(beside.ran.every((job) => /^aggregate /.test(job)), beside.ran.join("\n"));
  const lines = beside.out.trim().split("\n");
  const best = lines.findIndex((line) => line.startsWith("best of all"));
  assert.ok(best > 0 && lines[best + 1].startsWith("mine*"), beside.out);
  assert.doesNotMatch(beside.out, /12\.3/);
  assert.match(beside.out, /published at commit 0123456789ab, by made by hand on a machine/);
  // Without a layer it is the published table alone.
  const table = await copy.run("leaderboard", "--profile", "smoke");
  assert.equal(table.code, 0, table.err);
  assert.match(table.out, /best of all/);
  assert.deepEqual(table.ran, []);
});

Deno.test("what cannot be a layer or a task is refused with what to do, and nothing runs", async () => {
  using copy = new Copy();
  copy.write("mine.ts", layerOfReadme());
  copy.write("lib/layers/sequence/half.ts", "export const layer = { about: {}, init() {} };");
  copy.write("lib/layers/sequence/broken.ts", "export const layer = ;");
  copy.write("reports/leaderboard/smoke.json", '{"rows": 3}');
  const folder = "lib/layers/sequence";
  const refused: [string[], RegExp][] = [
    [["--layer", `${folder}/none.ts`], /--layer .*none\.ts: there is no such file/],
    [["--layer", "mine.ts"], /put it there, such as lib\/layers\/sequence\/mine\.ts/],
    [["--layer", `${folder}/forms.ts`], /it exports no `layer`.*sequence_layer\.ts says what/],
    [["--layer", `${folder}/half.ts`], /its `layer` lacks configure, initialState, cell/],
    [["--layer", `${folder}/broken.ts`], /broken\.ts cannot be loaded/],
    [["--layer", `${folder}/gru.ts`, "--task", "party"], /no such task; the tasks are parity, /],
    [["--layer", `${folder}/gru.ts`, "--publish"], /leave one of them out/],
    [["--publish", "--task", "parity"], /leave --task out/],
    [[], /smoke\.json is no published leaderboard; restore it/],
    [["gru"], /takes no argument "gru"/],
  ];
  for (const [args, message] of refused) {
    const { code, out, err } = await copy.run("leaderboard", "--profile", "smoke", ...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(err, message);
    assert.equal(out, "");
  }
  const { code, err } = await copy.run("leaderboard");
  assert.equal(code, 1);
  assert.match(
    err,
    /There is no reports\/leaderboard\/quick\.json; make it: deno task leaderboard --publish\./,
  );
  assert.ok(!existsSync(join(copy.root, ".store", "catalog.duckdb")));
});
