/**
 * @file The code fingerprint of a job: a hash of exactly the code that the job can reach.
 *
 * A virtual entry imports the stage's `run` and, of the modules that the parameters name, the named
 * exports; esbuild bundles it with tree shaking. The sections of the bundle are put in the order of
 * their file names (the bundler's order follows imports that may belong to code nobody reaches) and
 * minified (names that the bundler invented to avoid collisions vanish); the sha256 of that counts.
 */
import { join } from "node:path";
import { bundle, minify } from "./bundle.ts";
import { canonical, sha256 } from "../content/canonical.ts";
import { missingModule } from "../modules.ts";
import { FileHashes, type SavedHashes } from "./file_hashes.ts";
import { readSealed, writeSealed } from "../store/sealed.ts";
import { Packages } from "./packages.ts";
import type { CodeDetail } from "../content/ingredients.ts";
import type { ModuleRef } from "../stage.ts";

export interface Fingerprint {
  /** sha256 of the reached code. */
  code: string;
  /** Tables of which the code reaches some entry, by path: which ones a job uses is known when it has run. */
  tables: string[];
  /** Resolved versions of the packages that the reached code imports, dependencies included. */
  packages: Record<string, string>;
  /** Files that were read for it, with their hashes: while these hold, the fingerprint holds. */
  files: Record<string, string>;
}

interface Entry {
  code: string;
  requests: string[];
  tables: string[];
  files: Record<string, string>;
}

/** The code of a bundle without any. */
const NOTHING = sha256("");

/** Of the cache's form. */
const FORMAT = 3;

interface Cache {
  format: number;
  /** The import map that the entries were made with. */
  imports: string;
  hashes: SavedHashes;
  entries: Record<string, Entry>;
}

export class Fingerprints {
  readonly hashes: FileHashes;
  #entries: Record<string, Entry>;
  #memo = new Map<string, Fingerprint>();
  /** What is being bundled. */
  #making = new Map<string, Promise<Fingerprint>>();
  #details = new Map<string, CodeDetail>();
  #imports: string;
  #changed = false;

  constructor(readonly root: string, readonly cacheDir: string, readonly packages: Packages) {
    this.#imports = sha256(canonical(packages.imports));
    const cache = readCache(join(cacheDir, "fingerprints.json"));
    const usable = cache?.imports === this.#imports && cache.format === FORMAT;
    this.hashes = new FileHashes(root, usable ? cache.hashes : {});
    this.#entries = usable ? cache.entries : {};
  }

