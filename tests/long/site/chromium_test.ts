/**
 * @file The built site in a real browser: what a reader sees on a wide page and on a phone, in dark
 * and light, with and without JavaScript. Skipped where /usr/bin/chromium is absent.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { publish } from "../../../pipeline/publish/publish.ts";
import { buildSite } from "../../../site/build.ts";
import { serveSite } from "../../../site/serve.ts";
import { CHROMIUM, launch } from "../../site/chromium.ts";
import { awkward } from "../../site/fixtures/awkward.ts";
import { leaderboard } from "../../site/fixtures/leaderboard.ts";
import { realistic } from "../../site/fixtures/realistic.ts";

/** What is seen of one page; runs in the browser. */
const LOOK = `(() => {
  const visible = (e) => e.getClientRects().length > 0;
  const backs = new Map();
  const behind = (e) => {
    if (!backs.has(e)) {
      const own = getComputedStyle(e).backgroundColor;
      const clear = own === "rgba(0, 0, 0, 0)" && e.parentElement;
      backs.set(e, clear ? behind(e.parentElement) : own);
    }
    return backs.get(e);
  };
  const color = (e) => getComputedStyle(e).color;
  const clip = (e) => e.closest(".scroll, .equation, .visually-hidden, .skip, svg");
  return {
    title: document.title,
    text: document.body.innerText,
    scheme: getComputedStyle(document.body).backgroundColor,
    overflow: document.documentElement.scrollWidth - innerWidth,
    outside: [...document.querySelectorAll("body *")].filter((e) => !clip(e) && visible(e))
      .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
      .map((e) => e.tagName + "." + e.className),
    ids: [...document.querySelectorAll("[id]")].map((e) => e.id),
    links: [...document.querySelectorAll("a[href]")].map((e) => e.href),
    resources: performance.getEntriesByType("resource").map((e) => e.name),
    landmarks: ["header", "nav", "main", "footer", "h1"].map((s) => document.querySelectorAll(s).length),
    headings: [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((e) => +e.tagName[1]),
    plots: [...document.querySelectorAll("svg.plot")].filter(visible).map((e) => ({
      width: e.getBoundingClientRect().width,
      textSize: e.getBoundingClientRect().width / e.viewBox.baseVal.width *
        parseFloat(getComputedStyle(e.querySelector("text")).fontSize),
      ink: color(e),
    })),
    cells: [...document.querySelectorAll("table.results tbody tr")].map((tr) =>
      [...tr.children].map((td) => ({
        text: (td.querySelector("a") ?? td).innerText.trim(),
        interval: td.querySelector("small")?.innerText.trim() ?? null,
        href: td.querySelector("a")?.href ?? null,
      }))),
    contrast: [...new Map([...document.querySelectorAll("body *")].filter((e) =>
      !e.closest("svg") && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
    ).filter(visible).map((e) => {
      const found = [e.tagName + "." + e.className, color(e), behind(e)];
      return [found.join(), found];
    })).values()],
  };
})()`;

interface Look {
  title: string;
  text: string;
  scheme: string;
  overflow: number;
  outside: string[];
  ids: string[];
  links: string[];
  resources: string[];
  landmarks: number[];
  headings: number[];
  plots: { width: number; textSize: number; ink: string }[];
  cells: { text: string; interval: string | null; href: string | null }[][];
  contrast: [string, string, string][];
}

const VIEWS = [
  { width: 1280, scheme: "light", script: true },
  { width: 1280, scheme: "dark", script: true },
  { width: 360, scheme: "light", script: true },
  { width: 360, scheme: "dark", script: false },
] as const;

