/**
 * @file What must be true of the jobs of an experiment together, and what `--set` must leave true: jobs that are made from one another
 * agree, and the tags by which a table tells its runs apart still say what they say.
 */
import { canonical } from "./content/canonical.ts";
import type { JobNode } from "./nodes.ts";
import { ancestors, has, valueAt } from "./overrides.ts";
import type { Tags } from "./tags.ts";

/** What a grid asked for. */
export interface Asked {
  /** Jobs that state facts, each once. */
  stating: Iterable<JobNode>;
  /** Runs as the table names them, and labels made of tags. */
  tagged: readonly { tags: Tags; node: JobNode }[];
  result: JobNode;
}

/** The first two jobs of a chain that do not agree on a fact, in words. */
export function disagreement(nodes: Iterable<JobNode>): string | undefined {
  for (const node of nodes) {
    const own = node.stage.facts?.(node.params);
    if (!own) continue;
    for (const earlier of ancestors(node)) {
      const theirs = earlier.stage.facts?.(earlier.params) ?? {};
      for (const [fact, value] of Object.entries(own)) {
        if (!Object.hasOwn(theirs, fact) || canonical(theirs[fact]) === canonical(value)) continue;
        const [mine, other] = [canonical(value), canonical(theirs[fact])];
        return `${node.stage.name} ${node.label} takes ${mine} for the ${fact}, but ` +
          `${earlier.stage.name} ${earlier.label}, which it is made from, has ${other}`;
      }
    }
  }
}

/** What a table would say that is no longer so, in words. */
export function falsified(plain: Asked, changed: Asked): string | undefined {
  return mergedRuns(plain, changed) ?? falseTag(plain, changed);
}

/** Runs that the table tells apart and that have become one job. */
function mergedRuns(plain: Asked, changed: Asked): string | undefined {
  const first = new Map<JobNode, string>();
  const { inputs } = changed.result;
  for (const [name, before] of Object.entries(plain.result.inputs)) {
    const node = inputs[name];
    if (before.kind !== "job" || node?.kind !== "job") continue;
    const other = first.get(node);
    if (other === undefined) first.set(node, name);
    else if (plain.result.inputs[other] !== before) {
      return `its runs ${other} and ${name} would be one and the same, so its table would compare what is equal`;
    }
  }
}

/** A run that is called by the value of a parameter which it no longer has. */
function falseTag(plain: Asked, changed: Asked): string | undefined {
  for (const [i, { tags, node }] of plain.tagged.entries()) {
    const now = changed.tagged[i].node.params;
    for (const [path, value] of leaves(node.params)) {
      // The value of a part is its name.
      const tag = path.at(-1) === "name" ? path.at(-2)! : path.at(-1)!;
      if (!Object.hasOwn(tags, tag) || tags[tag] !== value) continue;
      const set = has(now, path) ? valueAt(now, path) : undefined;
      if (set === value) continue;
      return `its table calls runs ${tag}=${value}, which would have ${path.join(".")} ${
        canonical(set ?? null)
      }`;
    }
  }
}

function* leaves(value: unknown, path: string[] = []): Generator<[string[], unknown]> {
  if (typeof value !== "object" || value === null) return yield [path, value];
  for (const [name, part] of Object.entries(value)) yield* leaves(part, [...path, name]);
}
