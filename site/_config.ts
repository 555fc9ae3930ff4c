/**
 * @file Configuration for Lume, the generator these sources are written for.
 *
 * Imported dynamically through a name that is no literal: Lume comes from a CDN that many machines
 * cannot reach, and type checking must pass there. `deno task site` builds the same sources with the
 * embedded builder instead.
 */
import { resolve } from "node:path";
import { readTables } from "./compare.ts";
import { readLab } from "./lab/lab.ts";
import { readResults } from "./results.ts";
import { COPIED, VENTO } from "./settings.ts";

const lume = "lume/mod.ts";
const sql = "./sql/files.ts";
const reports = resolve(Deno.env.get("REPORTS") ?? "reports/quick");
const site = (await import(lume)).default({ src: "site", dest: "site/_site" }, {
  vento: { options: VENTO },
});
site.data("results", await readResults(reports));
site.data("lab", await readLab(reports));
const beside = Deno.env.get("BESIDE");
if (beside) site.data("other", await readTables(resolve(beside)));
if (Deno.env.get("SQL")) site.data("sql", await (await import(sql)).sqlFiles());
for (const folder of COPIED) site.copy(folder);

export default site;
