/**
 * @file `deno task verify`: hashes every artifact again, reads every table of the catalogue and compares them with each other;
 * on request, runs a sample of jobs again and compares the bytes.
 *
 * In a store that may only be read it says the same, and changes nothing.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { contentOf } from "../content/canonical.ts";
import { Catalog } from "../store/catalog.ts";
import { adopt, catalogFiles, isEarlierSound } from "../store/catalog_files.ts";
import { DoneIndex } from "../store/done_index.ts";
import { LocalExecutor } from "../run/executors/local.ts";
import { isReadOnly, lockStore } from "../store/lock.ts";
import { machineInfo } from "../run/machine.ts";
import { hashFile, Objects } from "../store/objects.ts";
import { Recorder } from "../run/recorder.ts";
import { Scheduler } from "../run/scheduler.ts";
import { openWorkspace } from "../workspace.ts";
import type { CommandOptions } from "./options.ts";

export async function command(options: CommandOptions): Promise<number> {
  const dir = resolve(options.root, options.store);
  const lock = await lockStore(dir, "verify").catch((error) => {
    if (!isReadOnly(error)) throw error;
    if (options.rerun) {
      throw new Error(`${dir} may only be read, and --rerun needs a place in it; leave it out.`);
    }
  });
  try {
    let bad = await rehash(dir, console.log, lock !== undefined);
    if (options.rerun) bad += await rerunSample(options);
    return bad ? 1 : 0;
  } finally {
    lock?.release();
  }
}

/**
 * Hashes every object and compares it with the catalogue, and the catalogue with itself.
 *
 * @param say told the outcome, and every artifact that is not what the catalogue says
 * @param repairing what is wrong is set aside, to be made again; the caller holds the store's lock
 * @returns the number of jobs with such artifacts
 */
export async function rehash(
  dir: string,
  say: (line: string) => void = console.log,
  repairing = true,
): Promise<number> {
  const catalog = repairing ? await Catalog.open(dir) : await Catalog.read(dir);
  let bad: string[];
  let size: string;
  try {
    await catalog.readAll();
    const objects = new Objects(dir);
    const jobs = await catalog.query("SELECT key, label, content FROM job WHERE status = 'done'");
    const files = await catalog.query("SELECT job_key, name, sha256 FROM file");
    const scalars = await catalog.query("SELECT job_key, name, value FROM scalar");
    const moved = await movedInputs(catalog);
    const damaged = new Map<string, string>();
    const hashes = new Set(files.map((f) => f.sha256 as string));
    let bytes = 0;
    for (const hash of hashes) {
      bytes += objects.size(hash);
      const found = hashFile(objects.path(hash));
      if (found === hash) continue;
      damaged.set(hash, objects.has(hash) ? "is damaged" : "is missing");
      // Moved away, so that its job counts as not done and a rerun puts the right bytes there.
      if (repairing && objects.has(hash)) objects.quarantine(hash);
    }
    const byJob = Map.groupBy(files, (f) => f.job_key as string);
    const scalarsByJob = Map.groupBy(scalars, (s) => s.job_key as string);
    bad = [];
    for (const { key, label, content } of jobs) {
      const mine = byJob.get(key as string) ?? [];
      const complaints = mine.filter((f) => damaged.has(f.sha256 as string)).map((f) =>
        `${f.name}: object ${(f.sha256 as string).slice(0, 12)} ${damaged.get(f.sha256 as string)}`
      );
      const expected = contentOf(
        Object.fromEntries(mine.map((f) => [f.name, f.sha256 as string])),
        Object.fromEntries(
          (scalarsByJob.get(key as string) ?? []).map((s) => [s.name, s.value as number]),
        ),
      );
      if (expected !== content) complaints.push("its rows in the catalogue do not add up");
      complaints.push(...moved.get(key as string) ?? []);
      if (!complaints.length) continue;
      bad.push(key as string);
      for (const complaint of complaints) say(`${label}: ${complaint}`);
    }
    if (repairing) await catalog.markDamaged(bad);
    size = `${hashes.size} objects (${(bytes / 2 ** 20).toFixed(1)} MiB) of ${jobs.length} jobs`;
  } finally {
    await catalog.close();
  }
  checkBeside(dir, say, repairing);
  say(
    bad.length
      ? `Checked ${size}: ${bad.length} jobs are damaged; "deno task pipeline" repairs them.`
      : `Checked ${size}: every byte is as recorded.`,
  );
  return bad.length;
}

