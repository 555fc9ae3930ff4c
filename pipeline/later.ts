/**
 * @file Modules that are loaded when they are needed, and not looked at before.
 *
 * What an `import()` names by a literal Deno finds and reads at every start, with all that it leads to, whether it is ever reached:
 * for a run with nothing to do four times the files that it uses.
 */

/**
 * Imports a module of the project by a path that Deno sees no earlier.
 *
 * @param path relative, as in `import`; the type names it once more, for who checks types: `later<typeof import("./gc.ts")>("./gc.ts", …)`
 * @param from `import.meta.url` of the caller
 */
export function later<Module>(path: string, from: string): Promise<Module> {
  const url = new URL(path, from).href;
  return import(url);
}
