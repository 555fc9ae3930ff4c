/**
 * @file Configuration for Lume, the generator these sources are written for.
 *
 * Imported dynamically through a name that is no literal: Lume comes from a CDN that many machines
 * cannot reach, and type checking must pass there. `deno task site` builds the same sources with the
 * embedded builder instead.
 *
 * Where Lume can be reached: a configuration with the imports of deno.json and `"lume/"` as the address of Lume 3, beside a copy of
 * deno.lock, which says which versions of packages are meant; then, from the root,
 * `deno eval --config THAT 'await (await import("./site/_config.ts")).default.build()'`. Lume 3.3.2 made the 192 files of a smoke
 * profile byte for byte as the embedded builder does, with links to the site of another profile and without.
 *
 * What that has as options are variables here: REPORTS (reports/quick), BESIDE, DEST (site/_site), HOME_SITE, STORE (.store), SQL.
 */
import { basename, relative, resolve } from "node:path";
import { givenData } from "./given.ts";
import { standingIn } from "./graph/standing.ts";
import { COPIED, VENTO } from "./settings.ts";
import { othersIn } from "./switch.ts";

const lume = "lume/mod.ts";
const path = (name: string) => {
  const value = Deno.env.get(name);
  return value ? resolve(value) : undefined;
};
const reports = path("REPORTS") ?? resolve("reports/quick");
const dest = path("DEST") ?? resolve("site/_site");
const asked = { reports, dest, beside: path("BESIDE"), home: path("HOME_SITE") };
const standing = await standingIn(resolve("."), path("STORE") ?? ".store", basename(reports));
const sql = Boolean(Deno.env.get("SQL"));
const site = (await import(lume)).default({
  src: "site",
  dest: relative(".", dest), // Lume puts the working directory before it
}, { vento: { options: VENTO } });
const given = await givenData({ ...asked, sql, standing }, await othersIn(asked));
for (const [name, value] of Object.entries(given)) site.data(name, value);
for (const folder of COPIED) site.copy(folder);

export default site;
