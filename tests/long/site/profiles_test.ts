/** @file Sites of several profiles in one folder: each whole, none in the way of another, and links between the same pages. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, posix, relative } from "node:path";
import { publish } from "../../../pipeline/publish/publish.ts";
import { buildProfile } from "../../../site/build.ts";
import { realistic } from "../../site/fixtures/realistic.ts";

async function inFolder(work: (reports: string, home: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "profiles-"));
  try {
    await work(join(folder, "reports"), join(folder, "site"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Path below a folder to bytes. */
async function contents(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(relative(folder, path), await readFile(path, "latin1"));
  }
  return files;
}

/** With one experiment less than the quick one. */
const standard = () => ({
  ...realistic(),
  profile: "standard",
  experiments: realistic().experiments.slice(0, 1),
});

const within = (files: Map<string, string>, name: string) =>
  new Map([...files].filter(([path]) => path.startsWith(`${name}/`)));
const without = (files: Map<string, string>, name: string) =>
  new Map([...files].filter(([path]) => !path.startsWith(`${name}/`)));

/** Where the switch of a page leads, by profile. */
function switchOf(html: string): Record<string, string> {
  const [, nav = ""] = /<nav class="profiles"[^>]*>([\s\S]*?)<\/nav>/.exec(html) ?? [];
  return Object.fromEntries(
    [...nav.matchAll(/<a href="([^"]*)">([^<]*)</g)].map(([, href, name]) => [name, href]),
  );
}

Deno.test("the sites of two profiles are whole, lead to each other, and neither is built over the other", async () => {
  await inFolder(async (reports, home) => {
    await publish(realistic(), reports);
    // Alone it has the folder, and there is nothing to switch to.
    const alone = await buildProfile(reports, home, "quick");
    assert.equal(alone.index, join(home, "index.html"));
    assert.ok(
      ![...(await contents(home)).values()].some((text) => text.includes('class="profiles"')),
    );

    // The published one takes its place, and the one that had it keeps a site.
    await publish(standard(), reports);
    const main = await buildProfile(reports, home, "standard");
    assert.deepEqual([main.index, main.failed], [alone.index, []]);
    const both = await contents(home);
    const [first, second] = [without(both, "quick"), within(both, "quick")];
    assert.match(first.get("index.html")!, /Results of the profile <strong>standard</);
    assert.match(second.get("quick/index.html")!, /Results of the profile <strong>quick</);
    for (const [path, html] of both) {
      if (!path.endsWith(".html")) continue;
      const links = switchOf(html);
      const there = path.startsWith("quick/") ? "standard" : "quick";
      assert.deepEqual(Object.keys(links), [there], path);
      if (path.endsWith("404.html")) {
        assert.equal(links[there], there === "quick" ? "/quick/index.html" : "/index.html");
        continue;
      }
      const target = posix.join(posix.dirname(path), links[there]);
      assert.ok(both.has(target), `${path} leads to ${target}`);
      assert.equal(target.startsWith("quick/"), there === "quick", `${path} leads to ${target}`);
      const page = path.replace(/^quick\//, "");
      const same = there === "quick" ? `quick/${page}` : page;
      if (both.has(same) && page.split("/").length < 3) assert.equal(target, same);
    }
    // An experiment that the other profile lacks leads to its front page, and so do its rows.
    const of = (path: string) => switchOf(both.get(path)!);
    assert.equal(of("quick/experiments/depth-scaling.html").standard, "../../index.html");
    const row = [...second.keys()].find((path) =>
      /^quick\/provenance\/eigenvalue-sweep\/[^/]*html$/.test(path)
    )!;
    assert.equal(of(row).standard, "../../../experiments/eigenvalue-sweep.html");

    // Building again changes nothing; building one changes that one.
    assert.equal((await buildProfile(reports, home, "quick", { all: true })).upToDate, true);
    assert.deepEqual(await contents(home), both);
    const fewer = realistic();
    fewer.experiments[0].summary.findings = ["Something else."];
    await publish(fewer, reports);
    const again = await buildProfile(reports, home, "quick");
    assert.deepEqual([again.index, again.upToDate], [join(home, "quick", "index.html"), false]);
    const after = await contents(home);
    assert.deepEqual(without(after, "quick"), first);
    assert.notDeepEqual(within(after, "quick"), second);
    assert.equal((await buildProfile(reports, home, "standard")).upToDate, false); // beside it
    assert.deepEqual(within(await contents(home), "quick"), within(after, "quick"));
    assert.deepEqual((await readdir(join(home, ".."))).sort(), [".site-lock", "reports", "site"]);
  });
});

Deno.test("a profile that cannot be read does not keep the others from being built; somebody's folder stays", async () => {
  await inFolder(async (reports, home) => {
    await publish(standard(), reports);
    await mkdir(join(reports, "smoke-set"));
    await writeFile(join(reports, "smoke-set", "results.duckdb"), "damaged");
    await mkdir(home);
    await writeFile(join(home, "thesis.tex"), "years of work");
    const build = () => buildProfile(reports, home, "standard", { all: true });
    await assert.rejects(build(), /not empty and was not built by this task/);
    assert.deepEqual(await readdir(home), ["thesis.tex"]);
    await rm(home, { recursive: true });
    const { failed, index } = await build();
    assert.equal(failed.length, 1);
    assert.match(failed[0], /^The site of .*smoke-set was not built: /);
    assert.match(await readFile(index, "utf8"), /Results of the profile <strong>standard</);
    await assert.rejects(buildProfile(reports, home, "smoke-set"));
  });
});
