/** @file One question at the end: answers counted by hand, operators that end a sequence, and the floor. */
import assert from "node:assert/strict";
import { task } from "../../../lib/tasks/automaton_at_end/automaton_at_end.ts";
import { scored } from "../drawn.ts";

Deno.test("parity: one answer at the last symbol, of test sequences and of training ones, which end where they end", () => {
  const own = task.configure({ automaton: "parity", length: 12, minimum: 2, maximum: 5 });
  assert.deepEqual(own.signature, { kind: "tokens", vocabulary: 2, classes: 2 });
  const { x, target } = own.generate!(0, 3, 50);
  for (let b = 0; b < 50; b++) {
    const [bits, asked] = [x, target].map(({ data }) =>
      Array.from(data.slice(12 * b, 12 * b + 12))
    );
    assert.deepEqual(asked.slice(0, 11), Array(11).fill(-1));
    assert.equal(asked[11], bits.reduce((sum, bit) => sum + bit, 0) % 2);
  }
  const batch = own.source({ instance: 0, initialisation: 0, data: 1 }, 40, {} as never)(0);
  const { target: trained } = batch as unknown as { target: { data: ArrayLike<number> } };
  const ends = new Set<number>();
  for (let b = 0; b < 40; b++) {
    const asked = Array.from(trained.data).slice(5 * b, 5 * b + 5);
    assert.equal(asked.filter((value) => value >= 0).length, 1);
    ends.add(asked.findIndex((value) => value >= 0));
  }
  assert.deepEqual([...ends].sort(), [1, 2, 3, 4]);
});

Deno.test("arithmetic: the value of what stands before a last operator", () => {
  const options = { automaton: "modular_arithmetic", modulus: 3 };
  for (const [length, at] of [[4, 2], [5, 4], [1, 0]]) {
    const { x, target } = task.configure({ ...options, length }).generate!(0, 5, 60);
    const operators = ["+", "-", "*"];
    for (let b = 0; b < 60; b++) {
      const symbols = Array.from(x.data.slice(length * b, length * (b + 1)));
      const asked = Array.from(target.data.slice(length * b, length * (b + 1)));
      assert.deepEqual(asked.flatMap((value, t) => value < 0 ? [] : [t]), [at]);
      const said = symbols.slice(0, at + 1).map((s) => s < 3 ? s : operators[s - 3]).join("");
      // deno-lint-ignore no-eval -- an expression of digits and operators, as an independent reading
      const value = (0, eval)(said) as number;
      assert.equal(asked[at], ((value % 3) + 3) % 3, said);
    }
  }
});

Deno.test("the floor is the likeliest answer at the end: half of parity, less of arithmetic, whose products are often zero", async () => {
  const floor = async (options: object, length: number) =>
    (await scored(task, { ...options, length }, () => Array(3).fill(0), {
      protocol: { from: 1 },
      count: 20,
    })).floor;
  assert.ok(Math.abs(await floor({ automaton: "parity" }, 7) - 0.5) < 1e-12);
  // Two numbers of three, one operator: of 27 expressions 11 have the value 0.
  const options = { automaton: "modular_arithmetic", modulus: 3 };
  assert.ok(Math.abs(await floor(options, 3) - 16 / 27) < 1e-12);
  assert.ok(Math.abs(await floor(options, 4) - 16 / 27) < 1e-12);
});
