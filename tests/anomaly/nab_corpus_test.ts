/** @file Reading NAB's files: windows by their times, and what is wrong by file and line. */
import assert from "node:assert/strict";
import { labelsFile, readCorpus } from "../../lib/anomaly/nab/corpus.ts";

const csv = (rows: string[]) => ["timestamp,value", ...rows, ""].join("\n");
const time = (minute: number) => `2014-04-10 07:${String(minute).padStart(2, "0")}:00`;

function corpus(files: Record<string, string>, labels: Record<string, [string, string][]>) {
  const encoder = new TextEncoder();
  return new Map([
    ...Object.entries(files).map(([path, text]) => [path, encoder.encode(text)] as const),
    [labelsFile, encoder.encode(JSON.stringify(labels))] as const,
  ]);
}

const rows = [0, 5, 10, 15, 15, 20].map((minute, i) => `${time(minute)},${i / 2}`);

Deno.test("NAB: series in the order of their paths, windows by their first and last row", () => {
  const read = readCorpus(corpus(
    { "data/b/x.csv": csv(rows), "data/a/y.csv": csv(rows.slice(0, 2)) },
    { "b/x.csv": [[`${time(5)}.000000`, `${time(15)}.000000`]], "a/y.csv": [] },
  ));
  assert.deepEqual(read.map(({ file }) => file), ["data/a/y.csv", "data/b/x.csv"]);
  assert.deepEqual([...read[1].values], [0, 0.5, 1, 1.5, 2, 2.5]);
  // Of two rows of one time the first.
  assert.deepEqual(read[1].windows, [[1, 3]]);
  assert.deepEqual(read[0].windows, []);
});

Deno.test("NAB: what is wrong is named with its file and line", () => {
  const labels: Record<string, [string, string][]> = { "a/y.csv": [] };
  const wrong: [Record<string, string>, typeof labels, RegExp][] = [
    [
      { "data/a/y.csv": csv([rows[0], `${time(5)},x`]) },
      labels,
      /^data\/a\/y\.csv, line 3: the value is x/,
    ],
    [{ "data/a/y.csv": csv([rows[0], time(5)]) }, labels, /line 3: the value is undefined/],
    [{ "data/a/y.csv": csv([`${time(5)},`]) }, labels, /line 2: the value is ; expected a number/],
    [{ "data/a/y.csv": "time;value\n1,2" }, labels, /line 1: the header is time;value/],
    [
      { "data/a/y.csv": csv(rows), "data/a/z.csv": csv(rows) },
      labels,
      /^data\/a\/z\.csv: labels\/combined_windows\.json has no entry/,
    ],
    [{}, labels, /labels data\/a\/y\.csv, which is not among the files/],
    [
      { "data/a/y.csv": csv(rows) },
      { "a/y.csv": [[time(7), time(15)]] },
      /no row has the time 2014-04-10 07:07:00/,
    ],
  ];
  for (const [files, given, message] of wrong) {
    assert.throws(() => readCorpus(corpus(files, given)), { name: "DataError", message });
  }
  assert.throws(() => readCorpus(new Map()), /the windows are missing/);
});
