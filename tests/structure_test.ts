/** @file How the folders stand to each other: no cycles, nothing that reaches upwards, tests where their code is. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

function modulesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts")).map((path) => `${folder}/${path}`).sort();
}

/** Modules by what they import of the repository, types and later imports too. */
function importsOf(folders: string[]): Map<string, string[]> {
  return new Map(
    folders.flatMap(modulesIn).map((path) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, path), "utf8"));
      const own = importedFiles.map(({ fileName }) => fileName).filter((name) => /^\./.test(name))
        .map((name) => join(dirname(path), name));
      return [path, [...new Set(own)]];
    }),
  );
}

/** A way from something back to itself, if there is one. */
function cycle(edges: Map<string, Iterable<string>>): string[] | undefined {
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (at: string): string[] | undefined => {
    if (way.includes(at)) return [...way.slice(way.indexOf(at)), at];
    if (done.has(at)) return undefined;
    way.push(at);
    for (const next of edges.get(at) ?? []) {
      const found = visit(next);
      if (found) return found;
    }
    way.pop();
    done.add(at);
  };
  for (const at of edges.keys()) {
    const found = visit(at);
    if (found) return found;
  }
}

const modules = importsOf(["lib", "pipeline"]);

Deno.test("no module of lib or pipeline imports itself, by whatever way, not even for a type", () => {
  assert.equal(modules.get("pipeline/cli.ts")!.includes("pipeline/commands/run.ts"), true);
  assert.equal(cycle(modules)?.join(" -> "), undefined);
  assert.deepEqual(cycle(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), ["b", "c", "b"]);
});

Deno.test("the rooms of the pipeline have an order", () => {
  // The modules beside the rooms are contracts (stage.ts, results.ts) and what puts the rooms together.
  const room = (path: string) => path.split("/").length > 2 ? path.split("/")[1] : undefined;
  const rooms = new Map<string, Set<string>>();
  for (const [path, imports] of modules) {
    const from = path.startsWith("pipeline/") && room(path);
    if (!from) continue;
    const reached = imports.filter((to) => to.startsWith("pipeline/")).map(room);
    const known = rooms.get(from) ?? new Set();
    for (const to of reached) if (to && to !== from) known.add(to);
    rooms.set(from, known);
  }
  assert.ok(rooms.get("keys")!.has("store"));
  assert.equal(cycle(rooms)?.join(" -> "), undefined);
});

/** Imports that break a rule. */
const broken = (from: string, isWrong: (to: string) => boolean) =>
  [...modules].filter(([path]) => path.startsWith(from))
    .flatMap(([path, imports]) => imports.filter(isWrong).map((to) => `${path} -> ${to}`));

Deno.test("lib knows nothing of the pipeline, and nothing knows the site but what publishes to it", () => {
  assert.deepEqual(broken("lib/", (to) => !to.startsWith("lib/")), []);
  const site = broken("pipeline/", (to) => to.startsWith("site/"));
  assert.deepEqual(site, ["pipeline/publish/publish_results.ts -> site/build.ts"]);
});

Deno.test("stages do not know what they cost, and nothing that runs knows experiments", () => {
  assert.deepEqual(broken("pipeline/stages/", (to) => to.startsWith("pipeline/estimate/")), []);
  const experiments = (to: string) => to.startsWith("pipeline/experiments/");
  for (const room of ["keys", "store", "run", "stages", "estimate", "publish", "log", "content"]) {
    assert.deepEqual(broken(`pipeline/${room}/`, experiments), []);
  }
});

Deno.test("training, tuning and evaluation know no task, model or layer, but what they are", () => {
  const contracts = ["lib/tasks/task.ts", "lib/models/model.ts"];
  const science = (to: string) =>
    /^lib\/(tasks|models|layers|ssm)\//.test(to) && !contracts.includes(to);
  for (
    const from of [
      "lib/train/",
      ...["train", "tune", "evaluate"].map((s) => `pipeline/stages/${s}.ts`),
    ]
  ) {
    assert.deepEqual(broken(from, science), []);
  }
});

Deno.test("tests stand where their code stands", () => {
  const own = ["bench", "damage", "fuzz", "mutate", "references"]; // programs of their own
  const bare = (folder: string) => folder.replace(/^long(\/|$)/, "") || ".";
  const folders = readdirSync(join(ROOT, "tests"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("_test.ts")).map(dirname).map(bare);
  const astray = [...new Set(folders)].filter((folder) => {
    if (folder === "." || own.includes(folder.split("/")[0])) return false;
    const places = [`lib/${folder}`, `lib/${folder}.ts`, folder];
    return !places.some((place) => existsSync(join(ROOT, place)));
  });
  assert.deepEqual(astray, []);
});

/** Modules that Deno reads before a module runs: what it imports, and what a literal `import()` in it names, but no types. */
function readAtStart(...entries: string[]): Set<string> {
  const found = new Set<string>();
  const visit = (path: string) => {
    if (found.has(path)) return;
    found.add(path);
    if (!/^(lib|pipeline|site)\//.test(path)) return;
    const source = ts.createSourceFile(
      path,
      readFileSync(join(ROOT, path), "utf8"),
      ts.ScriptTarget.Latest,
    );
    const follow = (node: ts.Node | undefined) => {
      if (!node || !ts.isStringLiteral(node)) return;
      visit(/^\./.test(node.text) ? join(dirname(path), node.text) : node.text);
    };
    const look = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node)) {
        const { importClause: clause } = node;
        const names = clause?.namedBindings;
        const onlyTypes = clause?.isTypeOnly || clause && !clause.name && names &&
            ts.isNamedImports(names) && names.elements.every((one) => one.isTypeOnly);
        if (!onlyTypes) follow(node.moduleSpecifier);
      } else if (ts.isExportDeclaration(node)) {
        if (!node.isTypeOnly) follow(node.moduleSpecifier);
      } else if (
        ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
      ) follow(node.arguments[0]);
      ts.forEachChild(node, look);
    };
    look(source);
  };
  entries.forEach(visit);
  return found;
}

Deno.test("a run with nothing to do reads the modules that it needs, and no engine, executor or publisher", () => {
  const read = readAtStart("pipeline/cli.ts", "pipeline/commands/run.ts");
  const own = [...read].filter((path) => path.endsWith(".ts"));
  assert.ok(own.includes("pipeline/keys/settled.ts"));
  const unused =
    /^site\/|^lib\/engine\/(?!engines\.ts|tfjs\/)|^pipeline\/(publish|estimate|experiments|stages)\/|executors\/(local|slurm)/;
  assert.deepEqual(own.filter((path) => unused.test(path)), []);
  assert.ok(own.length <= 70, `${own.length} modules`);
  // A literal import is followed, whenever it is reached.
  assert.ok(readAtStart("lib/engine/available.ts").has("lib/engine/ort/program.ts"));
});
