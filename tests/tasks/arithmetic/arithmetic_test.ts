/** @file Arithmetic with brackets, against JavaScript's own evaluation of closed text. */
import assert from "node:assert/strict";
import { task as automaton } from "../../../lib/tasks/automaton/automaton.ts";
import { task as module } from "../../../lib/tasks/arithmetic/arithmetic.ts";
import { UNASKED } from "../../../lib/tasks/symbols.ts";
import { drawn, oneHot, scored } from "../drawn.ts";

const mod = (n: number, m: number) => ((n % m) + m) % m;
const textOf = (symbols: readonly number[], m: number) =>
  symbols.map((s) => s < m ? `${s}` : "+-*()"[s - m]).join("");

/** What stands in the innermost bracket that is open. */
function innermost(text: string): string {
  let [depth, at] = [0, text.length];
  while (at > 0 && depth >= 0) {
    at--;
    if (text[at] === ")") depth++;
    if (text[at] === "(") depth--;
  }
  return depth < 0 ? text.slice(at + 1) : text;
}
/** With every number as a big integer, so that nothing is rounded. */
const valueOf = (text: string, m: number) =>
  Number(Function(`return ${text.replaceAll(/\d+/g, "$&n")}`)() % BigInt(m));

Deno.test("answers are values of the innermost open bracket so far, after numbers and closing brackets only", () => {
  for (const [modulus, depth] of [[2, 0], [5, 1], [3, 4], [5, 3]]) {
    let deepest = 0;
    for (const { x, target } of drawn(module, { modulus, depth, length: 41 }, 25)) {
      const text = textOf(x, modulus);
      target.forEach((answer, t) => {
        const so = text.slice(0, t + 1);
        const open = so.split("(").length - so.split(")").length;
        deepest = Math.max(deepest, open);
        if (!/[\d)]$/.test(so)) assert.equal(answer, UNASKED, so);
        else assert.equal(answer, mod(valueOf(innermost(so), modulus), modulus), so);
      });
    }
    assert.equal(deepest, depth);
  }
});

Deno.test("numbers are uniform; brackets open and close half of the time, where they can", () => {
  const modulus = 4;
  let [numbers, opened, mayOpen, closed, mayClose] = [0, 0, 0, 0, 0];
  const digits = [0, 0, 0, 0];
  const operators = [0, 0, 0];
  for (const { x } of drawn(module, { modulus, depth: 2, length: 50 }, 200)) {
    let open = 0;
    x.forEach((symbol, t) => {
      const before = x[t - 1];
      const isNumberNext = t === 0 || before >= modulus && before !== modulus + 4;
      if (isNumberNext && open < 2) mayOpen++;
      if (!isNumberNext && open > 0) mayClose++;
      if (symbol < modulus) digits[symbol]++, numbers++;
      else if (symbol < modulus + 3) operators[symbol - modulus]++;
      else if (symbol === modulus + 3) opened++, open++;
      else closed++, open--;
    });
  }
  assert.ok(Math.abs(opened / mayOpen - 0.5) < 3.5 * 0.5 / Math.sqrt(mayOpen));
  assert.ok(Math.abs(closed / mayClose - 0.5) < 3.5 * 0.5 / Math.sqrt(mayClose));
  const spread = (counts: number[], all: number) =>
    counts.reduce((sum, n) => sum + (n - all / counts.length) ** 2 / (all / counts.length), 0);
  assert.ok(spread(digits, numbers) < 16.3, `${digits}`); // one in a thousand
  assert.ok(spread(operators, operators.reduce((a, b) => a + b)) < 13.8, `${operators}`);
});

Deno.test("without brackets it has the symbols of the automaton's arithmetic, and two that do not come", () => {
  const own = module.configure({ depth: 0 }).signature as { vocabulary: number; classes: number };
  const other = automaton.configure({ automaton: "modular_arithmetic" }).signature as typeof own;
  assert.deepEqual([own.vocabulary, own.classes], [other.vocabulary + 2, other.classes]);
  for (const { x } of drawn(module, { depth: 0, length: 30 }, 20)) {
    assert.ok(x.every((symbol, t) => (symbol < 5) === (t % 2 === 0) && symbol < 8));
  }
});

Deno.test("the most frequent value of the scored positions is the floor; evaluation makes no error", async () => {
  const options = { modulus: 3, depth: 2, length: 30 };
  const sequences = drawn(module, options, 40);
  const answers = sequences.flatMap(({ target }) => target.slice(9)).filter((a) => a !== UNASKED);
  const counts = [0, 1, 2].map((k) => answers.filter((a) => a === k).length);
  const { floor } = await scored(
    module,
    options,
    (_, b) => oneHot(sequences[b].target[0], 3),
    { protocol: { from: 10 } },
  );
  assert.ok(Math.abs(floor - (1 - Math.max(...counts) / answers.length)) < 1e-12);
  const best = await scored(
    module,
    options,
    (prefix, b) => oneHot(sequences[b].target[prefix.length - 1], 3),
    { protocol: { from: 10 } },
  );
  assert.deepEqual([best.loss, best.gapClosed], [0, 1]);
});

Deno.test("options: modulus 5, three brackets at most, lengths as of parity; one symbol is a number or a bracket", () => {
  const { signature } = module.configure({});
  assert.deepEqual(signature, { kind: "tokens", vocabulary: 10, classes: 5 });
  assert.deepEqual(module.protocol({}), { from: 41 });
  assert.deepEqual(module.configure({}).generate!(0, 0, 1).x.shape, [1, 256]);
  assert.throws(() => module.configure({ modulus: 1 }), /arithmetic options: modulus = 1: .*>=2/);
  assert.throws(() => module.configure({ depth: -1 }), /arithmetic options: depth = -1: .*>=0/);
  for (const { x, target } of drawn(module, { length: 1 }, 20)) {
    assert.equal(target[0], x[0] < 5 ? x[0] : UNASKED);
  }
});
