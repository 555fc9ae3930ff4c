/** @file The reports in prose, `reports/*.md`. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const REPORTS = fileURLToPath(new URL("../../reports/", import.meta.url));

export interface Report {
  id: string;
  title: string;
  /** Markdown without its title. */
  text: string;
}

/** By name, without the folder's own page, whose lists the site has by itself; none where nothing was reported. */
export async function readReports(folder = REPORTS): Promise<Report[]> {
  const names = (await readdir(folder).catch(() => [] as string[])).filter((name) =>
    name.endsWith(".md") && name !== "README.md"
  );
  return await Promise.all(
    names.sort().map(async (name) => {
      const text = await readFile(join(folder, name), "utf8");
      const id = name.replace(/\.md$/, "");
      const title = /^# (.+)$/m.exec(text)?.[1] ?? id;
      return { id, title, text: text.replace(/^# .+\n/m, "").trim() };
    }),
  );
}
