/** @file The embedded builder: same bytes for the same results, swapped in as a whole. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { publish } from "../../pipeline/publish/publish.ts";
import { cellsQuery, verdictsQuery } from "../../pipeline/publish/recompute.ts";
import { buildSite } from "../../site/build.ts";
import { markdownToHtml } from "../../site/markdown.ts";
import { serveSite } from "../../site/serve.ts";
import { assertBuiltAgain, assertSameBytes, contents, inFolder } from "./built_again.ts";
import { awkward } from "./fixtures/awkward.ts";
import { realistic } from "./fixtures/realistic.ts";

// (Results of as many experiments as there are: tests/long/site.)
Deno.test("the same results give the same bytes", async () => {
  await assertSameBytes(awkward());
});

Deno.test("nothing is built when nothing changed; a lost page and new results are", async () => {
  await inFolder(async (folder) => {
    const dest = join(folder, "site");
    const { folder: reports } = await publish(realistic(), folder);
    assert.equal((await buildSite({ reports, dest })).upToDate, false);
    assert.equal((await buildSite({ reports, dest })).upToDate, true);
    await rm(join(dest, "data.html"));
    assert.equal((await buildSite({ reports, dest })).upToDate, false);
    const fewer = realistic();
    fewer.experiments.pop();
    await publish(fewer, folder);
    assert.equal((await buildSite({ reports, dest })).upToDate, false);
    assert.ok(!(await contents(dest)).has("experiments/depth-scaling.html"));
  });
});

Deno.test("missing results and a folder of somebody else's are clear errors", async () => {
  await inFolder(async (folder) => {
    const dest = join(folder, "site");
    await assert.rejects(
      buildSite({ reports: join(folder, "reports/quick"), dest }),
      /results\.duckdb does not exist.*deno task pipeline --profile quick/,
    );
    const { folder: reports } = await publish(realistic(), folder);
    await mkdir(dest);
    await writeFile(join(dest, "thesis.tex"), "years of work");
    await assert.rejects(buildSite({ reports, dest }), /not empty and was not built by this task/);
    assert.deepEqual(await readdir(dest), ["thesis.tex"]);
  });
});

Deno.test("a site that was edited is built again as it was", async () => {
  // (More damages: tests/long/site.)
  await assertBuiltAgain(["as long as before"]);
});

Deno.test("of builds at the same time one works and the others wait for it", async () => {
  await inFolder(async (folder) => {
    const { folder: reports } = await publish(realistic(), folder);
    const dest = join(folder, "site");
    const lock = await Deno.open(join(folder, ".site-lock"), { create: true, write: true });
    await lock.lock(true);
    const builds = Array.from({ length: 4 }, () => buildSite({ reports, dest }));
    const first = await Promise.race([
      ...builds,
      new Promise((go) => setTimeout(() => go("they wait"), 500)),
    ]);
    assert.equal(first, "they wait");
    lock.close();
    const built = await Promise.all(builds);
    assert.deepEqual(built.map(({ upToDate }) => upToDate).sort(), [false, true, true, true]);
    assert.equal((await buildSite({ reports, dest })).upToDate, true);
    assert.deepEqual((await readdir(folder)).sort(), [".site-lock", "quick", "site"]);
  });
});

Deno.test("a profile without experiments has a front page that says so", async () => {
  await inFolder(async (folder) => {
    const none = { ...realistic(), experiments: [], jobs: [] };
    const { folder: reports } = await publish(none, folder);
    await buildSite({ reports, dest: join(folder, "site") });
    assert.match(await readFile(join(folder, "site/index.html"), "utf8"), /No experiment has been/);
  });
});

Deno.test("a method's Markdown becomes HTML that cannot carry markup of its own", () => {
  const cases: [string, string][] = [
    [
      "a *b* **c** `*d*` & <i>",
      "<p>a <em>b</em> <strong>c</strong> <code>*d*</code> &amp; &lt;i&gt;</p>",
    ],
    ["one\ntwo\n\nthree", "<p>one two</p>\n<p>three</p>"],
    ["- a\n- b\n  more", "<ul><li>a</li><li>b more</li></ul>"],
    ["1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"],
    ["## T", "<h4>T</h4>"],
    ["```sh\nx < y\n\nz\n```", "<pre><code>x &lt; y\n\nz\n</code></pre>"],
    [
      "[l](https://e.org/?a=1&b=2)",
      '<p><a href="https://e.org/?a=1&amp;b=2" rel="external">l</a></p>',
    ],
    ["[l](javascript:alert(1))", "<p>[l](javascript:alert(1))</p>"],
    [
      '[l](https://e.org/"onclick=x)',
      '<p><a href="https://e.org/&quot;onclick=x" rel="external">l</a></p>',
    ],
    ["2 * 3 * 4", "<p>2 * 3 * 4</p>"],
    [
      '**"`L* < 1`, `b`"** and *`c`* _d `e_` f_',
      '<p><strong>"<code>L* &lt; 1</code>, <code>b</code>"</strong> and <em><code>c</code></em> <em>d <code>e_</code> f</em></p>'
        .replaceAll('"', "&quot;"),
    ],
    [
      "`[l](https://e.org)` \x000\x00 `$1`",
      "<p><code>[l](https://e.org)</code> 0 <code>$1</code></p>",
    ],
    ["", ""],
  ];
  for (const [markdown, html] of cases) assert.equal(markdownToHtml(markdown), html);
});

Deno.test("the server gives files of the site and nothing else", async () => {
  await inFolder(async (folder) => {
    await assert.rejects(serveSite(folder, 0), /holds no site; build it first/);
    const { folder: reports } = await publish(realistic(), folder);
    await buildSite({ reports, dest: join(folder, "site") });
    await writeFile(join(folder, "secret.txt"), "secret");
    const server = await serveSite(join(folder, "site"), 0);
    try {
      const get = async (path: string, method = "GET") => {
        const response = await fetch(new URL(path, server.url), { method });
        const { headers, status } = response;
        return { status, type: headers.get("content-type"), text: await response.text() };
      };
      assert.match((await get("/")).text, /How far do linear/);
      assert.equal((await get("/assets/style.css?v=1")).type, "text/css; charset=utf-8");
      assert.equal((await get("/index.html", "POST")).status, 405);
      for (const path of ["/..%2fsecret.txt", "/.built.json", "/none.html", "/assets", "/%zz"]) {
        const { status, text } = await get(path);
        assert.ok(status === 404 || status === 400, path);
        assert.ok(!text.includes("secret"));
      }
      const port = Number(new URL(server.url).port);
      await assert.rejects(
        serveSite(join(folder, "site"), port),
        new RegExp(`port ${port} is taken.*--port ${port + 1}`),
      );
    } finally {
      await server.close();
    }
  });
});

Deno.test("where results have scores, the pages print the queries that compute everything again, and offer the file", async () => {
  await inFolder(async (folder) => {
    const source = realistic();
    const [{ summary, runs }] = source.experiments;
    summary.scores = [{ run: Object.keys(runs)[0], metric: "gap closed", value: 0.5 }];
    const { folder: reports } = await publish(source, folder);
    const dest = join(folder, "site");
    await buildSite({ reports, dest });
    const page = async () => {
      // deno-lint-ignore no-explicit-any -- linkedom has no types for its elements
      const { document }: any = parseHTML(await readFile(join(dest, "data.html"), "utf8"));
      return [...document.querySelectorAll("pre code")].map((code) => code.textContent as string);
    };
    const printed = await page();
    assert.ok(printed.includes(cellsQuery) && printed.includes(verdictsQuery));
    const own = await readFile(join(reports, "scores.parquet"));
    assert.deepEqual(await readFile(join(dest, "downloads/scores.parquet")), own);
    // Results of earlier versions have none.
    delete summary.scores;
    await publish(source, folder);
    await buildSite({ reports, dest });
    assert.ok(!(await page()).includes(cellsQuery));
  });
});
