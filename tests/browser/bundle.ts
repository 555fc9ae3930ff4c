/** @file The library as one file for browsers, with the packages it needs and what it is made of. */
import { build, type Metafile, type Plugin, stop } from "esbuild";
import { readdirSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A bundle, and how it came about. */
export interface Bundled {
  /** One module, minified. */
  text: string;
  /** Everything that was read, and its bytes in the bundle, largest first. */
  inputs: { path: string; bytes: number }[];
  /** Imports of Node's own modules: "from -> to". */
  builtins: string[];
}

/** Folders and files of the library that browsers can have. */
const PARTS = [
  ...["lib/mod.ts", "lib/layers/sequence", "lib/models", "lib/tasks", "lib/train"],
  ...["lib/engine/engines/jax.ts", "lib/engine/engines/jax_webgpu.ts"],
];

/** The modules of the library that browsers can have, from the root. */
export function browserModules(): string[] {
  return PARTS.flatMap((part) =>
    part.endsWith(".ts")
      ? [part]
      : readdirSync(join(ROOT, part), { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".ts")).sort().map((path) => `${part}/${path}`)
  );
}

/** Bundles every export of modules, each under the name of its place in the list: `m0`, `m1`, … */
export async function bundleForBrowsers(modules: readonly string[]): Promise<Bundled> {
  const exports = modules.map((path, i) =>
    `export * as m${i} from ${JSON.stringify(`./${path}`)};`
  );
  try {
    const { outputFiles: [{ text }], metafile } = await build({
      stdin: { contents: exports.join("\n"), resolveDir: ROOT, loader: "ts" },
      absWorkingDir: ROOT,
      bundle: true,
      write: false,
      minify: true,
      metafile: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      legalComments: "none",
      tsconfigRaw: {},
      plugins: [packages],
    });
    return { text, ...made(metafile) };
  } finally {
    await stop();
  }
}

function made({ inputs, outputs }: Metafile): Omit<Bundled, "text"> {
  const [{ inputs: used }] = Object.values(outputs);
  return {
    inputs: Object.keys(inputs).map((path) => ({
      path: path.replace(/^.*\/registry\.npmjs\.org\//, "npm:"),
      bytes: used[path]?.bytesInOutput ?? 0,
    })).sort((a, b) => b.bytes - a.bytes),
    builtins: Object.entries(inputs).flatMap(([from, { imports }]) =>
      imports.filter(({ path }) => isBuiltin(path)).map(({ path }) => `${from} -> ${path}`)
    ),
  };
}

/** Deno keeps packages in its own cache, where esbuild does not look. */
const packages: Plugin = {
  name: "packages",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
      if (isBuiltin(path)) return { path, external: true };
      // The import map is that of the repository; a package has its own dependencies.
      const own = !relative(ROOT, importer).startsWith("..");
      return {
        path: own
          ? fileURLToPath(import.meta.resolve(path))
          : createRequire(importer).resolve(path),
      };
    });
  },
};
