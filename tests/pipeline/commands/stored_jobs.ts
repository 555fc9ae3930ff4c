/** @file A store with jobs that nobody had to run, and what a command says about it. */
import { createHash } from "node:crypto";
import type { CommandOptions } from "../../../pipeline/commands/options.ts";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import type { NodeRow } from "../../../pipeline/store/changes.ts";
import { Objects } from "../../../pipeline/store/objects.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";
import { scratch } from "../store/helpers.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

export function storeOfJobs() {
  const store = scratch();
  const dir = store.at(".store");
  const objects = new Objects(dir);
  const withCatalog = async <T>(work: (catalog: Catalog) => Promise<T>): Promise<T> => {
    const catalog = await Catalog.open(dir);
    try {
      return await work(catalog);
    } finally {
      await catalog.close();
    }
  };
  return {
    ...store,
    objects,
    inStore: (...names: string[]) => store.at(".store", ...names),
    /** A job with the contents of its files, as the pipeline would have left it. */
    job(
      key: string,
      contents: Record<string, string | Uint8Array>,
      inputs: Record<string, string | null> = {},
      scalars: Record<string, number> = {},
    ) {
      const files = Object.entries(contents).map(([name, content]) => {
        const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
        return { name, sha256: objects.write(bytes), bytes: bytes.length };
      });
      // The definition of a content: files and scalars in the order of their names, NaN as text.
      const list = (entries: [string, string][]) =>
        entries.sort().map(([name, text]) => `"${name}":${text}`).join(",");
      const content = sha256(
        `{"files":{${list(files.map((f) => [f.name, `"${f.sha256}"`]))}},"scalars":{${
          list(Object.entries(scalars).map(([n, v]) => [n, Number.isFinite(v) ? `${v}` : `"${v}"`]))
        }}}`,
      );
      return doneJob(key, {
        content,
        artifact: { files, scalars },
        inputs: Object.entries(inputs).map(([name, input]) => ({ name, key: input, content: "x" })),
      });
    },
    commit: (...jobs: ReturnType<typeof doneJob>[]) => withCatalog((c) => c.commit(RUN, jobs)),
    lead: (profile: string, nodes: NodeRow[]) => withCatalog((c) => c.setNodes(profile, nodes)),
    query: (sql: string) =>
      withCatalog(async (c) => (await c.query(sql)).map((row) => Object.values(row).join(" "))),
    options: (over: Partial<CommandOptions> = {}) =>
      ({ root: store.dir, store: ".store", yes: false, ...over }) as CommandOptions,
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

/** What a command prints, and its exit code. */
export async function output(command: () => Promise<number>) {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => lines.push(line);
  try {
    return { code: await command(), lines };
  } finally {
    console.log = log;
  }
}
