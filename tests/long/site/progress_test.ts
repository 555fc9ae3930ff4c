/** @file Pages that are served while a real run goes on: in a browser, also below a path of another server. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { serveSite } from "../../../site/serve.ts";
import { makeProbe, start } from "../../pipeline/helpers.ts";
import { CHROMIUM, launch } from "../../site/chromium.ts";

/** Two jobs at once, and one after them; they run until a file is there. */
const GRID = `
  const runs = Object.fromEntries([1, 2, 3].map((seed) =>
    [seed, g.job("generate", { seed, delay: seed === 1 ? 0 : 4000 }, {}, "data" + seed)]));
  return g.job("collect", { title: "t" }, runs, "table");`;

/** A server that has the site below a path, as one on a cluster does that leads to many machines. */
async function below(path: string, url: string) {
  const server = createServer((asked, response) => {
    if (!asked.url?.startsWith(path)) return response.writeHead(404).end();
    const { port } = new URL(url);
    const inner = request(
      {
        host: "localhost",
        port,
        path: asked.url.slice(path.length),
        headers: { host: "localhost" },
      },
      (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      },
    );
    inner.on("error", () => response.destroy());
    inner.end();
  });
  await new Promise<void>((done) => server.listen(0, "localhost", done));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}${path}/`,
    close() {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

Deno.test({
  name:
    "pages follow a run, say that a killed one was stopped, and are as before once it has ended",
  ignore: !existsSync(CHROMIUM),
  fn: async () => {
    using demo = makeProbe(GRID);
    const site = join(demo.root, "site");
    await mkdir(join(site, "inner"), { recursive: true });
    for (const name of ["index.html", "inner/page.html"]) {
      await writeFile(join(site, name), "<!doctype html><title>t</title><body><p>A page.</p>");
    }
    const server = await serveSite(site, 0, join(demo.root, ".store"));
    const outer = await below("/node/17", server.url);
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(`${outer.url}inner/page.html`);
      const shown = () =>
        page.evaluate(
          "document.querySelector('.run-progress')?.shadowRoot.querySelector('div').textContent ?? ''",
        ) as Promise<string>;
      const until = async (what: RegExp) => {
        for (let tries = 0;; tries++) {
          const text = await shown();
          if (what.test(text)) return text;
          assert.ok(tries < 1200, `never says ${what}, but "${text}"`);
          await new Promise((go) => setTimeout(go, 50));
        }
      };
      assert.equal(await shown(), "");
      const run = start(demo, "run", "--jobs", "2");
      const text = await until(/^quick: \d+ %, 1 of 4 jobs/);
      assert.match(text, /generate probes\/data[23]/);
      assert.equal(await page.evaluate("document.body.firstElementChild.textContent"), "A page.");
      run.kill("SIGKILL");
      await run.ended;
      const stopped = await until(/was stopped/);
      assert.match(
        stopped,
        /^The run of quick was stopped at 1 of 4 jobs\..*deno task pipeline .*Hide$/,
      );
      await page.click(".run-progress button");
      assert.equal(await shown(), "");
      const again = start(demo, "run", "--jobs", "2");
      await until(/^quick: /);
      assert.equal((await again.ended).code, 0);
      await until(/^$/);
      assert.deepEqual(errors, []);
    } finally {
      await browser.close();
      await outer.close();
      await server.close();
    }
  },
});
