/**
 * @file Where a bare import leads: the import map of `deno.json`, and the versions in `deno.lock`.
 *
 * Packages stay outside the bundles that are hashed; their resolved versions, and those of everything
 * they depend on, are an ingredient of the key instead.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../content/canonical.ts";
import { MISSING } from "./file_hashes.ts";

interface Lock {
  specifiers?: Record<string, string>;
  npm?: Record<string, { dependencies?: string[]; optionalDependencies?: string[] }>;
}

export type Resolution =
  | { kind: "file"; path: string }
  | { kind: "package"; name: string; request: string }
  | { kind: "builtin" }
  | { kind: "unknown" };

export class Packages {
  #imports: Record<string, string>;
  #prefixes: string[];
  #lock: Lock;
  #byName = new Map<string, string[]>();

  /** @param sums sha256 of the files that it was read from, by name */
  constructor(
    imports: Record<string, string>,
    lock: Lock = {},
    readonly sums: Readonly<Record<string, string>> = {},
  ) {
    this.#imports = imports;
    this.#prefixes = Object.keys(imports).filter((k) => k.endsWith("/"))
      .sort((a, b) => b.length - a.length);
    this.#lock = lock;
    for (const id of Object.keys(lock.npm ?? {})) {
      const { name } = parseId(id);
      this.#byName.set(name, [...this.#byName.get(name) ?? [], id]);
    }
  }

  /** Reads `deno.json` and `deno.lock` of the root; both may be absent. */
  static read(root: string): Packages {
    const sums: Record<string, string> = {};
    const json = (name: string) => {
      try {
        const bytes = readFileSync(join(root, name));
        sums[name] = sha256(bytes);
        return JSON.parse(new TextDecoder().decode(bytes));
      } catch (cause) {
        if ((cause as { code?: string }).code === "ENOENT") {
          sums[name] = MISSING;
          return {};
        }
        throw new Error(`${join(root, name)} cannot be read as JSON.`, { cause });
      }
    };
    return new Packages(json("deno.json").imports ?? {}, json("deno.lock"), sums);
  }

  /** Changes when a specifier could lead elsewhere; the fingerprint cache is only good for one. */
  get imports(): Record<string, string> {
    return this.#imports;
  }

  resolve(specifier: string): Resolution {
    if (specifier.startsWith("node:")) return { kind: "builtin" };
    let target = this.#imports[specifier];
    if (target === undefined) {
      const prefix = this.#prefixes.find((p) => specifier.startsWith(p));
      target = prefix ? this.#imports[prefix] + specifier.slice(prefix.length) : specifier;
    }
    if (/^\.{0,2}\//.test(target)) return { kind: "file", path: target };
    if (!target.startsWith("npm:")) {
      return /^(https?|jsr):/.test(target)
        ? { kind: "package", name: target, request: target }
        : { kind: "unknown" };
    }
    const request = target.slice(4).replace(/^\//, "");
    const match = /^((?:@[^/]+\/)?[^@/]+)(?:@([^/]+))?/.exec(request)!;
    return { kind: "package", name: match[1], request: match[0] };
  }

  /** Name to resolved version for the requested packages and everything they depend on. */
  versions(requests: Iterable<string>): Record<string, string> {
    const found = new Map<string, Set<string>>();
    const visited = new Set<string>();
    const visit = (id: string) => {
      // By the whole id: a copy with other peers has other packages beneath it.
      if (visited.has(id)) return;
      visited.add(id);
      const { name, version } = parseId(id);
      found.set(name, (found.get(name) ?? new Set()).add(version));
      const entry = this.#lock.npm?.[id];
      for (const d of [...entry?.dependencies ?? [], ...entry?.optionalDependencies ?? []]) {
        const ids = this.#byName.get(parseId(d).name) ?? [];
        visit(ids.find((i) => i === d) ?? ids.find((i) => i.startsWith(d + "_")) ?? ids[0] ?? d);
      }
    };
    for (const request of requests) {
      const { name, version } = parseId(request);
      // A pinned package that the lock file does not list yet still counts with its pin.
      const resolved = this.#lock.specifiers?.[`npm:${request}`] ?? version;
      visit(`${name}@${resolved}`);
    }
    return Object.fromEntries(
      [...found].sort(([a], [b]) => a < b ? -1 : 1)
        .map(([name, set]) => [name, [...set].sort().join(" and ")]),
    );
  }

  /** The version of one package of the import map; undefined when it is not in there. */
  version(name: string): string | undefined {
    const target = this.resolve(name);
    return target.kind === "package" ? this.versions([target.request])[target.name] : undefined;
  }
}

/** `@scope/name@1.2.3_peer@4.5.6` without the peers. */
function parseId(id: string): { name: string; version: string } {
  const at = id.indexOf("@", 1);
  if (at < 0) return { name: id, version: "" };
  return { name: id.slice(0, at), version: id.slice(at + 1).replace(/_.*$/, "") };
}
