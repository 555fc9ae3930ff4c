/** @file What results say of themselves: commits with dates, and a citation. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  aboutTables,
  bibtex,
  commitDates,
  commitRecords,
  commitText,
  readCitation,
  versionText,
} from "../../../pipeline/publish/about.ts";
import { publish } from "../../../pipeline/publish/publish.ts";
import { readPublished } from "../../../pipeline/publish/published.ts";
import { readResults } from "../../../site/results.ts";
import { realistic } from "../../site/fixtures/realistic.ts";

const [A, B, C] = ["a", "b", "c"].map((digit) => digit.repeat(40));
const DATES = { [A]: "2026-11-26T23:30:00+01:00", [B]: "2026-11-26T23:00:00Z" };

Deno.test("commits are counted, the latest first whatever its zone, and say whether files had changed", () => {
  const tables = [A, B, `${A}-dirty`, A, C, null].map((commit) => ({ commit }));
  assert.deepEqual(commitRecords(tables, DATES), [
    { commit: B, date: DATES[B], dirty: false, tables: 1 },
    { commit: A, date: DATES[A], dirty: false, tables: 2 },
    { commit: A, date: DATES[A], dirty: true, tables: 1 },
    { commit: C, date: null, dirty: false, tables: 1 },
  ]);
  assert.deepEqual(commitRecords([{ commit: null }]), []);
});

Deno.test("versions are said in a few words", () => {
  const of = (...commits: (string | null)[]) =>
    versionText(commitRecords(commits.map((commit) => ({ commit })), DATES));
  assert.equal(of(null), "");
  assert.equal(of(A), "commit aaaaaaaaaa (2026-11-26)");
  assert.equal(of(C), "commit cccccccccc");
  assert.equal(of(`${A}-dirty`, A), "commit aaaaaaaaaa (2026-11-26), with changed files");
  assert.equal(of(A, B), "commit bbbbbbbbbb (2026-11-26), aaaaaaaaaa (2026-11-26)");
  assert.equal(of(A, B, C), "3 commits of 2026-11-26");
  const commits = commitRecords([{ commit: A }, { commit: B }, { commit: C }], {
    ...{ [A]: "2026-11-25T10:00:00Z", [B]: "2026-11-27T10:00:00Z" },
  });
  assert.equal(versionText(commits), "3 commits of 2026-11-25 to 2026-11-27");
  assert.equal(commitText(`${B}-dirty`, commits), "bbbbbbbbbb (2026-11-27), with changed files");
  assert.equal(commitText(C, commits), "cccccccccc");
  assert.equal(commitText(null, commits), "");
});

Deno.test("git knows when a commit was made; without git, and of a commit it lacks, nothing is said", async () => {
  const root = await mkdtemp(join(tmpdir(), "about-"));
  try {
    assert.deepEqual(commitDates(root, [A]), {});
    const git = async (...args: string[]) => {
      const { stdout, success } = await new Deno.Command("git", {
        args: ["-C", root, "-c", "user.name=n", "-c", "user.email=e@example.org", ...args],
        env: { GIT_COMMITTER_DATE: "2026-11-27T12:00:00+0100" },
      }).output();
      assert.ok(success, args.join(" "));
      return new TextDecoder().decode(stdout).trim();
    };
    await git("init", "-q");
    await writeFile(join(root, "file"), "x");
    await git("add", ".");
    await git("commit", "-qm", "first");
    const head = await git("rev-parse", "HEAD");
    assert.deepEqual(commitDates(root, [`${head}-dirty`, head, A, "HEAD", "--all"]), {
      [head]: "2026-11-27T12:00:00+01:00",
    });
  } finally {
    await rm(root, { recursive: true });
  }
});

Deno.test("a citation is that of CITATION.cff, with the profile and its version", async () => {
  const citation = readCitation(
    'cff-version: 1.2.0\ntitle: "a-b c"\nversion: 1.2.3\ndate-released: 2025-01-02\nlicense: MIT\n' +
      "repository-code: https://example.org/code\nauthors:\n  - name: The A authors\n  - name: B\n",
  );
  assert.equal(
    bibtex("quick", "commit abc", citation),
    [
      "@software{a_b_c,",
      "  title = {a-b c},",
      "  author = {{The A authors} and {B}},",
      "  version = {1.2.3},",
      "  year = {2025},",
      "  url = {https://example.org/code},",
      "  note = {Results of the profile quick, commit abc},",
      "}",
    ].join("\n"),
  );
  assert.equal(readCitation("").title, "deep-linear-ts");
  const own = readCitation();
  assert.equal(own.version, JSON.parse(await Deno.readTextFile("deno.json")).version);
  for (const part of [own.title, own.authors[0], own.licence, own.date]) assert.ok(part);
});

Deno.test("what results say of themselves is in the database, and is read back by the site and by the next run", async () => {
  const folder = await mkdtemp(join(tmpdir(), "about-"));
  try {
    const plain = realistic();
    const [first, ...others] = plain.experiments;
    const version = { ...first.version, commit: `${A}-dirty` };
    const source = {
      ...plain,
      experiments: [{ ...first, version }, ...others],
      commitDates: { [A]: DATES[A] },
    };
    const { folder: reports } = await publish(source, folder);
    const [about, commit] = aboutTables(source);
    assert.deepEqual(commit.rows, [[A, DATES[A], true, 1]]);
    assert.equal(about.rows.length, 1);
    const results = await readResults(reports);
    assert.equal(results.version, "commit aaaaaaaaaa (2026-11-26), with changed files");
    assert.deepEqual(results.commits, [{ commit: A, date: DATES[A], dirty: true, tables: 1 }]);
    assert.equal(results.citation, about.rows[0].at(-1));
    assert.match(results.citation, /^@software\{[^]*commit aaaaaaaaaa[^]*\}$/);
    const { commitDates } = (await readPublished(reports))!;
    assert.deepEqual(commitDates, { [A]: DATES[A] });
    // A date that becomes known is a reason to publish again.
    assert.equal((await publish(source, folder)).upToDate, true);
    assert.equal((await publish({ ...source, commitDates: {} }, folder)).upToDate, false);
  } finally {
    await rm(folder, { recursive: true });
  }
});
