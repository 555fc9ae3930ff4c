/**
 * @file The published site, measured in a real browser: axe's rules, the keyboard, a phone, paper, and what the front page
 * weighs. One page of each kind. Skipped where /usr/bin/chromium is absent.
 */
import axe from "axe-core";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import type { Browser, Page } from "playwright-core";
import { buildSite } from "../../../site/build.ts";
import { type StandingJob, STATES } from "../../../site/graph/jobs.ts";
import { serveSite } from "../../../site/serve.ts";
import { CHROMIUM, launch } from "../../site/chromium.ts";

const REPORTS = "reports/standard";

interface Site {
  browser: Browser;
  start: string;
  /** One address of each kind of page, below the start. */
  pages: string[];
}

const site = Promise.withResolvers<Site>();

/** Pages in a folder are of one kind, those at the root each of its own. */
async function kindsOf(folder: string): Promise<string[]> {
  const kinds = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = posix.relative(folder, posix.join(entry.parentPath, entry.name));
    if (!path.endsWith(".html")) continue;
    const [first, ...rest] = path.split("/");
    const kind = rest.length ? `${first}/${rest.length}` : path;
    if (!kinds.has(kind) || path < kinds.get(kind)!) kinds.set(kind, path);
  }
  return [...kinds.values()].sort();
}

function measured(name: string, fn: (site: Site) => Promise<void>) {
  Deno.test({
    name: existsSync(CHROMIUM) ? name : `${name} (skipped: ${CHROMIUM} is not installed)`,
    ignore: !existsSync(CHROMIUM),
    sanitizeOps: false, // playwright keeps its pipe to the browser until the process ends
    sanitizeResources: false,
    fn: async () => await fn(await site.promise),
  });
}

/** Every state that a job can be in, of an experiment that is published and of one that is not. */
const STANDING: StandingJob[] = STATES.flatMap((state, i) =>
  ["eigenvalue-sweep", "unpublished"].map((id) => ({
    ...{ label: `${id}/lambda=0.${i}/model=lru`, stage: i % 2 ? "train" : "evaluate", state },
    ...{ experiments: [id], inputs: i % 2 ? [] : [2 * i + 2].filter((at) => at < 16) },
    ...(state === "stale" ? { why: ["code: lib/train/adamw.ts: adamwUpdate 1 -> 2"] } : {}),
  }))
);

let close = async () => {};
Deno.test.beforeAll(async () => {
  if (!existsSync(CHROMIUM)) return;
  const folder = await mkdtemp(join(tmpdir(), "measured-"));
  const dest = join(folder, "site");
  // Beside itself, so that the page of a comparison is among them.
  const jobs = () => Promise.resolve(STANDING);
  const standing = { key: "made", jobs };
  await buildSite({ reports: REPORTS, beside: REPORTS, dest, sql: true, standing });
  const server = await serveSite(dest, 0);
  const browser = await launch();
  close = async () => {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  };
  site.resolve({ browser, start: server.url, pages: await kindsOf(dest) });
});
Deno.test.afterAll(() => close());

/** Opens a page of the site in a view of its own. */
async function opened(
  { browser, start }: Site,
  view: Parameters<Browser["newContext"]>[0],
  work: (page: Page, open: (path: string) => Promise<void>) => Promise<void>,
) {
  const context = await browser.newContext(view);
  const page = await context.newPage();
  await work(page, async (path) => void await page.goto(new URL(path, start).href));
  await context.close();
}

