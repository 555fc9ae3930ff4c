/**
 * @file The lab in a real browser: numbers of its pages are those that Deno finds, served and from a folder, with nothing asked of
 * anybody. Skipped where /usr/bin/chromium is absent.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { compile } from "../../../lib/engine/engines/jax.ts";
import { continued } from "../../../lib/text/generated.ts";
import { explanation } from "../../../pipeline/commands/generate/explanation.ts";
import { readModel } from "../../../pipeline/commands/generate/model_folder.ts";
import { publish } from "../../../pipeline/publish/publish.ts";
import { buildSite } from "../../../site/build.ts";
import { filterOnce, type Predictor } from "../../../site/lab/filter/filter.ts";
import { trainOnce } from "../../../site/lab/training/training.ts";
import { serveSite } from "../../../site/serve.ts";
import { CHROMIUM, launch } from "../../site/chromium.ts";
import { realistic } from "../../site/fixtures/realistic.ts";

const chromium = { ignore: !existsSync(CHROMIUM), sanitizeOps: false, sanitizeResources: false };
const MODEL = fileURLToPath(new URL("../../../data/models/linear", import.meta.url));
/** A machine with other work takes long. */
const PATIENCE = { timeout: 120_000 };

interface Places {
  browser: Browser;
  /** Addresses of the site: of a server, and of its folder. */
  served: string;
  folder: string;
}

async function withSite(work: (places: Places) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "lab-"));
  const { folder: reports } = await publish(realistic(), folder);
  const dest = join(folder, "site");
  await buildSite({ reports, dest });
  const server = await serveSite(dest, 0);
  const browser = await launch();
  try {
    const address = pathToFileURL(dest).href;
    await work({ browser, served: server.url, folder: `${address}/` });
  } finally {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
}

/** A page that complains of every message, error and request of another origin. */
async function opened(browser: Browser, site: string, path: string, width = 390) {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(site) && !url.startsWith("blob:")) problems.push(url);
  });
  await page.goto(site + path);
  return { page, problems };
}

const said = (page: Page, pattern: RegExp) =>
  page.locator("#lab-status").filter({ hasText: pattern }).waitFor(PATIENCE);

/** No part of it is cut off or wider than the screen. */
const fits = async (page: Page) =>
  assert.equal(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0);

Deno.test({
  ...chromium,
  name: "the page on filtering finds what Deno finds, to 1e-9 of it, served and from a folder",
  fn: () =>
    withSite(async ({ browser, served, folder }) => {
      for (const [site, lambda, seed] of [[served, 0.92, 0], [folder, 0.98, 5]] as const) {
        const { page, problems } = await opened(
          browser,
          site,
          `lab/filter.html#lambda=${lambda}&seed=${seed}`,
        );
        await said(page, /filtered and solved/);
        const found = await page.locator("#lab-numbers td[data-value]").evaluateAll((cells) =>
          // deno-lint-ignore no-explicit-any -- cells, in the browser
          (cells as any[]).map((cell) => [
            cell.parentElement.firstChild.textContent,
            Number(cell.dataset.value),
          ])
        ) as [string, number][];
        let predictors: Predictor[] = [];
        filterOnce({ lambda, seed, sequences: 1 }, (exact) => predictors = exact.predictors);
        assert.deepEqual(
          found.map(([label]) => label).sort(),
          predictors.map(({ label }) => label).sort(),
        );
        for (const [label, value] of found) {
          const { excess } = predictors.find((one) => one.label === label)!;
          assert.ok(Math.abs(value - excess) <= 1e-9 * excess, `${label}: ${value}, ${excess}`);
        }
        assert.equal(await page.locator("#lab-result svg.plot").count(), 2);
        await fits(page);
        const before = await page.locator("#lab-numbers").innerText();
        await page.getByRole("button", { name: "Next seed" }).click();
        await said(page, new RegExp(`^System ${seed + 1} at`));
        assert.notEqual(await page.locator("#lab-numbers").innerText(), before);
        assert.ok(page.url().endsWith(`seed=${seed + 1}`));
        // By keyboard alone: the arrow keys choose another lambda.
        await page.locator(`input[value="${lambda}"]`).focus();
        await page.keyboard.press("ArrowRight");
        await said(page, new RegExp(`at λ ${lambda === 0.92 ? 0.96 : 0.99}:`));
        assert.deepEqual(problems, []);
      }
    }),
});

