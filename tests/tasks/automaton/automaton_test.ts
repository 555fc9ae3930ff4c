/** @file The automata of the literature: their answers against plain programs, their floors against all sequences one by one. */
import assert from "node:assert/strict";
import {
  automata,
  type AutomatonName,
  type Made,
  type Sizes,
} from "../../../lib/tasks/automaton/automata.ts";
import type { Automaton } from "../../../lib/tasks/automaton/table.ts";
import { task as module } from "../../../lib/tasks/automaton/automaton.ts";
import { task as parity } from "../../../lib/tasks/parity/parity.ts";
import { UNASKED } from "../../../lib/tasks/symbols.ts";
import { answering } from "../answering.ts";

/** Sequences of a task as lists. */
function drawn(options: object, count: number): { x: number[]; target: number[] }[] {
  const { x, target } = module.configure(options).generate!(0, 7, count);
  const [, length] = x.shape;
  const row = (data: ArrayLike<number>, b: number) =>
    Array.from({ length }, (_, t) => data[b * length + t]);
  return Array.from(
    { length: count },
    (_, b) => ({ x: row(x.data, b), target: row(target.data, b) }),
  );
}

/** Answers after every prefix, by a program. */
function agree(options: object, answer: (prefix: number[]) => number, count = 60) {
  for (const { x, target } of drawn({ length: 23, ...options }, count)) {
    assert.deepEqual(target, x.map((_, t) => answer(x.slice(0, t + 1))), `${x}`);
  }
}

const made = (name: AutomatonName, sizes: Partial<Sizes> = {}): Automaton => {
  const { make }: Made = automata[name];
  return make({ modulus: 5, kinds: 2, depth: 4, ...sizes });
};

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const mod = (n: number, m: number) => ((n % m) + m) % m;

Deno.test("parity: states and floor are those of the task of that name", async () => {
  agree({ automaton: "parity" }, (prefix) => sum(prefix) % 2);
  const data = { tensors: module.configure({ automaton: "parity" }).generate!(0, 1, 5) };
  const floors = await Promise.all(
    [module, parity].map(async (one) => {
      const runner = answering((bits) => sum(bits) % 2 ? [0, 1] : [1, 0]);
      const own = one.configure(one === module ? { automaton: "parity" } : {});
      const { loss, floor } = await own.evaluate(runner, 0, data, one.protocol({}) as never);
      return { loss, floor };
    }),
  );
  assert.deepEqual(floors, [{ loss: 0, floor: 0.5 }, { loss: 0, floor: 0.5 }]);
});

Deno.test("even pairs: the first symbol is the last where neighbours differ at an even number of places", () => {
  agree({ automaton: "even_pairs" }, (prefix) => {
    const changes = prefix.slice(1).filter((symbol, t) => symbol !== prefix[t]).length;
    assert.equal(changes % 2 === 0, prefix[0] === prefix.at(-1));
    return Number(changes % 2 === 0);
  });
});

Deno.test("circles: navigation, sums and counters, at every modulus", () => {
  for (const modulus of [2, 3, 5, 7]) {
    const step = [0, 1, -1];
    agree(
      { automaton: "cycle_navigation", modulus },
      (p) => mod(sum(p.map((s) => step[s])), modulus),
    );
    agree({ automaton: "sum", modulus }, (p) => sum(p) % modulus);
    agree({ automaton: "counter", modulus }, (p) => sum(p) % modulus);
  }
  const vocabularies = ["cycle_navigation", "sum", "counter"].map((automaton) =>
    module.configure({ automaton }).signature
  );
  assert.deepEqual(
    vocabularies,
    [3, 5, 2].map((vocabulary) => ({ kind: "tokens", vocabulary, classes: 5 })),
  );
});

Deno.test("modular arithmetic: JavaScript's own evaluation of the expression so far", () => {
  for (const modulus of [2, 3, 5]) {
    agree({ automaton: "modular_arithmetic", modulus, length: 11 }, (prefix) => {
      const text = prefix.map((symbol) => symbol < modulus ? `${symbol}` : "+-*"[symbol - modulus]);
      const isNumber = prefix.length % 2 === 1;
      assert.equal(isNumber, /\d/.test(text.at(-1)!), `${text}`);
      return isNumber ? mod(Function(`return ${text.join("")}`)(), modulus) : UNASKED;
    });
  }
  const { signature } = module.configure({ automaton: "modular_arithmetic" });
  assert.deepEqual(signature, { kind: "tokens", vocabulary: 8, classes: 5 });
});

