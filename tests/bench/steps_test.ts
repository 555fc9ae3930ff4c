/** @file The parts of `bench engine` that compute: ratios of paired times, and talking to processes that measure. */
import assert from "node:assert/strict";
import { alternation, geometricMean, isSlower, median, pairedRatio } from "./steps/paired.ts";
import { startMeasuring } from "./steps/process.ts";
import { lineReader, parseGreeting, parseMeasured } from "./steps/protocol.ts";

const near = (a: number, b: number) =>
  assert.ok(Math.abs(a - b) < 1e-9 * Math.abs(b), `${a}, ${b}`);

Deno.test("a ratio is the geometric mean over pairs, with Student's interval of its logarithm", () => {
  // Logarithms of the ratios: 0, log 2, log 4, so mean log 2, deviation log 2, t(0.975, 2) = 4.30265272974946.
  const { ratio, low, high } = pairedRatio([1, 10, 0.5], [1, 20, 2]);
  const half = 4.30265272974946 * Math.log(2) / Math.sqrt(3);
  [[ratio, 2], [low, 2 * Math.exp(-half)], [high, 2 * Math.exp(half)]].forEach(([a, b]) =>
    near(a, b)
  );
  // What changes both sides of a pair alike changes nothing.
  const drifted = pairedRatio([7, 10, 5], [7, 20, 20]);
  near(drifted.low, low);
  assert.throws(() => pairedRatio([1], [2]), /RangeError: .*one alternation/);
  assert.throws(() => pairedRatio([1, 2], [2]), RangeError);
  assert.throws(() => pairedRatio([1, 0], [2, 1]), RangeError);
});

Deno.test("slower means that the whole interval lies beyond 5 %", () => {
  const cases: [low: number, high: number, slower: boolean][] = [
    [0.8, 0.9, true], // ours takes 1.11 to 1.25 times as long
    [0.8, 0.96, false],
    [0.94, 0.96, false],
    [0.5, 2, false],
    [1.1, 1.2, false],
  ];
  for (const [low, high, slower] of cases) {
    assert.equal(
      isSlower({ ratio: Math.sqrt(low * high), low, high }),
      slower,
      `${low} .. ${high}`,
    );
  }
});

Deno.test("medians, geometric means and orders of turns", () => {
  assert.deepEqual([median([3]), median([9, 1]), median([5, 100, 1])], [3, 5, 5]);
  near(geometricMean([1, 2, 4]), 2);
  near(geometricMean([3]), 3);
  assert.deepEqual([0, 1, 2].map((i) => alternation(3, i).join("")), ["012", "210", "012"]);
});

Deno.test("greetings and measurements are parsed, and what is neither is refused", () => {
  assert.deepEqual(parseGreeting("ready A 1.0, B"), { ready: true, description: "A 1.0, B" });
  assert.deepEqual(parseGreeting("unavailable no x"), { ready: false, reason: "no x" });
  assert.deepEqual(parseGreeting(undefined), { ready: false, reason: "ended while it started" });
  for (const line of ["", "ready", "Traceback", " ready x"]) {
    assert.throws(() => parseGreeting(line), SyntaxError, line);
  }
  assert.deepEqual(parseMeasured("0.25 12.5"), { seconds: 0.25, faults: 12.5 });
  assert.deepEqual(parseMeasured("1e-3 NaN"), { seconds: 0.001, faults: NaN });
  for (const line of [undefined, "", "1", "1 ", " 1", "x 2", "0 1", "-1 1", "NaN 1", "1 2 3"]) {
    assert.throws(() => parseMeasured(line), SyntaxError, line);
  }
});

Deno.test("lines arrive whole, however the stream is cut", async () => {
  const bytes = new TextEncoder().encode("a é\n\nlast\nno end");
  for (const size of [1, 3, 100]) {
    const chunks = [];
    for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.slice(i, i + size));
    const next = lineReader(ReadableStream.from(chunks));
    const lines = [await next(), await next(), await next(), await next(), await next()];
    assert.deepEqual(lines, ["a é", "", "last", undefined, undefined]);
  }
});

Deno.test("a process is measured, or says why not", async () => {
  const start = (code: string) => startMeasuring(Deno.execPath(), ["eval", "--quiet", code]);
  const child = await start(`
    console.log("ready child");
    const words = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
    for await (const steps of words) {
      if (steps === "3\\n") { console.error("boom\\n"); Deno.exit(1); }
      console.log(Number(steps) / 4, 7);
    }`);
  assert.ok(typeof child !== "string", child as string);
  assert.equal(child.description, "child");
  assert.deepEqual(await child.measure(2), { seconds: 0.5, faults: 7 });
  assert.deepEqual(await child.measure(8), { seconds: 2, faults: 7 });
  await assert.rejects(child.measure(3), /ended: boom$/);
  await child.close();

  assert.equal(await start('console.error("x"); console.log("unavailable no y")'), "no y");
  assert.equal(await start('console.error("x\\nNo module y\\n"); Deno.exit(1)'), "No module y");
  assert.equal(await start('console.error("MyError: z\\nstack\\n"); Deno.exit(1)'), "MyError: z");
  assert.equal(await start(""), "ended while it started");
  assert.match(
    await startMeasuring("/no/such/python", []) as string,
    /^does not start: .*no\/such/i,
  );
});
