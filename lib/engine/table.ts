/**
 * @file Tables of rules, one for every operation. A module whose name ends in `_table.ts` exports the rules by operation; a program
 * notes which of them it used, so that the key of a job holds these and none of the others (pipeline/keys).
 */
import type { Graph } from "./graph.ts";

/** Rules by operation. */
export class Table<Rule> {
  readonly #rules: Readonly<Record<string, Rule>>;

  /**
   * A table.
   * @param path of the module, from the root of the repository.
   * @param module what it exports.
   */
  constructor(readonly path: string, module: Readonly<Record<string, Rule>>) {
    this.#rules = module;
  }

  /** The operations that have a rule. */
  get operations(): string[] {
    return Object.keys(this.#rules);
  }

  /** The rule of an operation, from now on one that the graph's program used; `undefined` where there is none. */
  rule(graph: Graph, operation: string): Rule | undefined {
    if (!Object.hasOwn(this.#rules, operation)) return undefined;
    graph.uses.add(`${this.path}#${operation}`);
    return this.#rules[operation];
  }
}