/** Product of 0-1 matrices of permutations, in the order in which they come. */
function product(of: readonly (readonly number[])[], n: number): number[] {
  let matrix = Array.from(
    { length: n },
    (_, i) => Array.from({ length: n }, (_, j) => Number(i === j)),
  );
  for (const p of of) {
    matrix = matrix.map((row) =>
      Array.from({ length: n }, (_, j) => sum(row.map((entry, k) => entry * Number(p[k] === j))))
    );
  }
  return matrix.map((row) => row.indexOf(1));
}

Deno.test("groups: orders, parity of elements, and products of matrices for every answer", () => {
  // The permutation of each symbol, found from what single steps do to states is all that a table has: rebuild it by closure.
  const generators: Partial<Record<AutomatonName, number[][]>> = {
    s3: [[1, 2, 0], [1, 0, 2]],
    s4: [[1, 2, 3, 0], [1, 0, 2, 3]],
    a5: [[1, 2, 0, 3, 4], [1, 2, 3, 4, 0]],
    s5: [[1, 2, 3, 4, 0], [1, 0, 2, 3, 4]],
  };
  const orders = { s3: 6, s4: 24, a5: 60, s5: 120 };
  for (const [name, order] of Object.entries(orders)) {
    const own = generators[name as AutomatonName]!;
    const n = own[0].length;
    // Breadth first from the identity, by products of matrices.
    const elements = [Array.from({ length: n }, (_, i) => i)];
    for (let i = 0; i < elements.length; i++) {
      for (const g of own) {
        const next = product([elements[i], g], n);
        if (!elements.some((e) => `${e}` === `${next}`)) elements.push(next);
      }
    }
    assert.equal(elements.length, order);
    const { signature } = module.configure({ automaton: name });
    assert.deepEqual(signature, { kind: "tokens", vocabulary: order, classes: order });
    agree({ automaton: name, length: 9 }, (prefix) => {
      const is = `${product(prefix.map((s) => elements[s]), n)}`;
      return elements.findIndex((e) => `${e}` === is);
    }, 8);
  }
});

Deno.test("S5 by swaps: eleven symbols, the identity and ten of order two; no element but the identity is its own", () => {
  const { next } = made("s5_swaps");
  assert.deepEqual(made("s3_swaps").next.map((row) => row.length), Array(6).fill(4));
  assert.deepEqual([next.length, next[0].length], [120, 11]);
  const still = next[0].map((_, symbol) => next.every((row, state) => row[symbol] === state));
  assert.equal(still.filter(Boolean).length, 1);
  for (let symbol = 0; symbol < 11; symbol++) {
    next.forEach((row, state) => assert.equal(next[row[symbol]!][symbol], state)); // twice is nothing
  }
  assert.equal(new Set(next[0]).size, 11);
  // Conjugation classes of S5: three swaps in a row that are disjoint in pairs reach 15 products of two.
  const two = new Set(next[0].flatMap((first) => next[first!]));
  assert.equal(two.size, 1 + 10 + 20 + 15); // identity, swaps, three-cycles, pairs of swaps
});

Deno.test("brackets: a stack says what may be closed, and no more than so many are open", () => {
  for (const [kinds, depth] of [[1, 1], [1, 3], [2, 4], [3, 2]]) {
    let deepest = 0;
    agree({ automaton: "dyck", kinds, depth, length: 31 }, (prefix) => {
      const stack: number[] = [];
      for (const symbol of prefix) {
        if (symbol < kinds) stack.push(symbol);
        else assert.equal(stack.pop(), symbol - kinds);
      }
      deepest = Math.max(deepest, stack.length);
      return stack.at(-1) ?? kinds;
    });
    assert.equal(deepest, depth);
  }
});

Deno.test("brackets: the floor is that of the chain of depths alone, which does not know of kinds", async () => {
  const [kinds, depth, length] = [3, 4, 40];
  const task = module.configure({ automaton: "dyck", kinds, depth, length });
  const data = { tensors: task.generate!(0, 1, 2) };
  const { floor } = await task.evaluate(answering(() => [0, 0, 0, 0]), 0, data, { from: 5 });
  let depths = [1, 0, 0, 0, 0];
  let want = 0;
  for (let t = 1; t <= length; t++) {
    const next = depths.map(() => 0);
    depths.forEach((p, d) => {
      const open = d === 0 ? 1 : d === depth ? 0 : kinds / (kinds + 1);
      if (d < depth) next[d + 1] += p * open;
      if (d > 0) next[d - 1] += p * (1 - open);
    });
    depths = next;
    if (t >= 5) want += (1 - Math.max(depths[0], (1 - depths[0]) / kinds)) / (length - 4);
  }
  assert.ok(Math.abs(floor - want) < 1e-12, `${floor}, ${want}`);
});

