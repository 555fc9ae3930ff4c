/** @file PhysioNet's formats bit by bit, and scores of beats on a made record. */
import assert from "node:assert/strict";
import { domain, shareBelow } from "../../lib/domains/heartbeats/heartbeats.ts";
import { readBeats, readSignals } from "../../lib/domains/heartbeats/record.ts";
import { keyOf, normals } from "../../lib/random/random.ts";

Deno.test("format 212: two signed numbers of twelve bits in three bytes", () => {
  // The pairs (995, 1011), as record 100 begins, (-1, 2047) and (-2048, 0).
  const bytes = Uint8Array.of(0xe3, 0x33, 0xf3, 0xff, 0x7f, 0xff, 0x00, 0x08, 0x00);
  const [first, second] = readSignals(bytes, "x.dat");
  assert.deepEqual([...first], [995, -1, -2048]);
  assert.deepEqual([...second], [1011, 2047, 0]);
  assert.deepEqual(readSignals(new Uint8Array(), "x")[0].length, 0);
  assert.throws(
    () => readSignals(bytes.subarray(1), "x.dat"),
    /^DataError: x\.dat: 8 bytes are no pairs/,
  );
});

const words = (...of: number[]) => new Uint8Array(Uint16Array.from(of).buffer);
const beat = (code: number, interval: number) => code << 10 | interval;

Deno.test("annotations: beats by their intervals; rhythm, text and long pauses in between", () => {
  const bytes = words(
    beat(28, 18), // a change of rhythm, no beat, with text
    beat(63, 3),
    ...[0x4e28, 0x0029],
    beat(1, 59),
    beat(59, 0), // a pause of 65536 + 5
    ...[1, 5],
    beat(8, 10),
    beat(62, 3), // a channel number, which no time belongs to
    beat(5, 1000),
    0,
    beat(1, 1), // behind the end
  );
  assert.deepEqual(readBeats(bytes, "x.atr"), [
    { sample: 77, kind: "N" },
    { sample: 77 + 65541 + 10, kind: "A" },
    { sample: 77 + 65541 + 1010, kind: "V" },
  ]);
  assert.deepEqual(readBeats(words(0), "x"), []);
  for (const cut of [words(beat(1, 5)), words(beat(59, 0), 1), new Uint8Array()]) {
    assert.throws(() => readBeats(cut, "x.atr"), /^DataError: x\.atr: the annotations have no end/);
  }
});

Deno.test("the share below counts equal ones half", () => {
  const shares = [0, 1, 1.5, 2, 5, 9].map((value) => shareBelow([1, 2, 2, 5], value));
  assert.deepEqual(shares, [0, 0.125, 0.25, 0.5, 0.875, 1]);
});

/** Ten minutes of a beat a second, in the second half every fiftieth early and of another shape. */
function made() {
  const rate = 360, length = 600 * rate;
  const noise = normals(keyOf(7), length);
  const signal = noise.map((x) => 3 * x);
  const codes: number[] = [];
  let at = 0, before = 0;
  for (let b = 1; at + 2 * rate < length; b++) {
    const strange = b > 310 && b % 50 === 0;
    at += strange ? 250 : 360;
    for (let i = -20; i <= 20; i++) {
      signal[at + i] += (strange ? 130 : 200) * Math.cos(Math.PI * i / (strange ? 20 : 40));
    }
    codes.push(beat(strange ? 8 : 1, at - before));
    before = at;
  }
  const bytes = new Uint8Array(3 * length);
  signal.forEach((x, i) => {
    const value = Math.round(x) & 0xfff;
    bytes.set([value & 255, value >> 8, 0], 3 * i);
  });
  return new Map([["100.dat", bytes], ["100.atr", words(...codes, 0)], [
    "100.hea",
    new Uint8Array(),
  ]]);
}

Deno.test("heartbeats: early beats of another shape are found by every score", () => {
  const files = made();
  for (const method of ["prematurity", "template", "linear-prediction"]) {
    const { scores, parts } = domain.assess(files, { method });
    assert.equal(scores.abnormal, 6);
    assert.ok(scores.normal > 280 && scores.normal < 310, String(scores.normal));
    assert.ok(scores.auc > 0.95, `${method}: ${scores.auc}`);
    assert.equal(parts.auc.length, 6);
    assert.ok(Math.abs(parts.auc.reduce((a, b) => a + b, 0) / 6 - scores.auc) < 1e-12);
  }
});

Deno.test("heartbeats: an unknown method and a missing file are named", () => {
  assert.throws(() => domain.assess(made(), { method: "x" }), /heartbeats options: method = "x"/);
  const files = made();
  files.delete("100.atr");
  assert.throws(
    () => domain.assess(files, { method: "template" }),
    /no file 100\.atr among 100\.dat, 100\.hea/,
  );
});
