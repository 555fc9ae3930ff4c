/** @file What there is instead of a module that parameters name and that does not exist. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { nearestFirst } from "../lib/nearest.ts";
export { nearestFirst };
import type { ModuleRef } from "./stage.ts";

/**
 * What to say about the first of some modules that does not exist: what its folder has instead, nearest names first.
 * @returns undefined when all of them exist.
 */
export function missingModule(
  root: string,
  modules: Readonly<Record<string, ModuleRef>>,
): string | undefined {
  for (const { path, exports } of Object.values(modules)) {
    if (existsSync(join(root, path))) continue;
    const { folder, names } = modulesBeside(root, path, exports);
    const name = basename(path, ".ts");
    if (names.length === 0) return `there is no ${path}, and no other such module in ${folder}`;
    return `there is no ${path}; ${folder} has ${nearestFirst(name, names).join(", ")}`;
  }
}

/** Names of the modules that could stand where a path points to: those of its folder that export the same. */
export function modulesBeside(root: string, path: string, exports: readonly string[]) {
  const name = basename(path, ".ts");
  const own = dirname(path);
  // A module in a folder of its name, as tasks are.
  const nested = basename(own) === name;
  const folder = nested ? dirname(own) : own;
  const names = (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [])
    .map((entry) => nested ? entry : basename(entry, ".ts"))
    .filter((entry) => {
      const file = join(root, folder, nested ? `${entry}/${entry}.ts` : `${entry}.ts`);
      return existsSync(file) && exportsAll(readFileSync(file, "utf8"), exports);
    });
  return { folder, names: names.sort() };
}

const exportsAll = (source: string, names: readonly string[]) =>
  names.every((name) =>
    new RegExp(`^export (async )?(const|function) ${name}\\b`, "m").test(source)
  );
