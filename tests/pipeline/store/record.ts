/** @file Runs a scenario of `recorded_program.ts` with `node:fs` replaced by the recorder. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Operation } from "./recording_fs.ts";

const here = (name: string) => new URL(name, import.meta.url);

/**
 * @param scratch a folder that exists; the store is made in it
 * @returns what was done to the disk, in order
 */
export async function record(scratch: string, scenario: string): Promise<Operation[]> {
  const recorder = here("./recording_fs.ts").href;
  const { imports } = JSON.parse(readFileSync(here("../../../deno.json"), "utf8"));
  const map = join(scratch, "import_map.json");
  writeFileSync(
    map,
    JSON.stringify({
      imports: { ...imports, "node:fs": recorder },
      scopes: { [recorder]: { "node:fs": "node:fs" } },
    }),
  );
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", "--no-check", `--import-map=${map}`],
      ...[fileURLToPath(here("./recorded_program.ts")), join(scratch, "store"), scenario],
    ],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
