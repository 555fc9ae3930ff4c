/** @file What publish leaves in `reports/<profile>/`, read back with DuckDB. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publish } from "../../pipeline/publish/publish.ts";
import { formatInterval, formatNumber } from "../../pipeline/publish/format.ts";
import { isCell } from "../../pipeline/results.ts";
import { query } from "../pipeline/publish/query.ts";
import { awkward } from "./fixtures/awkward.ts";
import { realistic } from "./fixtures/realistic.ts";

async function inFolder(work: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "publish-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function hashes(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) {
    found[name] = createHash("sha256").update(await readFile(join(folder, name))).digest("hex");
  }
  return found;
}

Deno.test("publish writes the same Markdown and Parquet bytes for the same results", async () => {
  await inFolder(async (folder) => {
    for (const source of [realistic(), awkward()]) {
      const a = await publish(source, join(folder, "a"));
      const b = await publish(source, join(folder, "b"));
      assert.equal(a.upToDate, false);
      const [left, right] = [await hashes(a.folder), await hashes(b.folder)];
      assert.deepEqual(Object.keys(left), [...a.written, "published.json"].sort());
      for (const name of a.written.filter((name) => name !== "results.duckdb")) {
        assert.equal(left[name], right[name], name);
      }
    }
  });
});

Deno.test("the database holds every cell, its text and the jobs behind it", async () => {
  await inFolder(async (reports) => {
    for (const source of [realistic(), awkward()]) {
      const { folder } = await publish(source, reports);
      const database = join(folder, "results.duckdb");
      const cells = await query(database, "SELECT *, n::DOUBLE AS size FROM cell");
      const links = await query(database, "SELECT * FROM provenance JOIN job ON job = key");
      let expected = 0;
      for (const { meta, summary, runs } of source.experiments) {
        for (const [r, row] of summary.rows.entries()) {
          for (const { id, format } of summary.columns) {
            const value = row[id];
            const found = cells.filter((c) =>
              c.experiment === meta.id && c.row === r && c.column === id
            );
            assert.equal(found.length, value === undefined ? 0 : 1);
            if (value === undefined) continue;
            expected++;
            const [cell] = found;
            if (!isCell(value)) {
              assert.equal(cell.kind, "label");
              assert.equal(cell.text, String(value));
              continue;
            }
            const { low, high, n } = value;
            assert.deepEqual(
              [cell.kind, cell.value, cell.low, cell.high, cell.size, cell.text, cell.interval],
              [
                ...["measured", value.value, low ?? null, high ?? null, n ?? null],
                formatNumber(value.value, format),
                low === undefined || high === undefined ? null : formatInterval(low, high, format),
              ],
            );
            const behind = links.filter((l) =>
              l.experiment === meta.id && l.row === r && l.column === id
            );
            assert.deepEqual(
              behind.map((l) => l.job).sort(),
              value.runs.map((name) => runs[name]).sort(),
            );
          }
        }
      }
      assert.equal(cells.length, expected);
      const jobs = await query(database, "SELECT key FROM job");
      assert.equal(jobs.length, source.jobs.length);
      const curves = await query(database, "SELECT count(*)::INTEGER AS n FROM curve");
      assert.equal(curves[0].n, (await source.curves()).length);
    }
  });
});

Deno.test("a Parquet file has a column for each end of an interval, NULL for missing", async () => {
  await inFolder(async (reports) => {
    const { folder } = await publish(awkward(), reports);
    const read = (name: string) => query(":memory:", `FROM '${join(folder, name)}'`);
    const rows = await read("strange.parquet");
    assert.deepEqual(Object.keys(rows[0]), [
      ...["name", "x", "loss", "loss_low", "loss_high", "loss_n", "share", "time"],
    ]);
    assert.equal(rows.length, 6);
    assert.ok(Number.isNaN(rows[0].loss));
    assert.deepEqual(
      [rows[1].loss, rows[1].loss_low, rows[1].loss_high, rows[1].loss_n, rows[1].share],
      [1.5e15, 1e3, Infinity, 1n, null],
    );
    assert.deepEqual(Object.values(rows[5]), Array(8).fill(null));
    assert.deepEqual(await read("single-row.parquet"), [{ value: 42 }]);
    assert.deepEqual(await read("empty-table.parquet"), []);
  });
});

Deno.test("the database keeps to storage version 1.0.0", async () => {
  await inFolder(async (reports) => {
    const { folder } = await publish(realistic(), reports);
    const header = await readFile(join(folder, "results.duckdb"));
    assert.equal(header.subarray(8, 12).toString(), "DUCK");
    // The version number of the storage format; 64 is what DuckDB 1.0.0 writes.
    assert.equal(header.readBigUInt64LE(12), 64n);
  });
});

Deno.test("nothing is written when nothing changed, and damage is repaired", async () => {
  await inFolder(async (reports) => {
    const first = await publish(realistic(), reports);
    const before = await hashes(first.folder);
    assert.equal((await publish(realistic(), reports)).upToDate, true);
    assert.deepEqual(await hashes(first.folder), before);

    const table = join(first.folder, "depth-scaling.md");
    for (const damage of [() => writeFile(table, "edited"), () => rm(table)]) {
      await damage();
      assert.equal((await publish(realistic(), reports)).upToDate, false);
      assert.equal((await hashes(first.folder))["depth-scaling.md"], before["depth-scaling.md"]);
    }

    const changed = realistic();
    changed.experiments[0].summary.verdict.outcome = "refuted";
    assert.equal((await publish(changed, reports)).upToDate, false);
    assert.notDeepEqual(await hashes(first.folder), before);
  });
});

Deno.test("files of an experiment that is gone are removed, a reader's own are kept", async () => {
  await inFolder(async (reports) => {
    const { folder } = await publish(realistic(), reports);
    await writeFile(join(folder, "notes.md"), "mine");
    await mkdir(join(folder, ".publish-killed"));
    const fewer = realistic();
    fewer.experiments.shift();
    const { removed } = await publish(fewer, reports);
    assert.deepEqual(removed.sort(), ["eigenvalue-sweep.md", "eigenvalue-sweep.parquet"]);
    assert.deepEqual((await readdir(folder)).sort(), [
      ...["depth-scaling.md", "depth-scaling.parquet", "notes.md"],
      ...["published.json", "results.duckdb"],
    ]);
    const none = await publish({ ...fewer, experiments: [], jobs: [] }, reports);
    assert.deepEqual(none.written, ["results.duckdb"]);
  });
});

Deno.test("whatever is published is published again when it changed, and only then", async () => {
  await inFolder(async (reports) => {
    await publish(realistic(), reports);
    const changes: Record<string, (source: ReturnType<typeof realistic>) => void> = {
      meta: ({ experiments }) => experiments[0].meta.title += "!",
      number: ({ experiments }) => experiments[1].summary.verdict.reason += "!",
      run: ({ experiments }) =>
        experiments[1].runs.another = experiments[1].runs["horizon=96/model=ols"],
      job: ({ jobs }) => jobs[0].seconds = 99,
      machine: ({ machines }) => machines.push({ id: "m9", description: "another" }),
    };
    for (const [what, change] of Object.entries(changes)) {
      const source = realistic();
      change(source);
      assert.equal((await publish(source, reports)).upToDate, false, what);
      assert.equal((await publish(source, reports)).upToDate, true, what);
    }
    // The order in which the runs are found says nothing.
    const turned = realistic();
    await publish(turned, reports);
    const [{ runs }] = turned.experiments;
    turned.experiments[0].runs = Object.fromEntries(Object.entries(runs).toReversed());
    assert.equal((await publish(turned, reports)).upToDate, true);
    // A job's curve changes only with its job.
    const curves = realistic();
    curves.curves = () => Promise.resolve([]);
    assert.equal((await publish(curves, reports)).upToDate, true);
    for (const stamp of ["{", '{"source":"x","files":null}']) {
      await writeFile(join(reports, curves.profile, "published.json"), stamp);
      assert.equal((await publish(realistic(), reports)).upToDate, false, stamp);
    }
  });
});

Deno.test("without a stamp only a table beside its Parquet file can be one that was published", async () => {
  await inFolder(async (reports) => {
    const { folder } = await publish(realistic(), reports);
    const mine = ["only.md", "only2.parquet", "both.md.txt", "pair.md", "pair.parquet"];
    for (const name of mine) await writeFile(join(folder, name), "mine");
    // With a stamp nothing is ours that it does not name.
    const changed = realistic();
    changed.experiments[0].meta.title += "!";
    assert.deepEqual((await publish(changed, reports)).removed, []);
    await rm(join(folder, "published.json"));
    const { removed } = await publish(realistic(), reports);
    assert.deepEqual(removed.sort(), ["pair.md", "pair.parquet"]);
    const names = await readdir(folder);
    for (const name of mine.slice(0, 3)) assert.ok(names.includes(name), name);
  });
});

Deno.test("an id that cannot name a file, or names another's, is refused", async () => {
  await inFolder(async (reports) => {
    const named = (ids: string[], profile = "quick") => {
      const source = realistic();
      const [first] = source.experiments;
      const experiments = ids.map((id) => ({ ...first, meta: { ...first.meta, id } }));
      return publish({ ...source, profile, experiments }, reports);
    };
    for (const id of ["results", "A", "1a", "a_b", "a.b", "", "a/b", "-a"]) {
      await assert.rejects(named([id]), /"results" is taken|cannot name a file/, id);
    }
    await assert.rejects(named(["a", "b", "a"]), /two experiments have the id "a"/);
    await assert.rejects(named(["a"], "../up"), /profile "\.\.\/up" cannot name a file/);
    assert.deepEqual(await readdir(reports), []);
    // A profile may be called as an experiment is.
    const { written } = await named(["a", "quick", "b-2"]);
    assert.deepEqual(written.filter((name) => name.endsWith(".md")), [
      ...["a.md", "quick.md", "b-2.md"],
    ]);
    assert.equal((await named(["a"], "results")).upToDate, false);
  });
});

Deno.test("a result without its source is refused and leaves the folder as it was", async () => {
  await inFolder(async (reports) => {
    const { folder } = await publish(realistic(), reports);
    const before = await hashes(folder);
    const uncited = realistic();
    delete uncited.experiments[1].runs["horizon=96/model=ols"];
    const lost = realistic();
    lost.jobs.splice(0, 1);
    const twice = realistic();
    twice.experiments[1].meta.id = "eigenvalue-sweep";
    const path = realistic();
    path.experiments[0].meta.id = "../up";
    for (
      const [source, message] of [
        [uncited, /"depth-scaling", row 2, column "mse" cites run "horizon=96\/model=ols"/],
        [lost, /input "data" of job ".*" names job \w+, which the catalogue does not hold/],
        [twice, /two experiments have the id "eigenvalue-sweep"/],
        [path, /experiment id "\.\.\/up" cannot name a file/],
      ] as const
    ) {
      await assert.rejects(publish(source, reports), message);
      assert.deepEqual(await hashes(folder), before);
    }
  });
});

Deno.test("the Markdown says verdict, seeds, machine and command, and escapes what it quotes", async () => {
  await inFolder(async (reports) => {
    const { folder } = await publish(realistic(), reports);
    const text = await readFile(join(folder, "eigenvalue-sweep.md"), "utf8");
    for (
      const part of [
        "**Verdict: illustration only.** With two seeds",
        "| 0.99 | Transformer | 1.1532 [1.1360, 1.1704] | 74.6 % [68.6, 77.6] |",
        "seeds 0, 1; engine ort 1.30.0",
        "Machine: 2 cores, Intel Xeon 2.8 GHz, 8 GiB, Linux x86_64.",
        "deno task pipeline --profile quick --only eigenvalue-sweep",
      ]
    ) assert.ok(text.includes(part), `${part}\n${text}`);
    const strange = await readFile(join((await publish(awkward(), reports)).folder, "strange.md"));
    const [quoted] = strange.toString().split("## Method");
    assert.ok(!quoted.includes("<script>"));
    const widths = quoted.split("\n").filter((line) => line.startsWith("| "))
      .map((line) => line.match(/(?<!\\)\|/g)!.length);
    assert.deepEqual(widths, Array(8).fill(6));
  });
});
