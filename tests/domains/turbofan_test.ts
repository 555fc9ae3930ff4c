/** @file Remaining life on engines whose wear is known, the errors by hand, and files that are wrong. */
import assert from "node:assert/strict";
import { domain } from "../../lib/domains/turbofan/turbofan.ts";
import { fold, keyOf, normals } from "../../lib/random/random.ts";

const text = (lines: string[]) => new TextEncoder().encode(lines.join("\n") + "\n");

/** Lines of an engine: three settings, 21 sensors, of which two measure `left` cycles up to 125, the second with noise. */
function engine(number: number, cycles: number, atEnd: number): string[] {
  const noise = normals(fold(keyOf(2), number), cycles);
  return Array.from({ length: cycles }, (_, t) => {
    const left = Math.min(125, atEnd + cycles - 1 - t);
    const sensors = Array.from(
      { length: 21 },
      (_, s) =>
        s === 0
          ? 518.67
          : s === 1
          ? 600 - left
          : s === 2
          ? noise[t]
          : s === 3
          ? (number + t) % 3
          : 7,
    );
    return `${[number, t + 1, 0.1, 0.2, 100, ...sensors].join(" ")}  `;
  });
}

const lengths = Array.from({ length: 12 }, (_, i) => 130 + 7 * i);
const left = [10, 130, 60, 0];
function files() {
  return new Map([
    ["train_FD001.txt", text(lengths.flatMap((cycles, i) => engine(i + 1, cycles, 0)))],
    ["test_FD001.txt", text(left.flatMap((cycles, i) => engine(i + 1, 40 + i, cycles)))],
    ["RUL_FD001.txt", text(left.map((cycles) => `${cycles} `))],
  ]);
}

Deno.test("turbofan: a sensor that measures the remaining life is found by both maps", () => {
  for (const method of ["last-cycle", "window"]) {
    const { scores, parts } = domain.assess(files(), { method });
    assert.ok(scores.rmse < 0.5, `${method}: ${scores.rmse}`);
    assert.equal(parts.squares.length, 4);
    const mean = parts.squares.reduce((a, b) => a + b, 0) / 4;
    assert.ok(Math.abs(Math.sqrt(mean) - scores.rmse) < 1e-12);
  }
});

Deno.test("turbofan: the mean target, and its errors by hand", () => {
  const targets = lengths.flatMap((n) =>
    Array.from({ length: n }, (_, t) => Math.min(125, n - 1 - t))
  );
  const mean = targets.reduce((a, b) => a + b, 0) / targets.length;
  const { scores, parts } = domain.assess(files(), { method: "mean" });
  const late = [10, 125, 60, 0].map((cycles) => mean - cycles);
  late.forEach((d, i) => assert.ok(Math.abs(parts.squares[i] - d * d) < 1e-6));
  const penalty = late.reduce(
    (sum, d) => sum + (d < 0 ? Math.exp(-d / 13) : Math.exp(d / 10)) - 1,
    0,
  );
  assert.ok(Math.abs(scores.phm / penalty - 1) < 1e-9);
  const uncut = Math.sqrt(left.reduce((sum, cycles) => sum + (mean - cycles) ** 2, 0) / 4);
  assert.ok(Math.abs(scores["rmse uncut"] - uncut) < 1e-9);
  assert.ok(scores["rmse uncut"] !== scores.rmse);
});

Deno.test("turbofan: no engine has fewer than no cycles left, or more than are told apart", () => {
  const beyond = (sensor: number) => {
    const all = files();
    const lines = new TextDecoder().decode(all.get("test_FD001.txt")!).trimEnd().split("\n");
    const cells = lines.at(-1)!.trim().split(" ");
    cells[6] = String(sensor);
    all.set("test_FD001.txt", text([...lines.slice(0, -1), cells.join(" ")]));
    return domain.assess(all, { method: "last-cycle" }).parts.squares[3];
  };
  // The last engine has none left; the sensor is 600 less what is left.
  assert.ok(beyond(700) < 1e-9, String(beyond(700)));
  assert.ok(Math.abs(beyond(300) - 125 ** 2) < 1e-6);
});

Deno.test("turbofan: what is wrong with a file is named with its line", () => {
  const wrong: [string, (lines: string[]) => string[], RegExp][] = [
    [
      "train_FD001.txt",
      ([a, ...rest]) => [a, rest[1], ...rest],
      /^DataError: train_FD001\.txt, line 2: cycle 3 of engine 1 is out of order/,
    ],
    [
      "test_FD001.txt",
      ([a, b, ...rest]) => [a, b.trim() + " 7", ...rest],
      /^DataError: test_FD001\.txt, line 2: 27 numbers; expected 26/,
    ],
    ["test_FD001.txt", (lines) => lines.toSpliced(3, 0, ""), /line 4: "" is no number/],
    ["test_FD001.txt", (lines) => lines.slice(0, 20), /engine 1 has fewer than 30 cycles/],
    [
      "RUL_FD001.txt",
      (lines) => lines.slice(1),
      /^DataError: RUL_FD001\.txt: 3 lines, but there are 4 test engines/,
    ],
    ["RUL_FD001.txt", (lines) => ["many", ...lines.slice(1)], /line 1: "many" is no number/],
  ];
  for (const [name, change, message] of wrong) {
    const all = files();
    all.set(name, text(change(new TextDecoder().decode(all.get(name)!).trimEnd().split("\n"))));
    assert.throws(() => domain.assess(all, { method: "mean" }), message);
  }
  const without = files();
  without.delete("RUL_FD001.txt");
  assert.throws(() => domain.assess(without, { method: "mean" }), /no file RUL_FD001\.txt among/);
  assert.throws(
    () => domain.assess(files(), { method: "lstm" }),
    /turbofan options: method = "lstm"/,
  );
});
