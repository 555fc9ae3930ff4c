/** @file Which test files reach a source file: by imports, and by the paths that a module names to run or import them. */
import { posix } from "node:path";
import ts from "typescript";

/**
 * @param sources texts by path from the root of the repository.
 * @returns for a file, the test files that reach it, nearest first: those of the folder that mirrors its own, of these those
 *   that have its name, then by the number of steps between.
 */
export function reach(sources: ReadonlyMap<string, string>): (file: string) => string[] {
  const importers = new Map<string, Set<string>>();
  for (const [path, text] of sources) {
    for (const target of namedBy(path, text, sources)) {
      const known = importers.get(target) ?? new Set();
      importers.set(target, known.add(path));
    }
  }
  return (file) => {
    const steps = new Map([[file, 0]]);
    for (const [path, distance] of steps) { // grows while it is walked
      for (const importer of importers.get(path) ?? []) {
        if (!steps.has(importer)) steps.set(importer, distance + 1);
      }
    }
    const mirror = mirrorOf(file, sources);
    const name = posix.basename(file, ".ts");
    const far = (path: string) => {
      if (!path.startsWith(mirror)) return steps.get(path)! + 1000;
      return steps.get(path)! + (posix.basename(path).startsWith(`${name}_`) ? 0 : 100);
    };
    return [...steps.keys()].filter((path) => path.endsWith("_test.ts"))
      .sort((a, b) => far(a) - far(b) || (a < b ? -1 : 1));
  };
}

/** The deepest folder of tests that mirrors the folder of a file. */
function mirrorOf(file: string, sources: ReadonlyMap<string, string>): string {
  const parts = posix.dirname(file).replace(/^lib\//, "").split("/");
  for (let n = parts.length; n > 0; n--) {
    const folder = `tests/${parts.slice(0, n).join("/")}/`;
    if ([...sources.keys()].some((path) => path.startsWith(folder))) return folder;
  }
  return "tests/";
}

/** Files that a module imports or names in a string: relative to itself or to the root, holes of a template matching anything. */
function namedBy(path: string, text: string, sources: ReadonlyMap<string, string>): Set<string> {
  const named = new Set<string>();
  const add = (pattern: string) => {
    for (const from of pattern.startsWith(".") ? [posix.dirname(path)] : [""]) {
      const target = posix.join(from, pattern);
      if (!target.includes("*")) {
        if (sources.has(target)) named.add(target);
        continue;
      }
      const expression = new RegExp(
        `^${target.split("*").map((s) => s.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join("[^/]+")}$`,
      );
      for (const file of sources.keys()) if (expression.test(file)) named.add(file);
    }
    // A folder named by itself is listed at run time.
    if (/^(lib|pipeline|site)(\/\w+)+$/.test(pattern)) add(`${pattern}/*.ts`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) add(node.text);
    else if (ts.isTemplateExpression(node)) {
      const parts = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)];
      // Prose with holes is no path.
      if (/\.[jt]s$/.test(parts.at(-1)!) && parts.every((part) => !part.includes(" "))) {
        add(parts.join("*"));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  named.delete(path);
  return named;
}
