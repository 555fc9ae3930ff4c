/** @file Signals that a process was told to ignore do not stop its runs. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const MODULE = fileURLToPath(new URL("../../../pipeline/run/stop_signals.ts", import.meta.url));

Deno.test("a run under nohup, or in the background of a script, is not stopped by what those ignore", () => {
  if (Deno.build.os !== "linux") return;
  const said = (trap: string) => {
    const script = `import { stopSignals } from ${
      JSON.stringify(MODULE)
    }; console.log(stopSignals().join(" "));`;
    const { stdout } = new Deno.Command("sh", {
      args: ["-c", `${trap} exec "$0" eval --no-check "$1"`, Deno.execPath(), script],
    }).outputSync();
    return new TextDecoder().decode(stdout).trim();
  };
  assert.equal(said(""), "SIGHUP SIGINT SIGTERM");
  assert.equal(said("trap '' HUP;"), "SIGINT SIGTERM");
  assert.equal(said("trap '' HUP INT;"), "SIGTERM");
  assert.equal(said("trap '' TERM;"), "SIGHUP SIGINT");
});
