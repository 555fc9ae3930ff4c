/** @file All sequences of up to n tokens that a text has, in one tree: what models of counts are made of. */

/** Counts of n-grams as a tree: a node is an n-gram, its children the n-grams that are longer by one token at the end. */
export class NGrams {
  /** Longest n-gram. */
  readonly order: number;
  readonly #vocabulary: number;
  /** Child of a node by a token, at node * vocabulary + token. */
  readonly #children = new Map<number, number>();
  /** How often a node's n-gram occurs. Node 0 is the empty one. */
  readonly counts: number[] = [0];
  /** Length of a node's n-gram. */
  readonly lengths: number[] = [0];
  /** Node of the n-gram without its last token. */
  readonly parents: number[] = [0];
  /** Node of the n-gram without its first token. */
  readonly suffixes: number[] = [0];

  /**
   * Counts a text.
   * @param tokens of one text @param vocabulary of which the tokens are the ids @param order longest n-gram, from 1
   */
  constructor(tokens: ArrayLike<number>, vocabulary: number, order: number) {
    this.order = order;
    this.#vocabulary = vocabulary;
    // Nodes of the n-grams that end at the last token, by length; what they are continued to ends at the next.
    let ending = [0];
    for (let i = 0; i < tokens.length; i++) {
      const next = [0];
      for (const [length, node] of ending.slice(0, order).entries()) {
        next.push(this.#grow(node, tokens[i], next[length]));
      }
      ending = next;
    }
  }

  /** @param suffix of the node that is made */
  #grow(node: number, token: number, suffix: number): number {
    const key = node * this.#vocabulary + token;
    let child = this.#children.get(key);
    if (child === undefined) {
      this.#children.set(key, child = this.counts.length);
      this.counts.push(0);
      this.lengths.push(this.lengths[node] + 1);
      this.parents.push(node);
      this.suffixes.push(suffix);
    }
    this.counts[child]++;
    return child;
  }

  /** The node of a node's n-gram and one more token; undefined where the text has it not. */
  child(node: number, token: number): number | undefined {
    return this.#children.get(node * this.#vocabulary + token);
  }

  /** Nodes of the last 0, 1, …, order - 1 tokens of a past, as far as the text has them. @param past newest last */
  contexts(past: ArrayLike<number>): number[] {
    const found = [0];
    for (let length = 1; length < this.order && length <= past.length; length++) {
      let node: number | undefined = 0;
      for (let i = past.length - length; i < past.length && node !== undefined; i++) {
        node = this.child(node, past[i]);
      }
      if (node === undefined) break;
      found.push(node);
    }
    return found;
  }
}
