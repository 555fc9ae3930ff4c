/**
 * @file Whether the parts that jobs name take the options that `--set` gives them: found out before anything runs. Loads the modules of
 * those jobs alone, and nothing where nothing is set.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { SequenceLayer } from "../lib/layers/sequence/sequence_layer.ts";
import type { ModelModule, Signature } from "../lib/models/model.ts";
import { nearestFirst } from "../lib/nearest.ts";
import type { TaskModule } from "../lib/tasks/task.ts";
import { canonical } from "./content/canonical.ts";
import type { JobNode } from "./graph.ts";
import { missingModule } from "./modules.ts";
import type { Part, Parts } from "./parts.ts";
import { UsageError } from "./usage_error.ts";

/**
 * @param jobs of which those with overrides are looked at
 * @throws {UsageError} for a module that does not exist, or an option that its module refuses, with what there is, nearest first
 */
export async function checkConfigured(root: string, jobs: readonly JobNode[]): Promise<void> {
  const names = new Map<string, Set<string>>();
  for (const { params } of jobs) {
    for (const part of partsOf(params)) {
      const known = names.get(part.name) ?? new Set();
      names.set(part.name, known);
      for (const option of Object.keys(part.options)) known.add(option);
    }
  }
  const looked = new Set<string>();
  for (const node of jobs) {
    if (!node.set?.length) continue;
    const { task, model, layers } = node.params as Partial<Parts>;
    const id = canonical([task ?? null, model ?? null, layers ?? null]);
    if (looked.has(id)) continue;
    looked.add(id);
    const refuse = (why: string) =>
      new UsageError(
        `${
          node.set!.map((text) => `--set ${text}`).join(" ")
        }: ${node.stage.name} ${node.label}: ` +
          `${why}${hint(why, names)}`,
      );
    const missing = missingModule(root, node.modules);
    if (missing) throw refuse(`${missing}.`);
    try {
      await configure(root, node);
    } catch (error) {
      throw refuse((error as Error).message);
    }
  }
}

function partsOf(params: unknown): Part[] {
  const { task, model, layers = [] } = (params ?? {}) as Partial<Parts>;
  return [task, model, ...Array.isArray(layers) ? layers : []]
    .filter((part): part is Part => typeof part?.options === "object");
}

/** The options that jobs give such a part, where the message is of a name that it does not know. */
function hint(why: string, names: ReadonlyMap<string, ReadonlySet<string>>): string {
  const [, part, name] = /^(\w+) options: .*Unrecognized keys?: "([^"]+)"/.exec(why) ?? [];
  const known = [...names.get(part) ?? []].filter((other) => other !== name);
  return known.length ? `; options that it has: ${nearestFirst(name, known).join(", ")}.` : "";
}

async function configure(root: string, { params, modules, inputs }: JobNode): Promise<void> {
  const { task, model, layers = [] } = params as Partial<Parts>;
  const load = async (name: string) =>
    modules[name] && await import(pathToFileURL(join(root, modules[name].path)).href);
  const taskModule: TaskModule | undefined = (await load("task"))?.task;
  if (!task || !taskModule) return;
  let signature: Signature;
  try {
    ({ signature } = taskModule.configure(task.options, {}));
  } catch (error) {
    // What a task says of data that are not there yet is none of its options' fault.
    const given = inputs.data !== undefined || inputs.model !== undefined;
    if (given && !/ options: /.test((error as Error).message)) return;
    throw error;
  }
  const modelModule: ModelModule | undefined = (await load("model"))?.model;
  if (!model || !modelModule) return;
  const choices = await Promise.all(layers.map(async ({ name, options }) => ({
    ...{ name, options },
    layer: (await load(`layer ${name}`)).layer as SequenceLayer,
  })));
  modelModule.configure(model.options, { signature, layers: choices });
}
