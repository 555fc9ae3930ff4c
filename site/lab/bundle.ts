/**
 * @file The scripts of the lab: each page's own, with the worker that computes for it and the files that this reads, in one file
 * that needs nothing else: it runs from any static host, and from a folder.
 *
 * Bundling takes a second or two, so what was bundled is kept beside the sources until one of the files changes that it is made of.
 */
import { build, type Metafile, type Plugin, stop } from "esbuild";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findEntry } from "../../lib/data/entry.ts";
import { fetchDataset } from "../../lib/data/fetch_dataset.ts";
import { licencesOf, type Package, packagesOf } from "./licences.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Left out of the site's sources by its name. */
const KEPT = join(ROOT, "site", "_lab");

const REGISTRY = "data/datasets.json";

/** One page's script. */
interface Lab {
  /** Of its folder here, and of its page. */
  name: string;
  /** Files that its worker holds as text or, where they are not text, in base64: the name of the constant, and the file. */
  files: Record<string, string>;
}

/** The pages, in the order of the lab. */
export const LABS: readonly Lab[] = [
  { name: "filter", files: {} },
  {
    name: "text",
    files: {
      MODEL: "data/models/linear/model.safetensors",
      TOKENIZER: "data/models/linear/tokenizer.json",
    },
  },
  { name: "forecast", files: { EXAMPLE: "dataset:co2-monthly.csv" } },
  { name: "training", files: {} },
];

/** What the lab adds to a site. */
export interface LabScripts {
  /** Name below `lab/` to its text. */
  files: { name: string; content: string }[];
  /** Packages that the scripts hold, by name. */
  packages: Package[];
}

/** What a bundle was made of, kept beside it. */
interface Made {
  /** Path from the root to sha256. */
  inputs: Record<string, string>;
  packages: string[];
  /** Of the script. */
  sum: string;
}

/** @throws {Error} where a module does not parse or resolve */
export async function labScripts(): Promise<LabScripts> {
  const files: LabScripts["files"] = [];
  const folders = new Set<string>();
  let started = false;
  try {
    for (const lab of LABS) {
      const kept = await keptScript(lab);
      started ||= !kept;
      const { script, packages } = kept ?? await bundled(lab);
      files.push({ name: `${lab.name}.js`, content: script });
      for (const folder of packages) folders.add(folder);
    }
  } finally {
    if (started) await stop();
  }
  const packages = await packagesOf([...folders]);
  files.push({ name: "licences.txt", content: licencesOf(packages) });
  return { files, packages };
}

/** The script as it was bundled from the same files, if it was. */
async function keptScript({ name }: Lab) {
  try {
    const made: Made = JSON.parse(await readFile(join(KEPT, `${name}.json`), "utf8"));
    const script = await readFile(join(KEPT, `${name}.js`), "utf8");
    if (sha256(script) !== made.sum) return undefined;
    for (const [path, sum] of Object.entries(made.inputs)) {
      if (sha256(await readFile(join(ROOT, path))) !== sum) return undefined;
    }
    return { script, packages: made.packages };
  } catch {
    return undefined; // never bundled, or a file is gone
  }
}

async function bundled({ name, files }: Lab) {
  const folder = `site/lab/${name}`;
  const constants: Record<string, string> = {};
  for (const [constant, path] of Object.entries(files)) {
    const bytes = await bytesOf(path);
    const text = /\.(json|csv)$/.test(path) ? bytes.toString("utf8") : bytes.toString("base64");
    constants[constant] = JSON.stringify(text);
  }
  const worker = await bundle(`${folder}/worker.ts`, constants);
  const page = await bundle(`${folder}/page.js`, { WORKER: JSON.stringify(worker.text) });
  const read = [...worker.inputs, ...page.inputs];
  const outside = read.filter((path) => path.startsWith(".."));
  const own = [
    ...read.filter((path) => !path.startsWith("..")),
    // Versions of packages, and how bundles are made; files of packages follow from the first.
    ...["deno.json", "deno.lock", "site/lab/bundle.ts"],
    ...Object.values(files).map((path) => path.startsWith("dataset:") ? REGISTRY : path),
  ];
  const inputs: Record<string, string> = {};
  for (const path of new Set(own.sort())) inputs[path] = sha256(await readFile(join(ROOT, path)));
  const packages = [...new Set(outside.flatMap((path) => packageFolder(path) ?? []))];
  await keep(name, page.text, { inputs, packages, sum: sha256(page.text) });
  return { script: page.text, packages };
}

/** Of a file of the repository, or of a dataset that a package holds: "dataset:ID.csv". */
async function bytesOf(path: string): Promise<Buffer> {
  const id = /^dataset:(.*)\.csv$/.exec(path)?.[1];
  if (id === undefined) return await readFile(join(ROOT, path));
  const registry = join(ROOT, REGISTRY);
  const entry = findEntry(await readFile(registry, "utf8"), registry, id, () => {});
  return Buffer.from((await fetchDataset(entry, { root: join(ROOT, "data") })).bytes);
}

async function bundle(entry: string, define: Record<string, string>) {
  const { outputFiles: [{ text }], metafile } = await build({
    entryPoints: [join(ROOT, entry)],
    absWorkingDir: ROOT,
    // A script that is no module has no address; the library asks for one to tell its own lines in a stack.
    define: { ...define, "import.meta.url": JSON.stringify("file:///lab.js") },
    ...{ bundle: true, write: false, minify: true, metafile: true },
    // No module: those do not load from a folder.
    ...{ format: "iife", platform: "browser", target: "es2022", charset: "utf8" },
    legalComments: "none", // all licences are in one file
    tsconfigRaw: {},
    plugins: [packages],
    logLevel: "error",
  });
  return { text, inputs: usedInputs(metafile) };
}

/** Files that something of is left in the bundle; those that only types came from are read too, and count as sources. */
function usedInputs({ inputs, outputs }: Metafile): string[] {
  const [{ inputs: used }] = Object.values(outputs);
  return Object.keys(inputs).filter((path) =>
    !path.startsWith("..") || (used[path]?.bytesInOutput ?? 0) > 0
  );
}

/** "../.cache/deno/npm/registry.npmjs.org/zod/4.6.7", of a file below it. */
function packageFolder(path: string): string | undefined {
  return /^.*\/npm\/[^/]+\/(?:@[^/]+\/)?[^/]+\/[^/]+(?=\/)/.exec(join(ROOT, path))?.[0];
}

/** Whole or not at all, since other builds may read it; a folder that cannot be written keeps nothing. */
async function keep(name: string, script: string, made: Made) {
  const write = async (file: string, text: string) => {
    const temporary = join(KEPT, `.${file}-${process.pid}`);
    await writeFile(temporary, text);
    await rename(temporary, join(KEPT, file));
  };
  try {
    await mkdir(KEPT, { recursive: true });
    await write(`${name}.js`, script);
    await write(`${name}.json`, JSON.stringify(made));
  } catch {
    // A checkout that may only be read: the next build bundles again.
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Deno keeps packages in its own cache, where esbuild does not look. */
const packages: Plugin = {
  name: "packages",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      if (kind === "entry-point") return undefined;
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
