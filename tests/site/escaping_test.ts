/** @file Names, labels and sentences with markup in them are shown as they are, on every page of the site. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { publish } from "../../pipeline/publish/publish.ts";
import { buildSite } from "../../site/build.ts";
import { escapeHtml } from "../../site/markdown.ts";
import { awkward } from "./fixtures/awkward.ts";

/** Path below the site to every page, of results whose every text is hostile. */
async function hostilePages() {
  const folder = await mkdtemp(join(tmpdir(), "escaping-"));
  try {
    const { folder: reports } = await publish(awkward(), folder);
    const site = join(folder, "site");
    await buildSite({ reports, dest: site });
    // deno-lint-ignore no-explicit-any -- linkedom has no types for its elements
    const pages = new Map<string, { document: any }>();
    for (const path of await readdir(site, { recursive: true })) {
      if (!path.endsWith(".html")) continue;
      const html = await readFile(join(site, path), "utf8");
      // deno-lint-ignore no-explicit-any -- as above
      pages.set(path, parseHTML(html) as any);
    }
    return pages;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const { title: evil } = awkward().experiments[0].meta;
const pages = await hostilePages();
const squeezed = (text: string) => text.replace(/\s+/g, " ").trim();

Deno.test("no text becomes an element on any page", () => {
  for (const name of ["empty-table", "single-row", "strange"]) {
    for (const kind of ["experiments", "provenance"]) assert.ok(pages.has(`${kind}/${name}.html`));
  }
  for (const [path, { document }] of pages) {
    // Nothing on the site's pages is bold or italic of its own, and its scripts are files of its own.
    for (const name of ["b", "i"]) {
      assert.equal(document.querySelectorAll(name).length, 0, `${name} in ${path}`);
    }
    for (const script of document.querySelectorAll("script")) {
      if (script.getAttribute("type") === "application/json") {
        // Data for a script: nothing that could end it, and no code.
        assert.ok(!script.textContent.includes("<"), path);
        JSON.parse(script.textContent);
        continue;
      }
      assert.match(script.getAttribute("src") ?? "", /^((\.\.\/)*assets\/)?[a-z]+\.js$/, path);
      assert.equal(script.textContent, "", path);
    }
  }
});

Deno.test("hostile texts are shown whole, escaped once", () => {
  const texts = (path: string, selector: string): string[] =>
    [...pages.get(path)!.document.querySelectorAll(selector)].map((e) => squeezed(e.textContent));
  const experiment = "experiments/strange.html";
  for (
    const selector of ["h1", ".question", ".claims dd", ".reason", ".findings li", ".figure-title"]
  ) {
    assert.ok(
      texts(experiment, selector).includes(squeezed(evil)),
      `${selector} of the experiment`,
    );
  }
  assert.ok(texts(experiment, "thead th").includes("Name & <b>markup</b>"));
  assert.ok(texts(experiment, "thead th .unit").includes("<i>m</i>"));
  assert.ok(texts(experiment, "tbody th").includes(squeezed(evil)));
  assert.ok(texts(experiment, "figcaption").some((text) => text.startsWith(squeezed(evil))));
  assert.ok(texts(experiment, ".legend li").some((text) => text.includes("<script>")));
  const provenance = "provenance/strange/1.html";
  assert.ok(texts(provenance, ".from a").includes(squeezed(evil)));
  assert.ok(texts(provenance, ".job h4").includes(squeezed(`run of ${evil}`)));
  assert.ok(texts(provenance, "code").some((text) => text.includes('"</pre>"')));
  assert.ok(texts(provenance, "code").some((text) => text.includes(`--set text='${evil}'`)));
  assert.ok(texts("index.html", "h3 a").includes(squeezed(evil)));
  assert.ok(texts("data.html", ".what").includes(squeezed(evil)));
  for (const path of pages.keys()) {
    const shown = texts(path, "body")[0];
    assert.ok(!/&(amp;)?(lt|quot|#39);/.test(shown), `${path} shows an escape`);
  }
});

Deno.test("a hostile text stays inside its attribute", () => {
  for (const [path, { document }] of pages) {
    for (const element of document.querySelectorAll("*")) {
      for (const { name } of element.attributes) {
        assert.match(name, /^[a-zA-Z][\w:.-]*$/, `${path}: ${element.tagName}`);
        assert.ok(!name.startsWith("on"), `${path}: ${element.tagName} ${name}`);
      }
    }
    const described = document.querySelector("meta[name=description]").getAttribute("content");
    if (path === "experiments/strange.html") assert.equal(squeezed(described), squeezed(evil));
  }
});

Deno.test("every character that HTML knows is escaped, everywhere it stands", () => {
  assert.equal(
    escapeHtml(`<a b="c" d='e'>&&</a>`),
    "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;&amp;&lt;/a&gt;",
  );
});
