/** @file Which profiles there are, and where the links between their sites lead. Their sites, built: tests/long/site. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { choosePublished, publishedProfiles } from "../../site/profiles.ts";
import { pagesToLead, profileLinks } from "../../site/switch.ts";

Deno.test("profiles that are published, and the one that is chosen", async () => {
  const folder = await mkdtemp(join(tmpdir(), "profiles-"));
  const reports = join(folder, "reports");
  try {
    assert.deepEqual(await publishedProfiles(reports), []);
    await assert.rejects(choosePublished(reports), /Nothing is published yet/);
    for (const name of ["smoke-set", "quick", "standard", "aside"]) {
      await mkdir(join(reports, name), { recursive: true });
      if (name !== "aside") await writeFile(join(reports, name, "results.duckdb"), "");
    }
    assert.deepEqual(await publishedProfiles(reports), ["standard", "quick", "smoke-set"]);
    assert.equal(await choosePublished(reports), "standard");
    assert.equal(await choosePublished(reports, "smoke-set"), "smoke-set");
    await assert.rejects(
      choosePublished(reports, "smoke"),
      /--profile smoke: nothing is published in reports\/smoke; published are smoke-set, .*Make it/,
    );
    await assert.rejects(choosePublished(reports, "aside"), /smoke-set|quick/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("a page leads to the same page, else to its experiment, else to the front page", () => {
  const pages = pagesToLead(["index.html", "experiments/a.html", "provenance/a/1.html", "a.svg"]);
  assert.deepEqual(pages, ["experiments/a.html", "index.html"]);
  const cases: [here: string, place: string, url: string, root: string, href: string][] = [
    ["", "quick", "/index.html", "", "quick/index.html"],
    ["quick", "", "/index.html", "", "../index.html"],
    ["quick", "smoke", "/experiments/a.html", "../", "../../smoke/experiments/a.html"],
    ["", "quick", "/provenance/a/1.html", "../../", "../../quick/experiments/a.html"],
    ["", "quick", "/provenance/a.html", "../", "../quick/experiments/a.html"],
    ["", "quick", "/experiments/a/2.html", "../../", "../../quick/experiments/a.html"],
    ["", "quick", "/experiments/b.html", "../", "../quick/index.html"],
    ["", "quick", "/tasks/a.html", "../", "../quick/index.html"],
    ["quick", "", "/404.html", "/", "/index.html"],
    ["", "quick", "/404.html", "/", "/quick/index.html"],
  ];
  for (const [here, place, url, root, href] of cases) {
    assert.deepEqual(profileLinks(here, [{ name: "x", place, pages }])(url, root), [{
      name: "x",
      href,
    }]);
  }
});
