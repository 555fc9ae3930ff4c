/** @file Reports in prose: every number in them is one of a published table. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Prose } from "../../../pipeline/publish/prose.ts";
import { readPublished } from "../../../pipeline/publish/published.ts";
import {
  report,
  reportsState,
  reportTemplates,
  writeReports,
} from "../../../pipeline/publish/reports.ts";
import type { ExperimentRecord } from "../../../pipeline/publish/source.ts";
import { meta, VERSION } from "../../site/fixtures/records.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const record: ExperimentRecord = {
  meta: meta("speed", { title: "Speed" }),
  summary: {
    columns: [
      { id: "model", label: "model", format: "text" },
      { id: "depth", label: "depth" },
      { id: "gap", label: "gap", format: "percent" },
      { id: "mse", label: "MSE", format: "fixed3" },
    ],
    rows: [
      { model: "a", depth: 1, gap: { value: 0.25, low: 0.2, high: 0.3, runs: ["r"] } },
      { model: "a", depth: 20, gap: { value: 0.5, runs: ["r"] }, mse: { value: 1, runs: ["r"] } },
      { model: "b", depth: 20, mse: { value: NaN, runs: ["r"] } },
    ],
    verdict: { outcome: "refuted", rule: "r", reason: "because of 3." },
    findings: ["one is 1", "two is 2"],
    plots: [],
  },
  runs: {},
  version: { ...VERSION, commit: "0123456789abcdef", older: true },
};
const prose = new Prose([record]);

Deno.test("a number is written as its table writes it, with its interval or without", () => {
  const shallow = { model: "a", depth: 1 };
  assert.equal(prose.value("speed", shallow, "gap"), "25.0 % [20.0, 30.0]");
  assert.equal(prose.number("speed", shallow, "gap"), "25.0 %");
  assert.equal(prose.value("speed", { model: "a", depth: 20 }, "gap"), "50.0 %");
  assert.equal(prose.value("speed", { model: "a", depth: 20 }, "mse"), "1.000");
  assert.equal(prose.number("speed", { model: "b" }, "mse"), "NaN");
  assert.equal(prose.value("speed", { model: "b" }, "depth"), "20");
  assert.equal(prose.value("speed", { depth: 1 }, "model"), "a");
  assert.equal(prose.verdict("speed"), "refuted");
  assert.equal(prose.reason("speed"), "because of 3.");
  assert.equal(prose.finding("speed", "two"), "two is 2");
  assert.deepEqual([prose.has("speed"), prose.has("speed", "x"), prose.has()], [true, false, true]);
});

Deno.test("what no table has cannot be said", () => {
  assert.throws(() => prose.verdict("sped"), /sped has not been published. Published: speed\./);
  assert.throws(
    () => prose.value("speed", { model: "c" }, "gap"),
    /speed: 0 rows have {"model":"c"}; expected one\. model: "a", "b"\./,
  );
  assert.throws(() => prose.value("speed", { model: "a" }, "gap"), /2 rows have/);
  assert.throws(() => prose.value("speed", {}, "gap"), /3 rows have {}; expected one/);
  assert.throws(
    () => prose.value("speed", { model: "b" }, "gap"),
    /the row {"model":"b"} has no gap\. Columns: model, depth, gap, mse\./,
  );
  assert.throws(() => prose.finding("speed", "is"), /2 findings have "is"; expected one/);
  assert.throws(() => prose.finding("speed", "three"), /0 findings/);
});

Deno.test("a template becomes a report that names the tables that it asked", async () => {
  const template =
    '# Title\n\n{{ if has("speed") }}It is {{ value("speed", { model: "a", depth: 1 }, "gap") }} & ' +
    '{{ verdict("speed") }}.{{ /if }}\n\n{{ if has("other") }}{{ verdict("other") }}{{ /if }}\n\n\n\nEnd.\n';
  const text = await report(template, "t.md", [record, { ...record, meta: meta("unused", {}) }]);
  assert.equal(
    text,
    "# Title\n\nIt is 25.0 % [20.0, 30.0] & refuted.\n\nEnd.\n\n---\n\nEvery number stands in a table that " +
      "`deno task pipeline --profile standard` makes: [speed](standard/speed.md) (commit 0123456789, an older version). " +
      "Brackets hold 95 % intervals.\n",
  );
  await assert.rejects(
    report('{{ value("speed", { model: "z" }, "gap") }}', "folder/t.md", [record]),
    /folder\/t\.md: speed: 0 rows have {"model":"z"}/,
  );
});

Deno.test("templates of all families are found; one that fails leaves the others; nothing is written twice", async () => {
  const folder = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "reports-"));
  try {
    assert.deepEqual(reportTemplates(folder), []);
    const put = (path: string, text: string) => {
      const full = join(folder, "pipeline/experiments", path);
      mkdirSync(join(full, ".."), { recursive: true });
      writeFileSync(full, text);
      return full;
    };
    const bad = put("a/zero.report.md", '{{ verdict("none") }}');
    put("b/one.report.md", '{{ verdict("speed") }}');
    put("b/other.md", "no template");
    mkdirSync(join(folder, "reports"));
    const names = reportTemplates(folder).map(({ name }) => name);
    assert.deepEqual(names, ["one", "zero"]);
    await assert.rejects(writeReports(folder, [record]), /zero\.report\.md: The experiment none/);
    assert.match(readFileSync(join(folder, "reports/one.md"), "utf8"), /^refuted\n/);
    assert.ok(!existsSync(join(folder, "reports/zero.md")));
    const states = [reportsState(folder)];
    writeFileSync(bad, '{{ reason("speed") }}');
    states.push(reportsState(folder));
    assert.deepEqual(await writeReports(folder, [record]), ["zero.md"]);
    states.push(reportsState(folder));
    assert.deepEqual(await writeReports(folder, [record]), []);
    assert.equal(reportsState(folder), states[2]);
    assert.equal(new Set(states).size, 3);
    writeFileSync(join(folder, "reports/one.md"), "edited");
    assert.deepEqual(await writeReports(folder, [record]), ["one.md"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("the reports of the repository are what its published tables say", async () => {
  const published = await readPublished(join(root, "reports/standard"));
  const templates = reportTemplates(root);
  assert.ok(templates.length > 0);
  for (const { name, path } of templates) {
    const text = await report(readFileSync(path, "utf8"), path, published!.experiments);
    assert.equal(readFileSync(join(root, "reports", `${name}.md`), "utf8"), text, name);
  }
});