Deno.test({
  ...chromium,
  name: "the page on language writes what the command writes, and explains every token as it does",
  fn: () =>
    withSite(async ({ browser, served, folder }) => {
      const model = await readModel(MODEL);
      for (const [site, seed] of [[served, 0], [folder, 3]] as const) {
        const prompt = "We the people, in";
        const settings = new URLSearchParams({ prompt, tokens: "25", seed: String(seed) });
        const { page, problems } = await opened(browser, site, `lab/text.html#${settings}`);
        await said(page, /^25 tokens in/);
        const drawn = [...continued(model, prompt, 25, seed, { temperature: 0.8, topP: 0.9 })];
        const tokens = page.locator("#lab-text [role=button]");
        assert.equal(await tokens.count(), 25);
        await tokens.first().focus();
        const lines: (string | null)[] = [];
        await page.keyboard.press("Enter");
        for (let i = 0; i < 25; i++) {
          lines.push(await page.locator("#lab-line").textContent());
          await page.keyboard.press("ArrowRight");
        }
        assert.deepEqual(lines, drawn.map(explanation));
        assert.equal(await page.locator("#lab-text [aria-pressed=true]").count(), 1);
        await fits(page);
        await page.locator("[name=prompt]").fill("日本");
        await page.getByRole("button", { name: "Write" }).click();
        await said(page, /does not occur in the text that the model learned from/);
        assert.equal(await page.locator("#lab-result").isVisible(), false);
        assert.deepEqual(problems, []);
      }
    }),
});

Deno.test({
  ...chromium,
  name:
    "the page on forecasting finds what deno task forecast finds, for the example and for a file that is dropped",
  fn: () =>
    withSite(async ({ browser, served, folder }) => {
      const csv = await Deno.makeTempFile({ suffix: ".csv" });
      const rows = Array.from({ length: 300 }, (_, t) => {
        const date = new Date(Date.UTC(2024, 0, 1 + t)).toISOString().slice(0, 10);
        return `${date};${(5 + Math.sin(t * 0.9) + t / 90).toFixed(2).replace(".", ",")};${
          (3 * t * t) % 11
        }`;
      });
      await Deno.writeTextFile(csv, `day;heat;<b>load</b>\n${rows.join("\n")}\n`);
      try {
        for (
          const [site, chosen, sizes] of [
            [served, "co2-monthly", [48, 12]],
            [folder, csv, [21, 7]],
          ] as const
        ) {
          const [lookback, horizon] = sizes;
          const flags = [
            "--lookback",
            `${lookback}`,
            "--horizon",
            `${horizon}`,
            "--json",
            "--depths",
            "none",
          ];
          const command = await new Deno.Command(Deno.execPath(), {
            args: ["task", "-q", "forecast", chosen, ...flags],
            cwd: fileURLToPath(new URL("../../..", import.meta.url)),
          }).output();
          const expected: Record<string, number | string>[] =
            JSON.parse(new TextDecoder().decode(command.stdout)).rows;
          const { page, problems } = await opened(browser, site, "lab/forecast.html");
          await said(page, /read, fitted, scored and traced/);
          if (chosen === csv) {
            await page.locator("[name=file]").setInputFiles(csv);
            await said(page, /^tmp.*|.*\.csv: looks back/);
          }
          await page.locator("[name=lookback]").fill(String(lookback));
          await page.locator("[name=horizon]").fill(String(horizon));
          await page.getByRole("button", { name: "Forecast", exact: true }).click();
          await said(page, new RegExp(`looks back on ${lookback} rows, forecasts ${horizon};`));
          const found = await page.locator("#lab-table tbody tr").evaluateAll((rows) =>
            // deno-lint-ignore no-explicit-any -- rows, in the browser
            (rows as any[]).map((row) => [
              row.firstChild.textContent.replace(" (chosen)", ""),
              ...[...row.cells].slice(1).map((cell) => Number(cell.dataset.value)),
            ])
          );
          assert.deepEqual(found.map(([model]) => model), expected.map(({ model }) => model));
          for (const [i, [, ...values]] of found.entries()) {
            const row = expected[i];
            const wanted = ["mse", "mae", "mase", "skill", "validation_mse"].map((id) =>
              Number(row[id])
            );
            for (const [k, value] of values.entries()) {
              assert.ok(
                Math.abs(value - wanted[k]) <= 1e-9 * Math.max(1, Math.abs(wanted[k])),
                `${row.model} ${k}`,
              );
            }
          }
          // The parts of any step sum to its forecast.
          for (const step of [1, horizon]) {
            await page.locator("[name=step]").fill(String(step));
            const adds = await page.locator("#lab-parts td[data-value]").evaluateAll((cells) =>
              // deno-lint-ignore no-explicit-any -- cells, in the browser
              (cells as any[]).map((cell) => Number(cell.dataset.value))
            );
            const total = adds.pop()!;
            assert.ok(
              Math.abs(adds.reduce((sum, value) => sum + value, 0) - total) <
                1e-8 * Math.abs(total),
            );
          }
          assert.equal(await page.locator("#lab-result svg.plot").count(), 2);
          if (chosen === csv) {
            await page.locator("[name=column]").selectOption({ label: "<b>load</b>" });
            assert.equal(await page.locator("#lab-title").innerText(), "<b>load</b>");
          }
          await fits(page);
          const download = page.waitForEvent("download");
          await page.getByRole("button", { name: "Save the forecast" }).click();
          assert.equal((await download).suggestedFilename(), "forecast.csv");
          assert.deepEqual(problems, []);
        }
      } finally {
        await Deno.remove(csv);
      }
    }),
});

