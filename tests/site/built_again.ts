/** @file A built site that is damaged, and built again as it was. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { publish } from "../../pipeline/publish/publish.ts";
import { buildSite } from "../../site/build.ts";
import { realistic } from "./fixtures/realistic.ts";

export async function inFolder(work: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "site-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Path below a folder to bytes. */
export async function contents(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(relative(folder, path), await readFile(path, "latin1"));
  }
  return files;
}

/** What may have become of a site, or of one of its pages. */
export const damages = [
  "as long as before",
  "empty",
  "a folder",
  "without its stamp",
  "with a stamp of nothing",
  "with half a stamp",
  "with a stamp that is a folder",
  "gone",
  "a file",
] as const;
export type Damage = typeof damages[number];

/** After each damage the site is built again, with the same bytes; it is up to date then. */
export async function assertBuiltAgain(chosen: readonly Damage[]): Promise<void> {
  await inFolder(async (folder) => {
    const dest = join(folder, "site");
    const { folder: reports } = await publish(realistic(), folder);
    await buildSite({ reports, dest });
    const built = await contents(dest);
    const page = join(dest, "experiments/depth-scaling.html");
    const text = await readFile(page, "utf8");
    const stamp = join(dest, ".built.json");
    const damage: Record<Damage, () => Promise<unknown>> = {
      "as long as before": () => writeFile(page, text.replace("depth", "death")),
      empty: () => writeFile(page, ""),
      "a folder": () => rm(page).then(() => mkdir(join(page, "x"), { recursive: true })),
      "without its stamp": () => rm(stamp),
      "with a stamp of nothing": () => writeFile(stamp, '{"source":"x","files":{}}'),
      "with half a stamp": async () => {
        const { files, ...rest } = JSON.parse(await readFile(stamp, "utf8"));
        await writeFile(
          stamp,
          JSON.stringify({ ...rest, files: { "404.html": files["404.html"] } }),
        );
        await rm(page);
      },
      "with a stamp that is a folder": () => rm(stamp).then(() => mkdir(stamp)),
      gone: () => rm(dest, { recursive: true }),
      "a file": () => rm(dest, { recursive: true }).then(() => writeFile(dest, "x")),
    };
    for (const what of chosen) {
      await damage[what]();
      assert.equal((await buildSite({ reports, dest })).upToDate, false, what);
      assert.deepEqual(await contents(dest), built, what);
      assert.equal((await buildSite({ reports, dest })).upToDate, true, what);
    }
    // Nothing says that it is a site any more: whose folder it is has to be said.
    for (const name of await readdir(dest)) {
      if (name !== "assets") await rm(join(dest, name), { recursive: true });
    }
    await assert.rejects(buildSite({ reports, dest }), /not empty and was not built by this task/);
    await buildSite({ reports, dest, own: true });
    assert.deepEqual(await contents(dest), built);
  });
}

/** The same results give the same bytes, and nothing is left beside the site. */
export async function assertSameBytes(source: Parameters<typeof publish>[0]): Promise<void> {
  await inFolder(async (folder) => {
    const { folder: reports } = await publish(source, join(folder, "reports"));
    const a = await buildSite({ reports, dest: join(folder, "a") });
    await buildSite({ reports, dest: join(folder, "b") });
    const built = await contents(join(folder, "a"));
    assert.deepEqual(await contents(join(folder, "b")), built);
    assert.equal(a.index, join(folder, "a", "index.html"));
    assert.equal(built.size, a.files + 1); // and the stamp
    assert.deepEqual(
      (await readdir(folder)).sort(),
      [".a-lock", ".b-lock", "a", "b", "reports"],
      "nothing is left beside the site",
    );
  });
}