interface Violation {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

measured(
  "axe finds no violation on any kind of page, light and dark, wide and on a phone",
  (site) =>
    Promise.all(
      ([["light", 1280], ["dark", 390]] as const).map(([colorScheme, width]) =>
        opened(site, { viewport: { width, height: 900 }, colorScheme }, async (page, open) => {
          for (const path of site.pages) {
            await open(path);
            await page.evaluate(axe.source);
            const found = await page.evaluate("axe.run().then((r) => r.violations)") as Violation[];
            const told = found.flatMap(({ id, nodes }) =>
              nodes.slice(0, 3).map(({ html, failureSummary }) =>
                `${id}: ${html} ${failureSummary}`
              )
            );
            assert.deepEqual(told, [], `${path}, ${colorScheme}, ${width} px`);
          }
        })
      ),
    ).then(() => assert.ok(site.pages.length > 15, `${site.pages}`)),
);

/** What the focus is on, as a number among all that can have it; -1 where it is on nothing; runs in the browser. */
const FOCUSED = `(() => {
  const e = document.activeElement;
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled);
  return { at: all.indexOf(e), of: all.map((e) => e.outerHTML.slice(0, 90)), ring: getComputedStyle(e).outlineStyle };
})()`;

measured(
  "the keyboard alone reaches everything in the order of the page, and one sees where it is",
  (site) =>
    opened(site, { viewport: { width: 1280, height: 900 } }, async (page, open) => {
      for (const path of ["index.html", "leaderboard.html", "sql.html", "layers/gla.html"]) {
        await open(path);
        const order: number[] = [];
        let all: string[] = [];
        do {
          await page.keyboard.press("Tab");
          const { at, of, ring } = await page.evaluate(FOCUSED) as {
            at: number;
            of: string[];
            ring: string;
          };
          all = of;
          order.push(at);
          if (at >= 0) assert.notEqual(ring, "none", `${path}: no ring around ${of[at]}`);
        } while (order.at(-1) !== all.length - 1 && order.length <= all.length);
        assert.deepEqual(order, all.map((_, i) => i), `${path}: ${all}`);
      }
    }),
);

measured(
  "no page of a phone's width scrolls sideways",
  (site) =>
    opened(site, { viewport: { width: 390, height: 800 } }, async (page, open) => {
      for (const path of site.pages) {
        await open(path);
        const wide = await page.evaluate("document.documentElement.scrollWidth") as number;
        assert.ok(wide <= 390, `${path} is ${wide} px wide`);
      }
    }),
);

/** What of a page would be on paper; runs in the browser. */
const PAPER = `(() => {
  const shown = (e) => e.checkVisibility({ contentVisibilityAuto: true });
  const luminance = (color) => color.match(/[\\d.]+/g).slice(0, 3).reduce((sum, v) => sum + Number(v), 0) / 765;
  const sheet = document.documentElement.clientWidth;
  return {
    navigation: [...document.querySelectorAll("nav, .skip, form, button:not(th *), select")].filter(shown).map((e) => e.outerHTML.slice(0, 80)),
    ink: luminance(getComputedStyle(document.body).color),
    back: luminance(getComputedStyle(document.body).backgroundColor),
    cut: [...document.querySelectorAll("table, pre, svg.plot, img, figure")].filter(shown)
      .filter((e) => e.getBoundingClientRect().right > sheet + 1).map((e) => e.getBoundingClientRect().right + " of " + sheet + " px: " + e.outerHTML.slice(0, 80)),
    // What overlaps its neighbour on the right is not read either.
    overlaps: [...document.querySelectorAll(".results tr > *")].filter((e) => e.scrollWidth > e.clientWidth + 1)
      .map((e) => e.innerText),
    scrolled: [...document.querySelectorAll(".scroll")].filter((e) =>
      ["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 1
    ).length,
    folded: [...document.querySelectorAll("details > :not(summary)")].filter((e) => e.getClientRects().length === 0).length,
    silent: [...document.querySelectorAll("a[rel=external]:not(.address)")].filter(shown)
      .filter((e) => !getComputedStyle(e, "::after").content.includes("(")).map((e) => e.href),
  };
})()`;

/** A4 without its margins, in CSS pixels. */
const SHEET = { width: 688, height: 1000 };
/** Whether a table of many columns is printed across; runs in the browser. */
const ACROSS =
  `[...document.querySelectorAll(".scroll")].some((e) => getComputedStyle(e).page === "sideways")`;

measured(
  "on paper there is no navigation, no table is cut, nothing is folded, and links say where they lead",
  (site) =>
    opened(site, { viewport: SHEET, colorScheme: "dark" }, async (page, open) => {
      await page.emulateMedia({ media: "print" });
      const across: string[] = [];
      for (const path of site.pages) {
        await page.setViewportSize(SHEET);
        await open(path);
        if (await page.evaluate(ACROSS)) {
          await page.setViewportSize({ width: SHEET.height, height: SHEET.width });
          across.push(path);
        }
        const { ink, back, ...rest } = await page.evaluate(PAPER) as Record<"ink" | "back", number>;
        assert.ok(ink < 0.2 && back > 0.9, `${path}: ink ${ink} on ${back}`);
        assert.deepEqual(
          rest,
          { navigation: [], cut: [], overlaps: [], scrolled: 0, folded: 0, silent: [] },
          path,
        );
      }
      assert.ok(across.length > 0 && across.length < site.pages.length / 2, `${across}`);
    }),
);

measured(
  "the front page weighs at most 300 kB in all, and is read without a script",
  (site) =>
    opened(
      site,
      { viewport: { width: 1280, height: 900 }, javaScriptEnabled: false },
      async (page, open) => {
        const bodies: Promise<number>[] = [];
        page.on("response", (r) => bodies.push(r.body().then((body) => body.length)));
        await open("index.html");
        const sizes = await Promise.all(bodies);
        assert.ok(sizes.length >= 2, "the page and its style");
        const all = sizes.reduce((sum, size) => sum + size, 0);
        assert.ok(all <= 300_000, `${all} bytes`);
        const text = await page.locator("main").innerText();
        for (const part of ["How far", "What depth adds", "What nonlinearity buys", "gap closed"]) {
          assert.ok(text.toLowerCase().includes(part.toLowerCase()), part);
        }
        assert.equal(await page.locator("svg.plot text").first().isVisible(), true);
      },
    ),
);
