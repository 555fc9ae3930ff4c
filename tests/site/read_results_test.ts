/** @file What the site reads of a published folder is what was published. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { publish } from "../../pipeline/publish/publish.ts";
import { jobsOf, type PublishSource } from "../../pipeline/publish/source.ts";
import { buildSite } from "../../site/build.ts";
import { readResults, type Results } from "../../site/results.ts";
import { withoutVersions } from "../pipeline/publish/earlier.ts";
import { awkward } from "./fixtures/awkward.ts";
import { leaderboard } from "./fixtures/leaderboard.ts";
import { realistic } from "./fixtures/realistic.ts";

async function publishedAndRead(source: PublishSource): Promise<Results> {
  const folder = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "read-"));
  try {
    return await readResults((await publish(source, folder)).folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const source of [awkward(), leaderboard(), realistic()]) {
  const names = source.experiments.map(({ meta }) => meta.id);
  Deno.test(`experiments, cells and jobs are read as they were published: ${names.join(", ")}`, async () => {
    const { profile, experiments, machines, files } = await publishedAndRead(source);
    assert.equal(profile, source.profile);
    assert.deepEqual(experiments.map(({ id }) => id), names); // in the order of the source
    assert.deepEqual(
      [...machines],
      source.machines.map(({ id, description }) => [id, description]),
    );
    assert.deepEqual(
      files.map(({ name }) => name),
      ["results.duckdb", ...names.flatMap((id) => [`${id}.md`, `${id}.parquet`])],
    );
    const records = new Map(source.jobs.map((job) => [job.key, job]));
    for (const [e, experiment] of source.experiments.entries()) {
      const { meta, summary, runs } = experiment;
      const found = experiments[e];
      const { title, question, hypothesis, method, command, outcome, rule, reason } = found;
      assert.deepEqual(
        { id: found.id, title, question, hypothesis, method, command },
        { ...meta },
      );
      assert.deepEqual({ outcome, rule, reason }, summary.verdict);
      const { columns, plots, findings } = found;
      assert.deepEqual({ columns, plots, findings }, {
        columns: summary.columns,
        plots: summary.plots,
        findings: summary.findings,
      });
      assert.equal(found.rows.length, summary.rows.length);
      for (const [r, row] of summary.rows.entries()) {
        assert.deepEqual([...found.rows[r].keys()].toSorted(), Object.keys(row).toSorted());
        for (const [column, value] of Object.entries(row)) {
          const { text: _, interval: __, ...cell } = found.rows[r].get(column)!;
          const nothing = { value: null, low: null, high: null, n: null, runs: [] };
          if (typeof value !== "object") {
            const number = typeof value === "number" ? { value } : {};
            assert.deepEqual(cell, { ...nothing, kind: "label", ...number });
          } else {
            const cited = [...new Set(value.runs)].map((run) => ({ run, job: runs[run] }));
            assert.deepEqual(cell, { ...nothing, kind: "measured", ...value, runs: cited });
          }
        }
      }
      const byKey = (a: { key: string }, b: { key: string }) => a.key < b.key ? -1 : 1;
      // A table without a cell cites nothing.
      const cited = summary.rows.length ? jobsOf(experiment, records) : [];
      assert.deepEqual(found.jobs.toSorted(byKey), cited.toSorted(byKey));
    }
  });
}

Deno.test("a table of an older version is marked quietly on its page and in its provenance, others are not", async () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const source = realistic();
  const [first, second] = source.experiments;
  first.version = { key: "k", commit, older: true };
  source.jobs[0].commit = commit;
  const folder = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "older-"));
  const said = "Of an older version (commit 0123456789): since then the code";
  const page = (kind: string, id: string, dest: string) =>
    readFileSync(join(folder, dest, kind, `${id}.html`), "utf8");
  try {
    const reports = (await publish(source, folder)).folder;
    await buildSite({ reports, dest: join(folder, "site") });
    for (const kind of ["experiments", "provenance"]) {
      assert.ok(page(kind, first.meta.id, "site").includes(`<p class="older">${said}`), kind);
      assert.doesNotMatch(page(kind, second.meta.id, "site"), /older version/);
    }
    const row = page("provenance", `${first.meta.id}/1`, "site");
    assert.equal(row.split("commit <code>0123456789</code>").length, 2);
    assert.match(page("experiments", first.meta.id, "site"), /Code: commit 0123456789\./);
    // Results that an earlier version published say nothing about theirs, and are older ones.
    await withoutVersions(join(reports, "results.duckdb"));
    await buildSite({ reports, dest: join(folder, "again") });
    for (const { meta } of source.experiments) {
      assert.match(
        page("experiments", meta.id, "again"),
        /<p class="older">Of an older version: s/,
      );
    }
    assert.doesNotMatch(page("provenance", `${first.meta.id}/1`, "again"), /commit <code>/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
