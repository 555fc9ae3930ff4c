/**
 * @file The embedded builder's half of Lume: pages from `*.page.ts`, data from `_data.ts`, Vento
 * layouts that name their own layout in a header, folders copied as they are.
 *
 * It honours exactly the conventions these sources use, in the way Lume does (same template engine,
 * same trimming, same order of data), and refuses what it does not know instead of guessing.
 */
import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import vento from "ventojs";
import autoTrim from "ventojs/plugins/auto_trim.js";
import { COPIED, VENTO } from "./settings.ts";

type Data = Record<string, unknown>;

/**
 * Renders every page of a source folder.
 *
 * @param given what a configuration sets with `site.data`
 * @returns path below the destination to content, in no particular order
 * @throws {Error} naming the page or layout and what is wrong with it
 */
export async function renderSite(folder: string, given: Data) {
  const output = new Map<string, string | Uint8Array>();
  const names = (await readdir(folder)).sort();
  // Lume's order: what the configuration sets, then `_data.ts`, then the page, then what it yields.
  let shared: Data = given;
  if (names.includes("_data.ts")) shared = { ...shared, ...await load(folder, "_data.ts") };
  const layouts = new Layouts(join(folder, "_includes"));
  for (const name of names.filter((name) => name.endsWith(".page.ts"))) {
    const { default: generate, ...page } = await load(folder, name);
    if (typeof generate !== "function") {
      throw new Error(`site/${name}: the default export must be a generator of pages.`);
    }
    const base = { ...shared, ...page };
    for (const yielded of generate(base) as Iterable<Data>) {
      const data = { ...base, ...yielded };
      const url = data.url;
      if (typeof url !== "string" || !url.startsWith("/") || url.endsWith("/")) {
        throw new Error(
          `site/${name}: url ${JSON.stringify(url)} must be a file path like "/a.html".`,
        );
      }
      const path = posix.normalize(url).slice(1);
      if (output.has(path)) throw new Error(`site/${name}: ${url} is written twice.`);
      output.set(path, data.layout ? await layouts.render(data) : data.content as Uint8Array);
    }
  }
  for (const copied of COPIED) {
    const entries = await readdir(join(folder, copied), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((entry) => entry.isFile())) {
      const path = join(entry.parentPath, entry.name);
      output.set(posix.relative(folder, path), new Uint8Array(await readFile(path)));
    }
  }
  return output;
}

async function load(folder: string, name: string): Promise<Data> {
  return { ...await import(pathToFileURL(join(folder, name)).href) };
}

class Layouts {
  #folder: string;
  #engine: ReturnType<typeof vento>;
  #sources = new Map<string, { body: string; layout?: string }>();

  constructor(folder: string) {
    this.#folder = folder;
    // Vento cuts names at "#" and "?", so the folder's own is none of its business.
    const includes = {
      load: async (name: string) => ({ source: await readFile(join(folder, name), "utf8") }),
      resolve: (from: string, name: string) => posix.join(posix.dirname(from), name),
    };
    this.#engine = vento({ includes, ...VENTO });
    this.#engine.use(autoTrim());
  }

  /** The page in its layout, that in its own, and so on outwards. */
  async render(data: Data): Promise<string> {
    let content = data.content;
    let layout = data.layout as string | undefined;
    while (layout) {
      const source = await this.#read(join(this.#folder, layout));
      try {
        const filled = { ...data, content, layout: undefined };
        content = (await this.#engine.runString(source.body, filled, layout)).content;
      } catch (cause) {
        throw new Error(`${layout}, for page ${data.url}: ${(cause as Error).message}`, { cause });
      }
      layout = source.layout;
    }
    return content as string;
  }

  async #read(path: string) {
    const known = this.#sources.get(path);
    if (known) return known;
    const text = await readFile(path, "utf8");
    const header = /^---\n([\s\S]*?)\n---\n/.exec(text);
    const layout = header && /^layout: (\S+)$/.exec(header[1])?.[1];
    if (header && !layout) {
      throw new Error(`${path}: the header may hold one line, "layout: layouts/<name>.vto".`);
    }
    const source = { body: text.slice(header?.[0].length ?? 0), layout: layout ?? undefined };
    this.#sources.set(path, source);
    return source;
  }
}
