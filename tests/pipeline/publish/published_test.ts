/** @file What is read back from a published folder is what was published. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publish, type PublishSource } from "../../../pipeline/publish/publish.ts";
import { publishedKeys, readPublished } from "../../../pipeline/publish/published.ts";
import { jobsOf } from "../../../pipeline/publish/source.ts";
import { awkward } from "../../site/fixtures/awkward.ts";
import { realistic } from "../../site/fixtures/realistic.ts";
import { withoutVersions } from "./earlier.ts";

function scratch() {
  const dir = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "published-"));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

/** Of every row the values by column: a table that is read back may list them in another order. */
const comparable = ({ experiments, profile }: PublishSource) => ({
  profile,
  experiments: experiments.map(({ meta, summary, runs, version }) => ({
    meta,
    version,
    runs: Object.entries(runs).sort(),
    summary: {
      ...summary,
      rows: summary.rows.map((row) => Object.entries(row).sort(([a], [b]) => a < b ? -1 : 1)),
    },
  })),
});

Deno.test("tables, jobs, machines and curves come back as they were published", async () => {
  using reports = scratch();
  for (const source of [realistic(), awkward()]) {
    // Only runs that a cell cites are published.
    for (const experiment of source.experiments) {
      const cited = new Set(
        experiment.summary.rows.flatMap((row) =>
          Object.values(row).flatMap((v) => typeof v === "object" ? v.runs : [])
        ),
      );
      experiment.runs = Object.fromEntries(
        Object.entries(experiment.runs).filter(([run]) => cited.has(run)),
      );
    }
    source.experiments[0].version = { key: "k", commit: "c", older: true };
    const { folder } = await publish(source, reports.dir);
    const back = (await readPublished(folder))!;
    assert.deepEqual(comparable(back), comparable(source));
    const byKey = new Map(source.jobs.map((job) => [job.key, job]));
    const behind = new Set(source.experiments.flatMap((e) => jobsOf(e, byKey)));
    assert.deepEqual(
      new Map(back.jobs.map((job) => [job.key, job])),
      new Map([...behind].map((job) => [job.key, job])),
    );
    assert.deepEqual(back.machines, source.machines);
    const reached = new Set([...behind].map(({ key }) => key));
    const points = (await source.curves()).filter(({ job }) => reached.has(job));
    const spelt = (all: typeof points) => all.map((p) => JSON.stringify(p)).sort();
    assert.deepEqual(spelt(await back.curves()), spelt(points));
  }
});

Deno.test("results of a version that recorded no commits are older ones, of an unknown commit", async () => {
  using reports = scratch();
  const { folder } = await publish(realistic(), reports.dir);
  await withoutVersions(join(folder, "results.duckdb"));
  const { experiments, jobs } = (await readPublished(folder))!;
  for (const { version } of experiments) {
    assert.deepEqual(version, { key: null, commit: null, older: true });
  }
  assert.deepEqual([...new Set(jobs.map(({ commit }) => commit))], [null]);
});

Deno.test("keys come from every profile; where nothing is published there are none", async () => {
  using reports = scratch();
  assert.deepEqual(await publishedKeys(join(reports.dir, "absent")), new Set());
  assert.equal(await readPublished(join(reports.dir, "absent")), undefined);
  const keysOf = ({ jobs, experiments }: PublishSource) => {
    const byKey = new Map(jobs.map((job) => [job.key, job]));
    return experiments.flatMap((e) => [...jobsOf(e, byKey).map(({ key }) => key), e.version.key!]);
  };
  const sources = [{ ...realistic(), profile: "quick" }, { ...awkward(), profile: "smoke" }];
  for (const source of sources) await publish(source, reports.dir);
  assert.deepEqual(
    [...await publishedKeys(reports.dir)].sort(),
    [...new Set(sources.flatMap(keysOf))].sort(),
  );
});

Deno.test("a database that cannot be read is named, with what to do", async () => {
  using reports = scratch();
  const { folder } = await publish(awkward(), reports.dir);
  writeFileSync(join(folder, "results.duckdb"), new Uint8Array(5000));
  const message = /results\.duckdb cannot be read: .*\n {2}Restore the file/;
  await assert.rejects(readPublished(folder), message);
  await assert.rejects(publishedKeys(reports.dir), message);
});
