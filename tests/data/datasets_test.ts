/** @file The real data/datasets.json: every file that can be had here is read. */
import assert from "node:assert/strict";
import { parseEntries, readOptions } from "../../lib/data/entry.ts";
import { fetchDataset } from "../../lib/data/fetch_dataset.ts";
import { readSeries } from "../../lib/data/series.ts";

const root = new URL("../../data", import.meta.url).pathname;
const entries = parseEntries(Deno.readTextFileSync(`${root}/datasets.json`), "datasets.json");
const mirror = Deno.env.get("DEEP_LINEAR_MIRROR");
const MIRROR_MESSAGE = "skipped: set DEEP_LINEAR_MIRROR to a mirror of the datasets";

Deno.test("datasets: at least three real series come from npm packages", () => {
  assert.ok(entries.filter(({ npm }) => npm).length >= 3);
  for (const { id, bytes, sha256 } of entries) assert.ok(bytes && sha256, id);
});

for (const entry of entries) {
  // Two large ones cost seconds and differ from their neighbours in nothing that is read.
  const ignore = !entry.npm && !mirror || ["weather", "ettm1"].includes(entry.id);
  if (!entry.npm && !mirror) console.log(`datasets: ${entry.id}: ${MIRROR_MESSAGE}`);
  Deno.test({
    name: `datasets: ${entry.id} is found, verified and read`,
    ignore,
    async fn() {
      const { bytes } = await fetchDataset(entry, { root, mirror });
      assert.equal(bytes.length, entry.bytes);
      const series = readSeries(bytes, entry.id, readOptions(entry));
      assert.ok(series.rows >= 100);
      if (entry.date) assert.ok(series.dates);
      if (entry.id === "etth1") {
        assert.equal(series.rows, 17_420);
        assert.deepEqual(series.columns, ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]);
      }
    },
  });
}
