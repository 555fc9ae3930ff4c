/** @file A served page is loaded again once its site has been built again; the built files know nothing of it. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

async function inSite(work: (site: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "reload-"));
  try {
    await build(join(folder, "site"), "first");
    await work(join(folder, "site"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("only pages get the script, only where it is asked for, and the build changes with the site", async () => {
  await inSite(async (site) => {
    const page = await readFile(join(site, "index.html"), "utf8");
    for (const reload of [true, false]) {
      const server = await serveSite(site, 0, reload);
      const get = async (path: string) => {
        const response = await fetch(new URL(path, server.url));
        return { status: response.status, text: await response.text() };
      };
      try {
        const served = (await get("/")).text;
        assert.ok(served.startsWith(page));
        assert.equal(served.includes("location.reload()"), reload);
        assert.equal((await get("/a.svg")).text, "<svg/>");
        assert.equal((await get(`/${STAMP}`)).status, 404);
        const before = await get("/.build");
        assert.equal(before.status, reload ? 200 : 404);
        if (!reload) continue;
        assert.equal((await get("/.build")).text, before.text);
        await new Promise((go) => setTimeout(go, 20)); // times of files are as fine as the system's clock
        await build(site, "first");
        const after = (await get("/.build")).text;
        assert.ok(after && after !== before.text);
        assert.equal(await readFile(join(site, "index.html"), "utf8"), page);
        // While a site is swapped there is none for a moment: nothing to load.
        await rename(site, `${site}-old`);
        assert.equal((await get("/.build")).text, "");
        await rename(`${site}-old`, site);
        assert.equal((await get("/.build")).text, after);
      } finally {
        await server.close();
      }
    }
  });
});

Deno.test({
  name: "in a browser a page follows the site",
  ignore: !existsSync(CHROMIUM),
  fn: async () => {
    await inSite(async (site) => {
      const server = await serveSite(site, 0, true);
      const browser = await launch();
      try {
        const page = await browser.newPage();
        await page.goto(server.url);
        assert.equal(await page.title(), "first");
        await page.waitForResponse((response) => response.url().endsWith("/.build"));
        await build(site, "second");
        await page.waitForFunction("document.title === 'second'", undefined, { timeout: 20_000 });
      } finally {
        await browser.close();
        await server.close();
      }
    });
  },
});