  /**
   * The fingerprint of a stage with the modules its parameters name; no promise where it is known, as it is for all but the first of
   * many jobs.
   * @throws {Error} for a module that does not exist, saying what there is, and for code that does not parse
   */
  of(
    stagePath: string,
    modules: Record<string, ModuleRef>,
  ): Fingerprint | Promise<Fingerprint> {
    return this.#of(entryText(stagePath, modules), () => {
      const missing = missingModule(this.root, modules);
      if (missing) throw new Error(`${stagePath}: ${missing}.`);
    });
  }

  /** The fingerprint of a table, `path`, or of one of its entries, `path#name`; undefined where there is none of that name. */
  async ofRule(rule: string): Promise<Fingerprint | undefined> {
    const [path, name] = rule.split("#");
    const what = name === undefined ? "*" : `{ ${name} }`;
    try {
      const found = await this.#of(`export ${what} from ${JSON.stringify("./" + path)};`);
      // To the bundler a name that a module lacks may be that of a type.
      return found.code === NOTHING ? undefined : found;
    } catch {
      return undefined;
    }
  }

  #of(entry: string, check = () => {}): Fingerprint | Promise<Fingerprint> {
    const known = this.#memo.get(entry);
    if (known) return known;
    // Thousands of jobs ask at once for what few bundles say.
    let making = this.#making.get(entry);
    if (!making) {
      making = this.#fingerprint(entry, check).finally(() => this.#making.delete(entry));
      this.#making.set(entry, making);
    }
    return making;
  }

  async #fingerprint(entry: string, check: () => void): Promise<Fingerprint> {
    let made = this.#entries[entry];
    if (!made || !this.#holds(made)) {
      check();
      made = this.#entries[entry] = await this.#make(entry);
      this.#changed = true;
    }
    const { code, requests, tables, files } = made;
    const fingerprint = { code, tables, files, packages: this.packages.versions(requests) };
    this.#memo.set(entry, fingerprint);
    return fingerprint;
  }

  /**
   * True when the code and the packages that a job reaches are still those fingerprinted: for the
   * check before a commit. An edit or an upgrade that the job does not reach passes.
   */
  async stillHolds(
    stagePath: string,
    modules: Record<string, ModuleRef>,
    expected: Fingerprint,
  ): Promise<boolean> {
    const entry = entryText(stagePath, modules);
    // Every file is looked at, not only as far as the first that differs: who asks may go on to
    // compare them.
    const unedited = Object.entries(expected.files)
      .filter(([path, hash]) => this.hashes.again(path) !== hash).length === 0;
    // Of thousands of jobs each asks, and hardly ever has anything changed.
    const planned = this.#memo.get(entry);
    if (planned && unedited && this.#packagesHold()) {
      return planned.code === expected.code && (planned.packages === expected.packages ||
        canonical(planned.packages) === canonical(expected.packages));
    }
    try {
      const packages = Packages.read(this.root);
      const sameImports = sha256(canonical(packages.imports)) === this.#imports;
      const known = unedited && sameImports ? this.#entries[entry] : undefined;
      const now = known ?? await this.#make(entry, packages);
      return now.code === expected.code &&
        canonical(packages.versions(now.requests)) === canonical(expected.packages);
    } catch {
      return false; // A file is in the middle of an edit and does not parse.
    }
  }

  /** False where the files of the packages, which are looked at, may say something else than they did. */
  #packagesHold(): boolean {
    const sums = Object.entries(this.packages.sums);
    return sums.length > 0 && sums.every(([path, sum]) => this.hashes.again(path) === sum);
  }

  detail(code: string): CodeDetail | undefined {
    const known = this.#details.get(code);
    if (known) return known;
    const path = join(this.cacheDir, "code", `${code}.json`);
    const detail = readSealed(path, "detail") as CodeDetail | undefined;
    if (detail) this.#details.set(code, detail);
    return detail;
  }

  save(): void {
    if (!this.#changed && !this.hashes.changed) return;
    const cache: Cache = {
      format: FORMAT,
      imports: this.#imports,
      hashes: this.hashes.saved(),
      entries: this.#entries,
    };
    writeSealed(join(this.cacheDir, "fingerprints.json"), "cache", cache);
  }

  #holds(entry: Entry): boolean {
    return Object.entries(entry.files).every(([path, hash]) => this.hashes.hash(path) === hash);
  }

  async #make(entry: string, packages = this.packages): Promise<Entry> {
    const { root } = this;
    const { text, files, tables, packages: requests } = await bundle(entry, {
      root,
      packages,
      purpose: "hash",
    });
    const sections = splitSections(text, new Set(Object.keys(files)));
    const ordered = [...sections].sort(([a], [b]) => a < b ? -1 : 1);
    const code = sha256(await minify(ordered.map(([, section]) => section).join("\n")));
    const detail: CodeDetail = {};
    for (const [path, section] of ordered) {
      if (path !== "" && section.trim()) detail[path] = hashSymbols(section);
    }
    // Here too: the cache of a store that may only be read keeps nothing.
    this.#details.set(code, detail);
    writeSealed(join(this.cacheDir, "code", `${code}.json`), "detail", detail);
    return { code, requests, tables, files };
  }
}

/** The module that a job would be if it were written as one. */
export function entryText(stagePath: string, modules: Record<string, ModuleRef>): string {
  const lines = [`export { run } from ${JSON.stringify("./" + stagePath)};`];
  for (const [i, name] of Object.keys(modules).sort().entries()) {
    const { path, exports } = modules[name];
    const list = [...new Set(exports)].sort().map((e) => `${e} as module${i}_${e}`);
    const from = JSON.stringify("./" + path);
    lines.push(`export { ${list.join(", ")} } from ${from};`);
  }
  return lines.join("\n");
}

/** Bundled text by source file; text that belongs to none is under "". */
function splitSections(text: string, files: Set<string>): Map<string, string> {
  const sections = new Map<string, string>();
  let path = "";
  let lines: string[] = [];
  const close = () => sections.set(path, (sections.get(path) ?? "") + lines.join("\n") + "\n");
  for (const line of text.split("\n")) {
    const next = line.startsWith("// ") ? line.slice(3) : undefined;
    if (next !== undefined && (files.has(next) || next === "<entry>")) {
      close();
      path = next === "<entry>" ? "" : next;
      lines = [];
    } else lines.push(line);
  }
  close();
  return sections;
}

const DECLARATION = /^(?:async )?(?:function\*?|class|var|let|const) ([\w$]+)/;

function hashSymbols(section: string): Record<string, string> {
  const parts = new Map<string, string>();
  let name = "";
  for (const line of section.split("\n")) {
    name = DECLARATION.exec(line)?.[1] ?? name;
    if (line.trim()) parts.set(name, (parts.get(name) ?? "") + line + "\n");
  }
  return Object.fromEntries([...parts].map(([n, t]) => [n || "(imports)", sha256(t).slice(0, 12)]));
}

/** One that was damaged would make keys of code that there never was. */
function readCache(path: string): Cache | undefined {
  const cache = readSealed(path, "cache") as Cache | undefined;
  return cache?.entries && cache.hashes ? cache : undefined;
}