/** Builds a site, serves it, and hands a browser over. */
async function withSite(
  source: ReturnType<typeof realistic>,
  work: (browser: Browser, url: string, database: string) => Promise<void>,
) {
  const folder = await mkdtemp(join(tmpdir(), "chromium-"));
  const { folder: reports } = await publish(source, folder);
  await buildSite({ reports, dest: join(folder, "site") });
  const server = await serveSite(join(folder, "site"), 0);
  const browser = await launch();
  try {
    await work(browser, server.url, join(reports, "results.duckdb"));
  } finally {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
}

/** Pages of one folder that are looked at. */
const MOST = 3;

/** Looks at pages that can be reached from the front page. */
async function crawl(page: Page, start: string): Promise<Map<string, Look>> {
  const looks = new Map<string, Look>();
  const todo = [new URL("index.html", start).href];
  const seen = new Map<string, number>();
  for (let url = todo.pop(); url; url = todo.pop()) {
    if (looks.has(url)) continue;
    // Of the many pages of one kind some: all of them are read as text in whole_test.ts.
    const kind = url.replace(/[^/]*$/, "");
    if (kind !== start && (seen.get(kind) ?? 0) >= MOST) continue;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    const response = await page.goto(url);
    assert.equal(response!.status(), 200, url);
    const look = await page.evaluate(LOOK) as Look;
    looks.set(url, look);
    for (const link of look.links) {
      const target = link.replace(/#.*$/, "");
      if (!target.startsWith(start)) continue; // whole_test.ts says which may lead elsewhere
      if (target.endsWith(".html")) todo.push(target);
    }
  }
  return looks;
}

async function assertNoBrokenLink(looks: Map<string, Look>) {
  const files = new Set<string>();
  for (const [url, { links, ids }] of looks) {
    assert.equal(new Set(ids).size, ids.length, `${url}: an id is used twice`);
    for (const link of links) {
      const [target, anchor] = link.split("#");
      const look = looks.get(target);
      if (!target.startsWith(new URL(url).origin)) continue;
      if (!look) files.add(target);
      else if (anchor !== undefined) {
        assert.ok(look.ids.includes(decodeURIComponent(anchor)), `${url}: no anchor ${link}`);
      }
    }
  }
  for (const file of files) {
    const response = await fetch(file);
    assert.equal(response.status, 200, file);
    assert.ok((await response.arrayBuffer()).byteLength > 0, file);
  }
}

/** WCAG 2 relative luminance and contrast, from the definitions. */
function contrast(a: string, b: string): number {
  const [light, dark] = [a, b].map((color) => {
    const [r, g, b] = color.match(/[\d.]+/g)!.map(Number).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }).sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function assertReadable(url: string, look: Look, width: number, start: string) {
  assert.ok(look.overflow <= 0, `${url} scrolls sideways by ${look.overflow} px at ${width}`);
  assert.deepEqual(look.outside, [], `${url} at ${width}`);
  for (const resource of look.resources) {
    assert.ok(resource.startsWith(start), `${url} loads ${resource}`);
  }
  assert.deepEqual(look.landmarks.slice(2), [1, 1, 1], `${url}: main, footer, h1`);
  assert.equal(look.headings[0], 1, url);
  for (const [i, level] of look.headings.entries()) {
    assert.ok(i === 0 || level <= look.headings[i - 1] + 1, `${url}: heading ${i} skips a level`);
  }
  for (const { width: plotWidth, textSize } of look.plots) {
    assert.ok(plotWidth <= width && textSize >= 11, `${url}: plot text of ${textSize} px`);
  }
  for (const [element, ink, page] of look.contrast) {
    const ratio = contrast(ink, page);
    assert.ok(ratio >= 4.5, `${url}: ${element} has contrast ${ratio.toFixed(2)}`);
  }
}

async function assertCellsEqual(database: string, looks: Map<string, Look>) {
  const instance = await DuckDBInstance.create(database, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(
    'SELECT id, c."row" AS r, c."column" AS col, kind, text, interval, columns, rows ' +
      "FROM experiment LEFT JOIN cell c ON c.experiment = id",
  )).getRowObjectsJS();
  connection.closeSync();
  instance.closeSync();
  const experiments = new Map(rows.map((row) => [String(row.id), row]));
  assert.ok(experiments.size > 0);
  for (const [id, { columns, rows: count }] of experiments) {
    const found = [...looks].find(([url]) => url.endsWith(`/experiments/${id}.html`));
    if (!found) continue;
    const [url, { cells }] = found;
    assert.ok(cells.length === count || cells.length > 20, `${url}: as many rows as fit`);
    const ids = JSON.parse(columns as string).map((column: { id: string }) => column.id);
    for (const [r, row] of cells.entries()) {
      assert.equal(row.length, ids.length);
      for (const [c, shown] of row.entries()) {
        const cell = rows.find((x) => x.id === id && x.r === r && x.col === ids[c]);
        if (!cell) assert.equal(shown.text.replace(/\s+/g, " "), "–");
        else {
          const expected = String(cell.text).replace(/\s+/g, " ");
          assert.equal(shown.text.replace(/\s+/g, " "), expected, `${url} ${r} ${ids[c]}`);
          assert.equal(shown.interval, cell.interval);
        }
        const source = cell?.kind === "measured"
          ? `/provenance/${id}/${r + 1}.html#${ids[c]}`
          : null;
        assert.equal(shown.href && shown.href.slice(shown.href.indexOf("/provenance")), source);
      }
    }
  }
}

const SOURCES = { realistic: realistic(), awkward: awkward(), leaderboard: leaderboard() };

for (const [name, source] of Object.entries(SOURCES)) {
  Deno.test({
    name: `the site of ${name} results in Chromium` +
      (existsSync(CHROMIUM) ? "" : ` (skipped: ${CHROMIUM} is not installed)`),
    ignore: !existsSync(CHROMIUM),
    sanitizeOps: false, // playwright keeps its pipe to the browser until the process ends
    sanitizeResources: false,
    fn: () =>
      withSite(source, async (browser, start, database) => {
        const texts = new Map<string, string>();
        const schemes = new Map<string, Set<string>>();
        // The large one takes seconds a view; what scripts and schemes do to it, the others show.
        const views = name === "leaderboard" ? [VIEWS[0], VIEWS[3]] : VIEWS;
        for (const { width, scheme, script } of views) {
          const context = await browser.newContext({
            ...{ viewport: { width, height: 800 }, colorScheme: scheme, javaScriptEnabled: script },
          });
          const page = await context.newPage();
          const problems: string[] = [];
          page.on("console", (message) => problems.push(`${message.type()}: ${message.text()}`));
          page.on("pageerror", (error) => problems.push(String(error)));
          page.on("requestfailed", (request) => {
            const why = request.failure()!.errorText;
            // Going on to the next page stops what the last one was still loading.
            if (why !== "net::ERR_ABORTED") problems.push(`${why}: ${request.url()}`);
          });
          page.on("response", (response) => {
            if (!response.ok()) problems.push(`${response.status()}: ${response.url()}`);
          });
          page.on("dialog", (dialog) => problems.push(`dialog: ${dialog.message()}`));
          const looks = await crawl(page, start);
          assert.deepEqual(problems, []);
          await assertNoBrokenLink(looks);
          assert.ok(looks.size > source.experiments.length + 10, "pages");
          for (const [url, look] of looks) {
            assertReadable(url, look, width, start);
            schemes.set(scheme, (schemes.get(scheme) ?? new Set()).add(look.scheme));
            if (url.startsWith(`${start}lab/`)) continue; // computes with a script: lab_test.ts
            // The same words with and without a script, on a wide page and a phone.
            if (!texts.has(url + width)) texts.set(url + width, look.text);
            assert.equal(look.text, texts.get(url + width));
          }
          await assertCellsEqual(database, looks);
          await context.close();
        }
        assert.equal(schemes.get("light")!.size, 1);
        assert.notDeepEqual(schemes.get("light"), schemes.get("dark"));
      }),
  });
}

Deno.test({
  name: "a link of a cell leads to its jobs, and the keyboard reaches the content",
  ignore: !existsSync(CHROMIUM),
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withSite(realistic(), async (browser, start) => {
      const context = await browser.newContext({ javaScriptEnabled: false });
      const page = await context.newPage();
      await page.goto(start);
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate("document.activeElement.textContent"), "Skip to content");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate("!!document.activeElement.closest('main')"), true);
      await page.goto(new URL("experiments/eigenvalue-sweep.html", start).href);
      await page.locator("table.results a").nth(2).click();
      assert.match(page.url(), /provenance\/eigenvalue-sweep\/2\.html#ratio$/);
      assert.match(
        await page.locator(":target").innerText(),
        /Ratio to Kalman\s+1\.0009 \[1\.0006, 1\.0012\] n = 1024/,
      );
      await page.locator(".from a").first().click();
      const job = await page.locator(":target").innerText();
      for (const part of ["rollout", "deno task pipeline", "seed 0"]) {
        assert.ok(job.includes(part), `${part} in ${job}`);
      }
      const stage = await page.locator(".stage:has(:target)").innerText();
      for (const part of ["ort 1.30.0", "Intel Xeon"]) assert.ok(stage.includes(part), part);
    }),
});

Deno.test({
  name: "a large table scrolls in its frame, and what names rows and columns stays in sight",
  ignore: !existsSync(CHROMIUM),
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withSite(leaderboard(), async (browser, start) => {
      for (const width of [1280, 390]) {
        const context = await browser.newContext({ viewport: { width, height: 800 } });
        const page = await context.newPage();
        await page.goto(new URL("experiments/leaderboard.html", start).href);
        const places = await page.evaluate(`(() => {
          const frame = document.querySelector(".scroll");
          frame.scrollIntoView();
          frame.scrollTo(300, 1000);
          const box = (e) => e.getBoundingClientRect();
          const row = [...frame.querySelectorAll("tbody tr")].find((tr) => box(tr).top > 400);
          const head = frame.querySelectorAll("thead th");
          return {
            moved: [frame.scrollLeft, frame.scrollTop],
            frame: [box(frame).left, box(frame).top, box(frame).right, innerWidth],
            head: [box(head[0]).left, box(head[0]).top, box(head[1]).left, box(head[0]).right],
            row: [box(row.children[0]).left, box(row.children[1]).left],
            backs: [...row.children].slice(0, 2).map((e) => getComputedStyle(e).backgroundColor),
          };
        })()`) as Record<"moved" | "frame" | "head" | "row", number[]> & { backs: string[] };
        assert.deepEqual(places.moved, [300, 1000]);
        const [left, top, right, window] = places.frame;
        assert.ok(left >= 0 && right <= window, `${places.frame}`);
        const close = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1, `${a}, not ${b}`);
        close(places.head[0], left);
        close(places.head[1], top);
        close(places.row[0], left);
        close(places.row[1], places.head[2]);
        close(places.head[2], places.head[3]);
        for (const back of places.backs) assert.match(back, /^rgb\(/, "nothing shines through");
        await context.close();
      }
    }),
});