Deno.test("floors are those of all sequences that can come, one by one", async () => {
  for (
    const [automaton, sizes, length] of [
      ["even_pairs", {}, 5],
      ["cycle_navigation", { modulus: 4 }, 5],
      ["modular_arithmetic", { modulus: 2 }, 5],
      ["s3", {}, 4],
      ["dyck", { kinds: 2, depth: 2 }, 6],
    ] as const
  ) {
    const { next, outputs } = made(automaton, sizes);
    const chances = Array.from({ length }, () => new Map<number, number>());
    const walk = (state: number, t: number, chance: number) => {
      if (t === length) return;
      const possible = next[state].filter((to) => to !== undefined);
      for (const to of possible) {
        const answer = outputs ? outputs[to] : to;
        const own = chance / possible.length;
        if (answer !== UNASKED) chances[t].set(answer, (chances[t].get(answer) ?? 0) + own);
        walk(to, t + 1, own);
      }
    };
    walk(0, 0, 1);
    const task = module.configure({ automaton, ...sizes, length });
    const data = { tensors: task.generate!(0, 1, 2) };
    const { classes } = task.signature as { classes: number };
    const blank = answering(() => Array(classes).fill(0));
    for (const [from, to] of [[1, length], [3, length], [3, 3]]) {
      const scored = chances.slice(from - 1, to).map((one) => [...one.values()]);
      const asked = sum(scored.flat());
      const right = sum(scored.filter(({ length }) => length).map((one) => Math.max(...one)));
      const { floor } = await task.evaluate(blank, 0, data, { from, to });
      assert.ok(
        Math.abs(floor - (1 - right / asked)) < 1e-12,
        `${automaton} ${from} ${to} ${floor}`,
      );
    }
  }
});

Deno.test("symbols that can come are equally likely", () => {
  const sequences = drawn({ automaton: "dyck", kinds: 2, depth: 2, length: 2 }, 6000);
  const counts = new Map<string, number>();
  for (const { x } of sequences) counts.set(`${x}`, (counts.get(`${x}`) ?? 0) + 1);
  assert.deepEqual([...counts.keys()].sort(), ["0,0", "0,1", "0,2", "1,0", "1,1", "1,3"]);
  const chiSquare = sum([...counts.values()].map((n) => (n - 1000) ** 2 / 1000));
  assert.ok(chiSquare < 20.5, `${[...counts]}`); // of five degrees of freedom, exceeded once in a thousand
});

Deno.test("options: S3 by default; what an automaton does not have, or cannot have, is refused by name", () => {
  assert.deepEqual(module.configure({}).signature, module.configure({ automaton: "s3" }).signature);
  assert.deepEqual(module.protocol({}), { from: 41 });
  assert.equal(module.configure({}).generate!(0, 0, 1).x.shape[1], 256);
  assert.equal(module.configure({}).tokens(2), 80);
  const refused: [object, RegExp][] = [
    [{ automaton: "s6" }, /automaton options: automaton = "s6": .*"s5_swaps"/],
    [{ automaton: "s3", modulus: 3 }, /modulus = 3 is no size of s3, which has none; leave it out/],
    [{ automaton: "dyck", modulus: 3 }, /is no size of dyck, which has kinds and depth/],
    [{ automaton: "sum", modulus: 1 }, /modulus = 1: .*>=2/],
    [{ automaton: "dyck", kinds: 9, depth: 9 }, /kinds = 9 and depth = 9 make 387420489 stacks/],
  ];
  for (const [options, message] of refused) assert.throws(() => module.configure(options), message);
  for (const automaton of Object.keys(automata)) {
    const { x, target } = module.configure({ automaton, length: 1 }).generate!(0, 1, 3);
    assert.deepEqual([x.shape, target.shape], [[3, 1], [3, 1]], automaton);
  }
});

Deno.test("what tables say of it", () => {
  assert.deepEqual(module.about, {
    name: "automaton",
    floor: { name: "the likeliest answer at every position", known: "exact" },
    optimum: { name: "the automaton", known: "exact" },
  });
});
