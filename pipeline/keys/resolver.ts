/**
 * @file Decides for one job whether it is done: computes its key and looks it up.
 *
 * A key needs the content of every input, so a job behind one that still has to run is "waiting": it
 * may turn out to be done after all, when that one gives the same bytes as before.
 */
import type { DoneIndex } from "../store/done_index.ts";
import type { Fingerprint, Fingerprints } from "./fingerprint.ts";
import type { JobNode, Node } from "../graph.ts";
import type { Ingredients } from "../content/ingredients.ts";
import { baseOf, keyOf } from "./ingredients.ts";
import { type RunsOn, Surroundings } from "./surroundings.ts";

export type Resolution =
  | { state: "waiting"; on: JobNode }
  | { state: "done"; key: string; content: string; ingredients: Ingredients }
  | {
    state: "stale";
    key: string;
    ingredients: Ingredients;
    fingerprint: Fingerprint;
    /** Set when the key is known but its bytes are gone. */
    missing?: string;
  };

export type Stale = Extract<Resolution, { state: "stale" }>;

export class Resolver {
  readonly #contents = new Map<JobNode, string>();
  /** An input that a job waited for when it was looked at last: a table has thousands, and is looked at when each of them is done. */
  readonly #waits = new Map<JobNode, JobNode>();
  /** Codes of rules by the list of them: thousands of jobs have the same few lists. */
  readonly #codes = new WeakMap<readonly string[], Record<string, string>>();
  readonly #surroundings: Surroundings;
  readonly keys = new Map<JobNode, string>();
  /** Codes of all rules that a key was made of, or might have been, by name. */
  readonly rules: Record<string, string> = {};

  constructor(
    private readonly fingerprints: Fingerprints,
    private readonly done: DoneIndex,
    /** Objects that exist. */
    private readonly present: Pick<Set<string>, "has"> & { add(hash: string): void },
    options: RunsOn,
  ) {
    this.#surroundings = new Surroundings(fingerprints.packages, options);
  }

  /** No promise where the code of such jobs has been looked at before. */
  resolve(node: JobNode): Resolution | Promise<Resolution> {
    const before = this.#waits.get(node);
    if (before && this.contentOf(before) === undefined) return { state: "waiting", on: before };
    const inputs: Record<string, string> = {};
    for (const [name, input] of Object.entries(node.inputs)) {
      const content = this.contentOf(input);
      if (content === undefined) {
        this.#waits.set(node, input as JobNode);
        return { state: "waiting", on: input as JobNode };
      }
      inputs[name] = content;
    }
    const fingerprint = this.fingerprints.of(node.stage.path, node.modules);
    return fingerprint instanceof Promise
      ? fingerprint.then((made) => this.#ofCode(node, inputs, made))
      : this.#ofCode(node, inputs, fingerprint);
  }

  #ofCode(
    node: JobNode,
    inputs: Record<string, string>,
    fingerprint: Fingerprint,
  ): Resolution | Promise<Resolution> {
    const { stage, spelt, params } = node;
    const known: Ingredients = { ...this.#surroundings.of(stage, fingerprint), params, inputs };
    if (!fingerprint.tables.length) return this.#found(node, known, fingerprint);
    const names = this.done.rules.get(baseOf(known, spelt)) ?? fingerprint.tables;
    const rules = this.#codes.get(names);
    if (rules) return this.#found(node, { ...known, rules }, fingerprint);
    return this.#rules(names).then((rules) => this.#found(node, { ...known, rules }, fingerprint));
  }

  #found(node: JobNode, ingredients: Ingredients, fingerprint: Fingerprint): Resolution {
    const key = keyOf(ingredients, node.spelt);
    this.keys.set(node, key);
    const done = this.done.jobs.get(key);
    const missing = done?.objects.find((hash) => !this.present.has(hash));
    if (!done || missing) return { state: "stale", key, ingredients, fingerprint, missing };
    this.#contents.set(node, done.content);
    return { state: "done", key, content: done.content, ingredients };
  }

  contentOf(node: Node): string | undefined {
    return node.kind === "file" ? node.content : this.#contents.get(node);
  }

  /** A job has run; its key is known for good now, see `rules` of its ingredients. */
  finished(node: JobNode, key: string, content: string, objects: string[]): void {
    this.keys.set(node, key);
    this.done.jobs.set(key, { content, objects });
    for (const hash of objects) this.present.add(hash);
    this.#contents.set(node, content);
  }

  /** Fingerprints of entries, or of whole tables where nobody knows yet which entries a job uses. */
  async #rules(names: readonly string[]): Promise<Record<string, string>> {
    const codes: Record<string, string> = {};
    for (const name of names) codes[name] = await codeOfRule(this.fingerprints, name);
    this.#codes.set(names, codes);
    Object.assign(this.rules, codes);
    return codes;
  }
}

/** What stands in keys for a rule, or for a whole table. */
export async function codeOfRule(
  fingerprints: Pick<Fingerprints, "ofRule">,
  name: string,
): Promise<string> {
  return (await fingerprints.ofRule(name))?.code ?? "none";
}
