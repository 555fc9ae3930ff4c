/** @file The file of a sweep: it comes back as it was written, or is refused. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import {
  readState,
  statePath,
  type SweepState,
  writeState,
} from "../../../pipeline/sweep/state.ts";
import { scratch } from "../store/helpers.ts";

const STATE = {
  id: "abc",
  file: "s.yaml",
  config: { id: "abc", method: "grid" },
  invocations: [],
  runs: [{
    ...{ name: "0000", parameters: { a: 1 }, state: "done", jobs: { train: null } },
    metrics: { loss: 0.5, bad: NaN, up: Infinity, down: -Infinity },
  }],
} as unknown as SweepState;

Deno.test("a sweep that was never called has no state, and another's is not its own", () => {
  using store = scratch();
  writeState(store.dir, STATE);
  assert.equal(statePath(store.dir, "abc"), store.at("sweeps", "abc.json"));
  assert.deepEqual(readdirSync(store.at("sweeps")), ["abc.json"]);
  assert.equal(readState(store.dir, "other"), undefined);
});

Deno.test("a state is JSON in lines, whose odd numbers are words", () => {
  using store = scratch();
  writeState(store.dir, STATE);
  const text = readFileSync(store.at("sweeps", "abc.json"), "utf8");
  assert.ok(text.startsWith('{\n "id": "abc",\n') && text.endsWith("\n}\n"), text);
  const words = { loss: 0.5, bad: "NaN", up: "Infinity", down: "-Infinity" };
  assert.deepEqual(readState(store.dir, "abc"), {
    ...STATE,
    runs: [{ ...STATE.runs[0], metrics: words }],
  });
});

Deno.test("a state that is cut off, of another sweep or without runs is damaged", () => {
  using store = scratch();
  writeState(store.dir, STATE);
  const path = store.at("sweeps", "abc.json");
  for (
    const bad of [
      "",
      "null",
      readFileSync(path, "utf8").slice(0, -3),
      '{"id":"x","runs":[]}',
      '{"id":"abc"}',
    ]
  ) {
    writeFileSync(path, bad);
    assert.throws(
      () => readState(store.dir, "abc"),
      /^Error: .*abc\.json is damaged\. Move it away and call the sweep again/,
      bad,
    );
  }
  writeFileSync(path, '{"id":"abc","runs":[]}');
  assert.deepEqual(readState(store.dir, "abc")!.runs, []);
});
