/**
 * @file The files of the SQL page: DuckDB for the browser and the page's script, served from the site
 * itself. About 35 MB, so they are part of a site only when asked for.
 */
import { build, type Plugin, stop } from "esbuild";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
// Only so that the package is in the module graph: `import.meta.resolve` knows no other.
import "@duckdb/duckdb-wasm/dist/duckdb-browser.mjs" with { type: "text" };

/** @returns name below `sql/` to bytes */
export async function sqlFiles(): Promise<{ name: string; bytes: Uint8Array }[]> {
  const names = ["duckdb-eh.wasm", "duckdb-browser-eh.worker.js"];
  const files = await Promise.all(names.map(async (name) => {
    const url = import.meta.resolve(`@duckdb/duckdb-wasm/dist/${name}`);
    const bytes: Uint8Array = await readFile(fileURLToPath(url));
    return { name, bytes: name.endsWith(".js") ? withoutSourceMap(bytes) : bytes };
  }));
  return [...files, { name: "query.js", bytes: await script() }];
}

async function script(): Promise<Uint8Array> {
  try {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL("./query.js", import.meta.url))],
      ...{ bundle: true, write: false, minify: true, format: "esm", target: "es2022" },
      plugins: [packages],
    });
    return outputFiles[0].contents;
  } finally {
    await stop();
  }
}

/** Deno keeps packages in its own cache, where esbuild does not look. */
const packages: Plugin = {
  name: "packages",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
      if (path === "@duckdb/duckdb-wasm") {
        const url = import.meta.resolve("@duckdb/duckdb-wasm/dist/duckdb-browser.mjs");
        return { path: fileURLToPath(url) };
      }
      const { resolve } = createRequire(importer);
      if (path !== "apache-arrow") return { path: resolve(path) };
      return { path: `${dirname(resolve(path))}/Arrow.dom.mjs` };
    });
  },
};

/** The map is not served; asking for it would be an error in the console. */
function withoutSourceMap(script: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(script);
  return new TextEncoder().encode(text.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, "\n"));
}
