/**
 * @file Bundles a virtual entry with tree shaking, for two readers: the fingerprint hashes the text,
 * the plan imports it.
 *
 * esbuild is imported only here and only when something has to be bundled; a no-op run never starts it.
 */
import { readFile } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { sha256 } from "../content/canonical.ts";
import type { Packages } from "./packages.ts";

export interface Bundle {
  text: string;
  /**
   * Every file that was read, from the root, with the sha256 of what was read: when none changes,
   * neither does the bundle. Hashed afterwards, an edit in between would pass for what was bundled.
   */
  files: Record<string, string>;
  /** Tables (lib/engine/table.ts) that what is left imports; their entries are fingerprinted one by one. */
  tables: string[];
  /** `name@range` of the packages that what is left still imports. */
  packages: string[];
}

export interface BundleOptions {
  root: string;
  packages: Packages;
  /** "hash": constants become droppable, the text is never run. "run": `import.meta` is filled in. */
  purpose: "hash" | "run";
}

/** @throws {Error} naming file, line and reason when a module does not parse or resolve */
export async function bundle(entry: string, options: BundleOptions): Promise<Bundle> {
  const esbuild = await import("esbuild");
  const requests = new Map<string, string>();
  const hashes = new Map<string, string>();
  const result = await esbuild.build({
    stdin: { contents: entry, loader: "ts", resolveDir: options.root, sourcefile: ENTRY },
    absWorkingDir: options.root,
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    treeShaking: true,
    legalComments: "none",
    metafile: true,
    // Never a tsconfig.json that happens to lie around.
    tsconfigRaw: {},
    logLevel: "silent",
    plugins: [resolver(options, requests), loader(options, hashes)],
  }).catch((cause) => {
    throw new Error(explain(cause));
  });
  const [output] = Object.values(result.metafile.outputs);
  return {
    text: result.outputFiles[0].text,
    files: Object.fromEntries(
      [...hashes].map(([path, hash]) => [relative(options.root, path), hash] as const)
        .sort(([a], [b]) => a < b ? -1 : 1),
    ),
    tables: [...new Set(output.imports.map(({ path }) => path).filter((path) => TABLE.test(path)))]
      .sort(),
    packages: [
      ...new Set(output.imports.flatMap(({ path }) => requests.get(path) ?? [])),
    ].sort(),
  };
}

/** Shortens names and drops white space and comments of bundled text. */
export async function minify(text: string): Promise<string> {
  const esbuild = await import("esbuild");
  const result = await esbuild.transform(text, {
    loader: "js",
    format: "esm",
    target: "esnext",
    minify: true,
    legalComments: "none",
  });
  return result.code;
}

/** Ends the esbuild process if one was started. */
export async function stopBundler(): Promise<void> {
  await (await import("esbuild")).stop();
}

const ENTRY = "<entry>";

/** A module of which a job's key holds the entries that it used; only the fingerprint of an entry looks inside. */
const TABLE = /^lib\/engine\/.*_table\.ts$/;

function resolver(
  { root, packages, purpose }: BundleOptions,
  requests: Map<string, string>,
): Plugin {
  return {
    name: "import-map",
    setup(build) {
      build.onResolve({ filter: /_table\.ts$/ }, ({ path, importer, resolveDir }) => {
        const full = relative(root, join(resolveDir, path));
        if (purpose === "run" || importer.endsWith(ENTRY) || !TABLE.test(full)) return undefined;
        return { path: full, external: true, sideEffects: false };
      });
      build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        if (kind === "entry-point" || isAbsolute(path)) return undefined;
        if (path.startsWith("file:")) return { path: new URL(path).pathname };
        const target = packages.resolve(path);
        if (target.kind === "file") return { path: join(root, target.path) };
        if (target.kind === "unknown") {
          return { errors: [{ text: `"${path}" is not in the imports of deno.json` }] };
        }
        if (target.kind === "package") requests.set(path, target.request);
        // Packages have no effects that matter here, so an import that nothing uses can be dropped.
        return { path, external: true, sideEffects: false };
      });
    },
  };
}

function loader({ root, purpose }: BundleOptions, hashes: Map<string, string>): Plugin {
  return {
    name: "source",
    setup(build) {
      build.onLoad({ filter: /./ }, async (args) => {
        const bytes = await readFile(args.path);
        hashes.set(args.path, sha256(bytes));
        if (args.with.type === "text" || args.with.type === "bytes") {
          return { contents: bytes, loader: "text" };
        }
        const kind = /\.([cm]?[jt]sx?|json)$/.exec(args.path)?.[1];
        if (!kind) return { errors: [{ text: `${relative(root, args.path)} is no module` }] };
        if (kind === "json") return { contents: bytes, loader: "json" };
        const source = bytes.toString("utf8");
        return {
          contents: purpose === "hash" ? deferConstants(source) : fillMeta(source, args.path),
          loader: kind.endsWith("x") ? "tsx" : "ts",
        };
      });
    },
  };
}

/**
 * Turns `const x = E` at the top level into a function that returns E, so that the bundler can drop
 * it where nothing uses it, whatever E calls. The text is only hashed: a constant that a job reaches
 * is still there, whole, with everything it refers to. A pattern without nesting becomes one function
 * for E and one for each name.
 */
export function deferConstants(source: string): string {
  let serial = 0;
  return source.replace(
    /^((?:export )?(?:const|let|var)) ([{[])([\w$,:\s]+)[}\]](?:: .*?)? =(?=\s)/gm,
    (_, declare: string, kind: string, names: string) => {
      const all = `deferred${serial++}`;
      const parts = names.split(",").map((text) => text.trim()).filter(Boolean);
      const each = parts.map((text, i) => {
        const place = JSON.stringify(kind === "[" ? String(i) : text.split(":")[0].trim());
        return `${text.split(":").at(-1)!.trim()} = () => [${all}, ${place}]`;
      });
      return `${declare} ${each.join(", ")}; const ${all} = async () => 0 ? 0 :`;
    },
  ).replace(
    /^((?:export )?(?:const|let|var) [\w$]+(?:: .*?)?) =(?=\s)(?! \(\) => \[deferred\d)/gm,
    "$1 = async () => 0 ? 0 :",
  );
}

/** A bundle lies elsewhere than the modules it came from. */
function fillMeta(source: string, path: string): string {
  const literal = {
    url: pathToFileURL(path).href,
    filename: path,
    dirname: join(path, ".."),
  };
  return source.replace(
    /\bimport\.meta\.(url|filename|dirname)\b/g,
    (_, field: keyof typeof literal) => JSON.stringify(literal[field]),
  );
}

function explain(cause: unknown): string {
  const errors = (cause as { errors?: { text: string; location?: Location }[] }).errors;
  if (!errors?.length) return String((cause as Error)?.message ?? cause);
  return errors.slice(0, 5).map(({ text, location }) =>
    location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text
  ).join("\n");
}

interface Location {
  file: string;
  line: number;
  column: number;
}
