/** @file Which experiments belong together: those whose modules lie in one folder of pipeline/experiments. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { experiments as modules } from "../../pipeline/experiments/index.ts";

export interface Family {
  /** Anchor of its heading. */
  id: string;
  title: string;
  /** Ids of its experiments. */
  experiments: string[];
}

/** In the order of the list of experiments. */
export async function readFamilies(paths: readonly string[] = modules): Promise<Family[]> {
  const families = new Map<string, Family>();
  for (const path of paths) {
    const [folder] = path.replace(/^pipeline\/experiments\//, "").split("/");
    const source = await readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");
    // Read and not imported: an experiment loads everything that it measures.
    const id = /^ {2}id: "([a-z0-9-]+)",$/m.exec(source)?.[1];
    if (!id) continue;
    const words = folder.replaceAll("_", " ");
    const family = families.get(folder) ??
      {
        id: `family-${folder.replaceAll("_", "-")}`,
        title: words[0].toUpperCase() + words.slice(1),
        experiments: [],
      };
    families.set(folder, family);
    family.experiments.push(id);
  }
  return [...families.values()];
}

/** What is shown, by family and in its own order; what belongs to none comes last, without a title. */
export function byFamily<T extends { id: string }>(
  shown: readonly T[],
  families: readonly Family[],
): { id?: string; title?: string; experiments: T[] }[] {
  const known = new Set(families.flatMap(({ experiments }) => experiments));
  const groups = families.map(({ id, title, experiments }) => ({
    ...{ id, title },
    experiments: shown.filter((experiment) => experiments.includes(experiment.id)),
  }));
  const others = { experiments: shown.filter(({ id }) => !known.has(id)) };
  return [...groups, others].filter(({ experiments }) => experiments.length);
}
