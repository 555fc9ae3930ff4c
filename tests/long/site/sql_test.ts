/** @file The SQL page: DuckDB in a real browser over the published database, nothing from outside. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publish } from "../../../pipeline/publish/publish.ts";
import { buildSite } from "../../../site/build.ts";
import { serveSite } from "../../../site/serve.ts";
import { CHROMIUM, launch } from "../../site/chromium.ts";
import { realistic } from "../../site/fixtures/realistic.ts";

Deno.test({
  name: "the SQL page answers from results.duckdb",
  ignore: !existsSync(CHROMIUM),
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = await mkdtemp(join(tmpdir(), "sql-"));
    const { folder: reports } = await publish(realistic(), folder);
    await buildSite({ reports, dest: join(folder, "site"), sql: true });
    const server = await serveSite(join(folder, "site"), 0);
    const browser = await launch();
    try {
      const context = await browser.newContext({ viewport: { width: 360, height: 800 } });
      const page = await context.newPage();
      const problems: string[] = [];
      page.on("console", (message) => problems.push(message.text()));
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(server.url) && !url.startsWith("blob:")) problems.push(url);
      });
      // A slow line: what is clicked before the script came must wait for it, and not load the page again.
      await page.route("**/sql/query.js", async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        await route.continue();
      });
      await page.goto(server.url);
      await page.getByRole("link", { name: "SQL" }).click();
      const ask = async (sql?: string) => {
        if (sql) await page.locator("#sql-query").fill(sql);
        await page.getByRole("button", { name: "Run" }).click();
        const status = page.locator("#sql-status");
        // DuckDB's 34 MB compile once: a machine with other work takes over half a minute.
        await status.filter({ hasNotText: "…" }).filter({ hasText: /./ }).waitFor({
          timeout: 180_000,
        });
        const rows = await page.locator("#sql-result tr").evaluateAll((rows) =>
          // deno-lint-ignore no-explicit-any -- table rows, in the browser
          (rows as any[]).map((row) => [...row.children].map((cell) => cell.textContent))
        );
        return { status: await status.innerText(), rows };
      };

      const first = await ask();
      assert.match(first.status, /^42 rows in \d+\.\d\d s\.$/);
      assert.deepEqual(first.rows[0], ["row", "column", "text", "interval", "n"]);
      assert.deepEqual(first.rows[1], ["0", "gap", "0.0 %", "", "2"]);

      const ratio = await ask(
        `SELECT text, value, low FROM cell WHERE "row" = 1 AND "column" = 'ratio' ORDER BY experiment`,
      );
      assert.match(ratio.status, /^1 row in /);
      assert.deepEqual(ratio.rows[1].slice(0, 2), ["1.0009", "1.0009"]);

      const structs = await ask("SELECT inputs FROM job WHERE stage = 'train' LIMIT 1");
      assert.match(structs.rows[1][0]!, /"name":"data"/);

      const typed = await ask(
        "SELECT 0.960 AS a, DATE '2024-02-29' AS a; SELECT 0.960 AS a, DATE '2024-02-29' AS a, -1.50::DECIMAL(38, 2) AS b",
      );
      assert.deepEqual(typed.rows, [["a", "a", "b"], ["0.960", "2024-02-29", "-1.50"]]);
      assert.equal(decodeURIComponent(new URL(page.url()).hash).includes("DECIMAL(38, 2)"), true);

      assert.equal(problems.join("\n"), "");
      const outside = await ask(`FROM read_csv('${server.url}downloads/none.csv')`);
      assert.match(outside.status, /disabled|Permission/i);
      assert.equal(outside.rows.length, 0);
      problems.length = 0;
      const wrong = await ask("SELECT nothing FROM nowhere");
      assert.match(wrong.status, /nowhere does not exist/);
      assert.equal(wrong.rows.length, 0);

      // DuckDB's worker writes the error to the console itself.
      assert.ok(problems.every((problem) => problem.includes("nowhere does not exist")));
      assert.equal(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0);
    } finally {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true });
    }
  },
});
