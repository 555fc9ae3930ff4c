/** @file What is printed to a disk that is full is missed, and that to nobody is not. */
import assert from "node:assert/strict";
import { systemError } from "../../pipeline/system_errors.ts";
import { makeDemo, start } from "./helpers.ts";

/** Runs a command whose output a shell sends somewhere. */
async function into(where: string, ...args: [string, ...string[]]) {
  using demo = makeDemo();
  const [command, ...rest] = args;
  return await start(demo, command, { prefix: ["sh", "-c", `"$@" ${where}`, "sh"] }, ...rest).ended;
}

Deno.test("a list that a full disk did not take is an error, and says so; one that nobody reads is none", async () => {
  if (Deno.build.os !== "linux") return;
  const full = await into(">/dev/full", "status", "--json");
  assert.deepEqual(full, {
    ...full,
    code: 1,
    out: "error: not all could be printed: No space left on device (os error 28)\n",
  });
  assert.equal((await into("2>&1 | head -c 0; exit 0", "status")).code, 0);
});

Deno.test("errors of the system are told in words, with what to do; others are not taken for them", () => {
  const error = (code: string, message = "m") => Object.assign(new Error(message), { code });
  const codes = ["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "EMFILE", "ENFILE", "ENOMEM"];
  for (const code of codes) {
    assert.match(systemError(error(code))!, /^[a-z ,]+ \(m\)\. \S.*\.$/, code);
  }
  assert.match(
    systemError(new Error("IO Error: No space left on device"))!,
    /^the disk is full \(/,
  );
  const large = new Error("File too large (os error 27)");
  assert.match(systemError(large)!, /^a file would be larger than files may be \(/);
  for (const other of [error("ENOENT"), error("toString"), new Error("x"), "text", {}]) {
    assert.equal(systemError(other), undefined);
  }
});
