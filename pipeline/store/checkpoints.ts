/**
 * @file What a long job saves for its own restart, with the curve points it had sent by then, so that
 * a resumed job leaves the whole curve.
 */
import { existsSync, readFileSync } from "node:fs";
import type { MetricPoint } from "./changes.ts";
import { writeFileDurable } from "./files.ts";
import type { Objects } from "./objects.ts";
import { decodeLine, encodeLine } from "../run/protocol.ts";
import type { Checkpoint } from "../stage.ts";

/** @param metrics filled on load and written on save */
export function checkpointOf(objects: Objects, key: string, metrics: MetricPoint[]): Checkpoint {
  const path = objects.checkpointPath(key);
  return {
    // deno-lint-ignore require-await -- a later executor may fetch it
    async load() {
      if (!existsSync(path)) return undefined;
      const file = readFileSync(path);
      const headLength = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
      const head = decodeLine(new TextDecoder().decode(file.subarray(4, 4 + headLength)));
      metrics.splice(0, metrics.length, ...(head as unknown as { metrics: MetricPoint[] }).metrics);
      return new Uint8Array(file.subarray(4 + headLength));
    },
    // deno-lint-ignore require-await -- as above
    async save(bytes) {
      const head = new TextEncoder().encode(encodeLine({ metrics } as never));
      const file = new Uint8Array(4 + head.length + bytes.length);
      new DataView(file.buffer).setUint32(0, head.length, true);
      file.set(head, 4);
      file.set(bytes, 4 + head.length);
      writeFileDurable(path, file, objects.temporaryDir);
    },
  };
}
