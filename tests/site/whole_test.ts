/** @file Every page of a built site, as text: no link that leads nowhere, nothing from elsewhere, nothing too large. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { publish } from "../../pipeline/publish/publish.ts";
import type { PublishSource } from "../../pipeline/publish/publish.ts";
import { buildSite } from "../../site/build.ts";
import { awkward } from "./fixtures/awkward.ts";
import { leaderboard } from "./fixtures/leaderboard.ts";

/** Path below the site to text, of everything that is text. */
async function built(source: PublishSource): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), "whole-"));
  try {
    const { folder: reports } = await publish(source, folder);
    const site = join(folder, "site");
    await buildSite({ reports, dest: site });
    const files = new Map<string, string>();
    for (const entry of await readdir(site, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = posix.relative(site, join(entry.parentPath, entry.name));
      files.set(path, await readFile(join(site, path), "utf8"));
    }
    return files;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const unescaped = (text: string) =>
  text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll(
    "&amp;",
    "&",
  );

const attributes = (html: string, name: string) =>
  [...html.matchAll(new RegExp(`<[a-z][^>]*? ${name}="([^"]*)"`, "gi"))].map(([, value]) =>
    unescaped(value)
  );

for (const source of [leaderboard(), awkward()]) {
  const name = source.experiments[0].meta.id;
  Deno.test(`the site of ${name}: links lead somewhere, nothing comes from elsewhere, no page is too large or shows Markdown`, async () => {
    const files = await built(source);
    const ids = new Map([...files].map(([path, text]) => [path, new Set(attributes(text, "id"))]));
    let pages = 0;
    for (const [path, html] of files) {
      if (!path.endsWith(".html")) continue;
      pages++;
      assert.ok(html.length < 200_000, `${path} has ${html.length} bytes`);
      assert.doesNotMatch(html, /\]\((https?:|[\w./-]+\.md)/, `${path} shows a link of Markdown`);
      const nodes = html.match(/<[a-zA-Z]/g)!.length;
      assert.ok(nodes < 5000, `${path} has ${nodes} nodes`);
      assert.equal(
        attributes(html, "id").length,
        ids.get(path)!.size,
        `${path}: an id is used twice`,
      );
      for (const src of [...attributes(html, "src"), ...attributes(html, "srcset")]) {
        assert.ok(files.has(posix.join(posix.dirname(path), src)), `${path} shows ${src}`);
      }
      for (const href of attributes(html, "href")) {
        if (/^https?:/.test(href)) {
          assert.match(
            html,
            new RegExp(`href="${href.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}" rel="external"`),
          );
          continue;
        }
        if (path === "404.html") continue; // served at any depth, see its page
        const [file, anchor] = href.split("#");
        const target = file === "" ? path : posix.join(posix.dirname(path), file);
        assert.ok(files.has(target), `${path} links to ${href}`);
        if (anchor) assert.ok(ids.get(target)!.has(anchor), `${path}: ${href} has no such anchor`);
      }
    }
    assert.ok(pages > 40, "layers, tasks, data, and the experiments");
    // The front page is light enough for a slow line, and complete before any script.
    const front = files.get("index.html")!.length + files.get("assets/style.css")!.length;
    assert.ok(front < 300_000 && !files.get("index.html")!.includes("<script src"));
  });
}
