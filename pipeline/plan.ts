/**
 * @file Loads what the graph is built from: `meta` and `grid` of the experiments, `params` and
 * `modules` of the stages.
 *
 * These sit in the same files as the science, and importing those would load every engine before the
 * first question is asked. So they are bundled without the rest, kept in the store's cache while no
 * source file changes, and that bundle is imported instead.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ZodType } from "zod";
import { bundle } from "./keys/bundle.ts";
import { canonical, sha256 } from "./content/canonical.ts";
import type { FileHashes } from "./keys/file_hashes.ts";
import { writeCache } from "./store/files.ts";
import { hashFile } from "./store/objects.ts";
import type { ExperimentPart } from "./graph.ts";
import type { Packages } from "./keys/packages.ts";
import { engineModule, type EngineName, isNative } from "../lib/engine/engines.ts";
import type { ModuleRef, StagePart, StagePermissions } from "./stage.ts";

export interface Plan {
  stages: Record<string, StagePart>;
  experiments: ExperimentPart[];
}

const STAGES = "pipeline/stages";
const EXPERIMENTS = "pipeline/experiments/index.ts";

/**
 * @param root folder that holds pipeline/stages and pipeline/experiments
 * @param engine what the stages that use one are given
 * @throws {Error} when a module does not parse or lacks an export
 */
export async function loadPlan(
  root: string,
  cacheDir: string,
  packages: Packages,
  hashes: FileHashes,
  engine: EngineName,
): Promise<Plan> {
  const stagePaths = existsSync(join(root, STAGES))
    ? readdirSync(join(root, STAGES)).filter((f) => f.endsWith(".ts")).sort()
      .map((f) => `${STAGES}/${f}`)
    : [];
  if (!existsSync(join(root, EXPERIMENTS))) {
    throw new Error(`${root} has no pipeline: ${EXPERIMENTS} is missing.`);
  }
  const index = pathToFileURL(join(root, EXPERIMENTS)).href;
  // The query makes a second load in one process see an edit.
  const { experiments } = await import(`${index}?${hashes.hash(EXPERIMENTS).slice(0, 16)}`);
  if (!Array.isArray(experiments)) {
    throw new Error(`${EXPERIMENTS}: must export experiments, a list of module paths.`);
  }
  const experimentPaths: string[] = experiments;
  const parts = await loadParts([...stagePaths, ...experimentPaths], {
    root,
    cacheDir,
    packages,
    hashes,
  });
  const stages: Record<string, StagePart> = {};
  for (const path of stagePaths) {
    const stage = stagePart(path, parts[path], engine);
    stages[stage.name] = stage;
  }
  return { stages, experiments: experimentPaths.map((p) => experimentPart(p, parts[p])) };
}

type Parts = Record<string, Record<string, unknown>>;

async function loadParts(
  paths: string[],
  { root, cacheDir, packages, hashes }: {
    root: string;
    cacheDir: string;
    packages: Packages;
    hashes: FileHashes;
  },
): Promise<Parts> {
  const wanted = [
    ...["params", "modules", "usesEngine", "alone", "permissions", "own", "fixed", "facts"],
    ...["meta", "grid", "tied"],
  ];
  const entry = [
    ...paths.map((path, i) => `import * as m${i} from ${JSON.stringify("./" + path)};`),
    "export const parts = {",
    ...paths.map((path, i) =>
      `${JSON.stringify(path)}: {${wanted.map((name) => `${name}: m${i}.${name}`).join(", ")}},`
    ),
    "};",
  ].join("\n");
  const about = join(cacheDir, "plan.json");
  const id = sha256(canonical([entry, packages.imports, root]));
  const known = readCached(about);
  const current = known?.id === id &&
    Object.entries(known.files).every(([path, hash]) => hashes.hash(path) === hash);
  const module = current ? join(cacheDir, moduleName(known)) : undefined;
  if (module && hashFile(module) === known!.text) {
    return (await import(pathToFileURL(module).href)).parts;
  }
  const { text, files } = await bundle(entry, { root, packages, purpose: "run" });
  const made: CachedPlan = { id, text: sha256(text), files };
  const path = join(cacheDir, moduleName(made));
  if (!writeCache(path, text)) {
    return (await import(`data:text/javascript,${encodeURIComponent(text)}`)).parts;
  }
  if (known && known.text !== made.text) {
    rmSync(join(cacheDir, moduleName(known)), { recursive: true, force: true });
  }
  writeCache(about, JSON.stringify(made));
  return (await import(pathToFileURL(path).href)).parts;
}

/** No path: a store that was copied with its checkout must not lead to the other one. */
interface CachedPlan {
  id: string;
  /** sha256 of the module, which is named by it. */
  text: string;
  files: Record<string, string>;
}

const moduleName = ({ text }: CachedPlan) => `plan-${text.slice(0, 16)}.mjs`;

/** A cache: what cannot be read, or is of another form, is made again. */
function readCached(path: string): CachedPlan | undefined {
  try {
    const cached = JSON.parse(readFileSync(path, "utf8"));
    return typeof cached?.text === "string" && cached.files ? cached : undefined;
  } catch {
    return undefined;
  }
}

function stagePart(
  path: string,
  part: Record<string, unknown>,
  engine: EngineName,
): StagePart {
  const name = path.slice(STAGES.length + 1, -3);
  const schema = (typeof part.params === "function" ? part.params() : part.params) as ZodType;
  if (typeof schema?.safeParse !== "function") {
    throw new Error(`${path}: a stage exports params, a zod schema or a function that makes one.`);
  }
  const usesEngine = part.usesEngine === true;
  const named = part.modules as StagePart["modules"];
  const engineRef: ModuleRef = { path: engineModule(engine), exports: ["compile"] };
  return {
    name,
    path,
    schema,
    // An engine is a module that a job names: of the others nothing is in its key.
    modules: usesEngine ? (params) => ({ ...named?.(params), engine: engineRef }) : named,
    usesEngine,
    alone: part.alone === true,
    permissions: {
      ...part.permissions as StagePermissions | undefined,
      ...(usesEngine && isNative(engine) ? { ffi: true as const } : {}),
    },
    own: part.own as StagePart["own"],
    fixed: part.fixed as StagePart["fixed"],
    facts: part.facts as StagePart["facts"],
  };
}

function experimentPart(path: string, part: Record<string, unknown>): ExperimentPart {
  const { meta, grid, tied } = part as Partial<ExperimentPart>;
  if (!meta?.id || typeof grid !== "function") {
    throw new Error(`${path}: an experiment exports meta (with an id) and grid(g, profile).`);
  }
  return { meta, path, grid: grid as ExperimentPart["grid"], tied };
}