/** Complaints about inputs that are not what their jobs left, by the key of the job that had them. */
async function movedInputs(catalog: Catalog): Promise<Map<string, string[]>> {
  const rows = await catalog.query(
    "SELECT input.job_key, input.name, made.label FROM input " +
      "JOIN job AS made ON made.key = input.job_key_of_input " +
      "WHERE made.status = 'done' AND made.content <> input.content ORDER BY input.name",
  );
  const complaints = new Map<string, string[]>();
  for (const { job_key, name, label } of rows) {
    const key = job_key as string;
    const complaint = `its input ${name} was not what ${label} has left`;
    complaints.set(key, [...complaints.get(key) ?? [], complaint]);
  }
  return complaints;
}

/** What the catalogue would be made from if it were damaged, and its mirror. */
function checkBeside(dir: string, say: (line: string) => void, repairing: boolean): void {
  const { original, earlier } = catalogFiles(dir);
  if (!isEarlierSound(dir)) {
    say(
      `${earlier} or its journal is damaged${
        repairing ? `; it is now a copy of ${original}` : ""
      }.`,
    );
    if (repairing) adopt(dir);
  }
  if (DoneIndex.isDamaged(dir)) {
    say(`${join(dir, "index.json")} is damaged; the next run makes it again.`);
  }
}

/** Runs jobs again in a store of their own. @returns the number of jobs with other bytes */
async function rerunSample(options: CommandOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const scratch = mkdtempSync(join(workspace.storeDir, "verify-"));
  const executor = new LocalExecutor(options.jobs);
  try {
    const scheduler = new Scheduler(workspace.graph.jobs, workspace.resolver);
    await scheduler.plan();
    const done = [...scheduler.statuses.values()].filter((s) => s.state === "cached");
    const sample = shuffle(done).slice(0, options.rerun);
    const catalog = await workspace.catalog();
    const run = { id: "verify", profile: options.profile, command: "", machine: machineInfo() };
    const recorder = new Recorder(workspace, catalog, run);
    let different = 0;
    const queue = [...sample];
    const lane = async () => {
      for (let status; (status = queue.pop());) {
        const { node } = status;
        const key = workspace.resolver.keys.get(node)!;
        const fingerprint = await workspace.fingerprints.of(node.stage.path, node.modules);
        const spec = await recorder.spec({
          ...status,
          stale: { state: "stale", key, fingerprint, ingredients: undefined! },
        });
        const outcome = await executor.run({ ...spec, storeDir: scratch }, node.stage.permissions, {
          log() {},
          progress() {},
        });
        const verdict = outcome.ok
          ? compareArtifacts(await catalog.artifact(key), outcome.result.artifact)
          : outcome.message;
        if (verdict) different++;
        console.log(`${node.stage.name} ${node.label}: ${verdict || "the same bytes"}`);
      }
    };
    await Promise.all(Array.from({ length: options.jobs }, lane));
    console.log(`Ran ${sample.length} of ${done.length} jobs again: ${different} differ.`);
    return different;
  } finally {
    await executor.close();
    rmSync(scratch, { recursive: true, force: true });
    await workspace.close();
  }
}

type Artifact = Awaited<ReturnType<Catalog["artifact"]>>;

/** Empty when equal, else what differs. `.duckdb` files hold free space and are left out. */
function compareArtifacts(before: Artifact, now: Artifact): string {
  const names = new Set([...before.files, ...now.files].map((f) => f.name));
  const hash = (a: Artifact, name: string) => a.files.find((f) => f.name === name)?.sha256;
  const files = [...names].filter((n) =>
    !n.endsWith(".duckdb") && hash(before, n) !== hash(now, n)
  );
  const scalars = [...new Set([...Object.keys(before.scalars), ...Object.keys(now.scalars)])]
    .filter((name) => !Object.is(before.scalars[name], now.scalars[name]));
  const parts = [...files, ...scalars.map((s) => `scalar ${s}`)];
  return parts.length ? `DIFFERENT BYTES in ${parts.join(", ")}` : "";
}

function shuffle<T>(list: T[]): T[] {
  return list.map((item) => [Math.random(), item] as const).sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
