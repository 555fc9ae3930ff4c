/**
 * @file The event files that TensorBoard reads: checksums and fields as specified, a file whose every
 * prefix is readable, and its replacement after a restart.
 */
import assert from "node:assert/strict";
import { TensorBoardSink } from "../../../pipeline/log/tensorboard.ts";
import { crc32c, eventRecord, record } from "../../../pipeline/log/tfevents.ts";
import { eventFile, fieldsOf, get, recordsOf, scalarsOf, words } from "./event_file.ts";
import { inFolder, run } from "./helpers.ts";

const hex = (bytes: Uint8Array) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

Deno.test("CRC-32C has the values of RFC 3720, B.4", () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  const pdu = new Uint8Array(48);
  pdu.set([0x01, 0xc0], 0);
  pdu.set([0x14], 16);
  pdu.set([0x04, 0x00], 22);
  pdu.set([0x14], 27);
  pdu.set([0x18], 31);
  pdu.set([0x28], 32);
  pdu.set([0x02], 40);
  const cases: [Uint8Array, number][] = [
    [new Uint8Array(0), 0],
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [ascending, 0x46dd794e],
    [ascending.toReversed(), 0x113fdb5c],
    [pdu, 0xd9963a56],
    [new TextEncoder().encode("123456789"), 0xe3069283],
  ];
  for (const [bytes, crc] of cases) assert.equal(crc32c(bytes).toString(16), crc.toString(16));
});

Deno.test("event files: TensorFlow's own first bytes, and every field where event.proto has it", () => {
  // Files that TensorFlow writes begin with these: a first record of 24 bytes, and its masked CRC.
  const first = eventRecord(1.5, 0, { fileVersion: "brain.Event:2" });
  assert.equal(hex(first.subarray(0, 12)), "1800000000000000a37f4b22");
  const [event] = recordsOf(first);
  assert.equal(get(event, 1), 1.5);
  assert.equal(words(get(event, 3)), "brain.Event:2");
  for (const step of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 40 + 1]) {
    const [scalar] = recordsOf(eventRecord(9, step, { scalar: { tag: "loss/é", value: -0.1 } }));
    assert.equal(get(scalar, 2) ?? 0, step);
    assert.equal(words(get(scalar, 5, 1, 1)), "loss/é");
    assert.equal(get(scalar, 5, 1, 2), Math.fround(-0.1));
  }
  const long = "x".repeat(70_000);
  const [hparams] = recordsOf(
    eventRecord(2, 0, { hparams: { lr: 0.25, [long]: "a", on: true, off: false } }),
  );
  assert.equal(words(get(hparams, 5, 1, 1)), "_hparams_/session_start_info");
  assert.equal(words(get(hparams, 5, 1, 9, 1, 1)), "hparams");
  const start = get<Uint8Array>(hparams, 5, 1, 9, 1, 2, 3)!;
  const entries = fieldsOf(start).filter(({ field }) => field === 1).map(({ value }) => [
    words(get(value as Uint8Array, 1)),
    fieldsOf(get(value as Uint8Array, 2)!)[0],
  ]);
  assert.deepEqual(entries, [
    ["lr", { field: 2, value: 0.25 }],
    [long, { field: 3, value: new TextEncoder().encode("a") }],
    ["on", { field: 4, value: 1 }],
    ["off", { field: 4, value: 0 }],
  ]);
  assert.equal(record(new Uint8Array(0)).length, 16);
});

Deno.test("tensorboard: a prefix of the file is readable, and a restart replaces it", () =>
  inFolder((storeDir) => {
    const sink = new TensorBoardSink({ storeDir }, () => 1e12);
    assert.ok(sink.lacks(run));
    sink.started(run);
    sink.metrics(run, [["loss", 0, NaN], ["loss", 1, -Infinity], ["rate", 1, 0.5]]);
    // The process is killed here.
    const { name, bytes } = eventFile(storeDir);
    assert.match(
      name,
      /^tensorboard\/sweep\/0000\/_\.\.\/train\/events\.out\.tfevents\.1000000000\./,
    );
    const expected = [["loss", 0, NaN], ["loss", 1, -Infinity], ["rate", 1, 0.5]];
    assert.deepEqual(scalarsOf(bytes), expected);
    for (let end = 0; end < bytes.length; end++) {
      const seen = scalarsOf(bytes.subarray(0, end));
      assert.deepEqual(seen, expected.slice(0, seen.length));
    }
    const again = new TensorBoardSink({ storeDir });
    again.started(run);
    again.metrics(run, [["loss", 0, 2], ["loss", 7, 1]]);
    again.scalars(run, { ratio: 1.25 });
    again.finished(run, "failed");
    again.metrics(run, [["loss", 8, 1]]);
    const after = eventFile(storeDir);
    assert.deepEqual(scalarsOf(after.bytes), [["loss", 0, 2], ["loss", 7, 1], ["ratio", 7, 1.25]]);
    const end = recordsOf(after.bytes).at(-1)!;
    assert.equal(words(get(end, 5, 1, 1)), "_hparams_/session_end_info");
    assert.equal(get(end, 5, 1, 9, 1, 2, 4, 1), 2, "STATUS_FAILURE");
    const last = new TensorBoardSink({ storeDir });
    assert.ok(last.lacks(run), "it broke off, whoever finished it without this sink");
    last.started(run);
    last.metrics(run, [["loss", 0, 2]]);
    assert.ok(last.lacks(run), "not at its end");
    last.finished(run, "done");
    assert.deepEqual(scalarsOf(eventFile(storeDir).bytes), [["loss", 0, 2]]);
    assert.ok(!new TensorBoardSink({ storeDir }).lacks(run));
    assert.ok(last.lacks({ ...run, work: () => "work-2" }), "other work under the same name");
    last.started(run);
    assert.ok(last.lacks(run), "it began again");
  }));
