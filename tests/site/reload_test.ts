/**
 * @file A served page is loaded again once its site has been built again, and knows how far a run is; the built files know nothing
 * of it.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LiveFile, type LiveJob } from "../../pipeline/run/live.ts";
import { lockStore } from "../../pipeline/store/lock.ts";
import { serveSite } from "../../site/serve.ts";
import { STAMP } from "../../site/stamp.ts";
import { CHROMIUM, launch } from "./chromium.ts";

/** Swaps a site in, as the builder does. */
async function build(site: string, title: string) {
  const building = `${site}-building`;
  await mkdir(building, { recursive: true });
  await writeFile(join(building, "index.html"), `<title>${title}</title><p>A page.`);
  await writeFile(join(building, "a.svg"), "<svg/>");
  await writeFile(join(building, STAMP), title);
  await rm(site, { recursive: true, force: true });
  await rename(building, site);
}

async function inSite(work: (site: string, store: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "reload-"));
  try {
    await build(join(folder, "site"), "first");
    await work(join(folder, "site"), join(folder, "store"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A server, and what it answers. */
async function served(site: string, store?: string) {
  const server = await serveSite(site, 0, store);
  const get = async (path: string) => {
    const response = await fetch(new URL(path, server.url));
    return { status: response.status, text: await response.text() };
  };
  const live = async () => JSON.parse((await get("/.live")).text);
  return { ...server, get, live };
}

Deno.test("only pages get the script, only where it is asked for, and the build changes with the site", async () => {
  await inSite(async (site, store) => {
    const page = await readFile(join(site, "index.html"), "utf8");
    for (const asked of [true, false]) {
      const server = await served(site, asked ? store : undefined);
      const { get } = server;
      try {
        const text = (await get("/")).text;
        assert.ok(text.startsWith(page));
        assert.equal(text.includes("location.reload()"), asked);
        assert.equal((await get("/a.svg")).text, "<svg/>");
        assert.equal((await get(`/${STAMP}`)).status, 404);
        assert.equal((await get("/.live")).status, asked ? 200 : 404);
        if (!asked) continue;
        // From any page to the same place, also where another server puts all below a path of its own.
        for (const path of ["/", "/a.html?b=/c/", "/b/c.html", "/d/e/f/"]) {
          const { text } = await get(path);
          const [, address] = /<script data-live="([^"]*)">/.exec(text)!;
          const at = new URL(`http://a/below/this${path}`);
          assert.equal(new URL(address, at).pathname, "/below/this/.live", path);
        }
        const before = await server.live();
        assert.deepEqual(await server.live(), before);
        assert.ok(before.build && before.run === undefined);
        await new Promise((go) => setTimeout(go, 20)); // times of files are as fine as the system's clock
        await build(site, "first");
        const after = await server.live();
        assert.ok(after.build && after.build !== before.build);
        assert.equal(await readFile(join(site, "index.html"), "utf8"), page);
        // While a site is swapped there is none for a moment: nothing to load.
        await rename(site, `${site}-old`);
        assert.equal((await server.live()).build, "");
        await rename(`${site}-old`, site);
        assert.deepEqual(await server.live(), after);
      } finally {
        await server.close();
      }
    }
  });
});

Deno.test("a run is told while it goes on, as killed once nobody holds its store, and not at all when it has ended", async () => {
  await inSite(async (site, store) => {
    const server = await served(site, store);
    const lock = await lockStore(store, "run");
    const totals = { total: 9, cached: 1, ran: 2, failed: 1, skipped: 0, share: 0.25, eta: 61 };
    const run = { pid: Deno.pid, profile: "quick", command: "deno task pipeline", totals };
    const job = (label: string, state: LiveJob["state"]) => ({
      label,
      labels: [label],
      stage: "fit",
      state,
      progress: { done: 3, total: 7 },
    });
    const names = ["a", "b", "c", "d", "e"].map((label) => job(label, "running"));
    const file = new LiveFile(store, () => ({ ...run, jobs: [job("z", "ran"), ...names] }));
    try {
      const running = ["a", "b", "c", "d"].map((label) => ({
        label,
        stage: "fit",
        progress: { done: 3, total: 7 },
      }));
      assert.deepEqual((await server.live()).run, { ...run, running, killed: false });
      lock.release();
      assert.deepEqual((await server.live()).run, { ...run, running, killed: true });
      file.close();
      assert.equal((await server.live()).run, undefined);
      // The store of somebody else's run by now.
      await writeFile(join(store, "progress.json"), JSON.stringify({ ...run, pid: 1 }));
      const other = await lockStore(store, "gc");
      assert.equal((await server.live()).run.killed, true);
      other.release();
      await writeFile(join(store, "progress.json"), "{");
      assert.equal((await server.live()).run, undefined, "half a file");
    } finally {
      await server.close();
    }
  });
});

Deno.test({
  name: "in a browser a page follows the site",
  ignore: !existsSync(CHROMIUM),
  fn: async () => {
    await inSite(async (site, store) => {
      const server = await serveSite(site, 0, store);
      const browser = await launch();
      try {
        const page = await browser.newPage();
        await page.goto(server.url);
        assert.equal(await page.title(), "first");
        await page.waitForResponse((response) => response.url().endsWith("/.live"));
        await build(site, "second");
        await page.waitForFunction("document.title === 'second'", undefined, { timeout: 20_000 });
      } finally {
        await browser.close();
        await server.close();
      }
    });
  },
});
