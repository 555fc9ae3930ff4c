/**
 * @file A program that uses a store while its file operations are recorded: run with the folder of a store and the name of
 * a scenario, it prints them as JSON.
 */
import process from "node:process";
import { DuckDBConnection } from "@duckdb/node-api";
import { storeResult } from "../../../pipeline/store/artifact.ts";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import { checkpointOf } from "../../../pipeline/store/checkpoints.ts";
import { DoneIndex } from "../../../pipeline/store/done_index.ts";
import { lockStore } from "../../../pipeline/store/lock.ts";
import { Objects } from "../../../pipeline/store/objects.ts";
import { doneJob, dump, RUN } from "../fixtures/catalog.ts";
import { failNext, operations, writeInPieces } from "./recording_fs.ts";

/** All that a store was told to keep. */
export interface StoreState {
  catalog: Record<string, string[]>;
  objects: string[];
  checkpoint: number[] | null;
}

const dir = process.argv[2];
const state: StoreState = { catalog: {}, objects: [], checkpoint: null };

function acknowledged(what: string): void {
  operations.push({ op: "acknowledged", what, state: structuredClone(state) });
}

async function changed(catalog: Catalog, what: string): Promise<void> {
  state.catalog = await dump(catalog);
  acknowledged(what);
}

/** A job whose file is an object of the store. */
function stored(objects: Objects, key: string) {
  const artifact = storeResult(objects, { files: { "f.txt": `made by ${key} `.repeat(20) } });
  state.objects.push(artifact.files[0].sha256);
  acknowledged(`object of ${key}`);
  return doneJob(key, { artifact });
}

const scenarios: Record<string, () => Promise<void>> = {
  async "two runs"() {
    const lock = await lockStore(dir, "run");
    const objects = new Objects(dir);
    const checkpoint = checkpointOf(objects, { key: "long", label: "e/long" }, []);
    const save = async (bytes: number[]) => {
      await checkpoint.save(Uint8Array.from(bytes));
      state.checkpoint = bytes;
      acknowledged("checkpoint");
    };
    let catalog = await Catalog.open(dir);
    await changed(catalog, "nothing yet");
    await catalog.commit(RUN, [stored(objects, "k1")]);
    await changed(catalog, "first job");
    await save([1, 2, 3]);
    await save([4]);
    await catalog.setNodes("smoke", [{ label: "e/k1", key: "k1", doneKey: "k1" }]);
    await changed(catalog, "nodes");
    const index = await DoneIndex.fromCatalog(dir, catalog);
    await catalog.close();
    index.save();
    acknowledged("end of the first run");
    catalog = await Catalog.open(dir);
    const second = stored(objects, "k2");
    await catalog.commit(RUN, [second], [{ key: "k3", label: "e/k3", message: "no" }]);
    await changed(catalog, "second job");
    await catalog.close();
    lock.release();
    acknowledged("end of the second run");
  },

  /** The disk refuses a line of the journal, once in the middle and once when it is synced. */
  async "a journal that cannot be written"() {
    const catalog = await Catalog.open(dir);
    writeInPieces();
    await catalog.commit(RUN, [doneJob("k1")]);
    // Longer than what follows, so that a rest of it would show.
    const long = doneJob("refused", { label: "x".repeat(5000) });
    const refuse = async (operation: "write" | "sync") => {
      failNext(operation, ".journal");
      await catalog.commit(RUN, [long]).then(() => acknowledged("refused"), () => {});
    };
    await refuse("sync");
    await catalog.commit(RUN, [doneJob("k2")]);
    await changed(catalog, "second job");
    await refuse("write");
    await refuse("sync");
    await changed(catalog, "refused");
    // No close: as if killed.
  },

  /** DuckDB refuses what is in the journal already: first for a while, then for good. */
  async "a database that refuses"() {
    const catalog = await Catalog.open(dir);
    await catalog.commit(RUN, [doneJob("k1")]);
    await changed(catalog, "first job");
    let refusing = true;
    const { run } = DuckDBConnection.prototype;
    DuckDBConnection.prototype.run = function (sql, ...rest) {
      if (sql !== "COMMIT" || !refusing) return run.call(this, sql, ...rest);
      return Promise.reject(new Error("out of space"));
    };
    await catalog.commit(RUN, [doneJob("k2")]);
    acknowledged("second job");
    await dump(catalog).catch(({ message }) => acknowledged(message));
    refusing = false;
    await catalog.commit(RUN, [doneJob("k3")]);
    await changed(catalog, "third job");
    refusing = true;
    await catalog.commit(RUN, [doneJob("k4")]);
    await catalog.close();
    acknowledged("end");
  },
};

if (import.meta.main) {
  await scenarios[process.argv[3]]();
  console.log(JSON.stringify(operations));
  process.exit(0);
}