Deno.test({
  ...chromium,
  name:
    "the page on training gives the loss that Deno gives, to the bit on WebAssembly, and stops when told",
  fn: () =>
    withSite(async ({ browser, served, folder }) => {
      const question = {
        ...{ what: "filtering" as const, lambda: 0.9, seed: 2, steps: 12, rate: 0.02 },
      };
      const { loss } = await trainOnce(question, compile, () => {});
      const settings = new URLSearchParams(
        Object.entries({ ...question, engine: "wasm" }).map((
          [name, value],
        ) => [name, String(value)]),
      );
      for (const site of [served, folder]) {
        const { page, problems } = await opened(browser, site, `lab/training.html#${settings}`);
        await said(page, /Press Train/);
        await page.getByRole("button", { name: "Train" }).click();
        await said(page, /^12 steps on WebAssembly in/);
        const found = await page.locator("#lab-result").getAttribute("data-loss");
        assert.equal(Number(found), loss);
        assert.equal(await page.locator("#lab-result svg.plot").count(), 2);
        await fits(page);
        if (site === served) {
          await page.locator("[name=steps]").fill("5000");
          await page.getByRole("button", { name: "Train" }).click();
          await said(page, /^Step \d+ of 5000/);
          await page.getByRole("button", { name: "Stop" }).click();
          await said(page, /^Stopped at step \d+\./);
          // What is said of filtering gives way to what is said of parity, which is learned in half a minute.
          await page.locator("input[value=deltanet-negative]").check({ force: true });
          assert.equal(await page.locator("[name=steps]").inputValue(), "120");
          assert.equal(await page.locator("fieldset[data-of=filtering]").isVisible(), false);
          await page.getByRole("button", { name: "Train" }).click();
          await said(page, /^120 steps on WebAssembly in/);
          const right = await page.locator("#lab-closed").innerText();
          assert.match(right, /^Right at positions 13 to 64, .*: (9[5-9]\.\d|100\.0)/);
          await fits(page);
        }
        assert.deepEqual(problems, []);
      }
    }),
});

Deno.test({
  ...chromium,
  name: "without JavaScript every page says what it would do, and no other page loads its script",
  fn: () =>
    withSite(async ({ browser, served }) => {
      const context = await browser.newContext({ javaScriptEnabled: false });
      const page = await context.newPage();
      const requests: string[] = [];
      page.on("request", (request) => requests.push(request.url()));
      await page.goto(`${served}lab.html`);
      const links = await page.locator(".labs a").evaluateAll((all) =>
        // deno-lint-ignore no-explicit-any -- links, in the browser
        (all as any[]).map(({ href }) => href as string)
      );
      assert.ok(links.length >= 2);
      assert.equal(requests.some((url) => url.endsWith(".js")), false);
      for (const link of links) {
        await page.goto(link);
        assert.match(await page.locator("main").innerText(), /With JavaScript this page/);
        assert.equal(await page.locator("form").isVisible(), false);
      }
    }),
});
