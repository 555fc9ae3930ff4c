/** @file Files that a user names: where they are looked for, and what may be written over. */
import assert from "node:assert/strict";
import { join, relative, resolve } from "node:path";
import { UsageError } from "../../pipeline/usage_error.ts";
import { callerPath, outputFile, sameOutput, writeOutput } from "../../pipeline/user_files.ts";

const ROOT = resolve(new URL("../..", import.meta.url).pathname);

/** A folder with a file that is read, and names for it. */
async function withFolder(run: (folder: string, read: string) => Promise<void> | void) {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    const read = join(folder, "mine.csv");
    await Deno.writeTextFile(read, "x\n1\n");
    await Deno.mkdir(join(folder, "sub"));
    await run(folder, read);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function refused(name: string, read: string[], message: RegExp, root?: string): void {
  assert.throws(() => outputFile("--out", name, read, root), (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.ok(error.message.startsWith(`--out ${name}: `), error.message);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("output: every name of a file that is read is refused, and the file stays", async () => {
  await withFolder(async (folder, read) => {
    const at = (name: string) => join(folder, name);
    await Deno.symlink(read, at("soft.csv"));
    await Deno.symlink("soft.csv", at("soft-of-soft.csv"));
    await Deno.symlink(folder, at("sub/up"));
    await Deno.link(read, at("hard.csv"));
    const names = [
      "mine.csv",
      "soft.csv",
      "soft-of-soft.csv",
      "hard.csv",
      "sub/../mine.csv",
      "sub/up/mine.csv",
      "./sub/up/sub/up/hard.csv",
    ];
    for (const name of names) {
      const why = /this is the file .*mine\.csv, which is read; .*Give another name/;
      refused(`${folder}/${name}`, ["elsewhere.csv", read], why);
      // The run may have read it by a link.
      refused(read, [`${folder}/${name}`], /which is read/);
    }
    refused(relative(Deno.cwd(), read), [read], /which is read/);
    // A name like it, in another folder or another case, is another file.
    for (const name of ["sub/mine.csv", "MINE.csv", "mine.csv.out", "mine.cs"]) {
      assert.equal(outputFile("--out", at(name), [read]).path, at(name));
    }
    assert.equal(await Deno.readTextFile(read), "x\n1\n");
  });
});

Deno.test("output: folders, devices and pipes are refused, also by links", async () => {
  await withFolder(async (folder, read) => {
    refused(`${folder}/sub`, [], /is a folder/);
    refused(`${folder}/sub/`, [], /names a folder/);
    refused(`${folder}/new/`, [], /names a folder/);
    refused(`${read}/x.csv`, [], /mine\.csv is a file, not a folder/);
    for (const name of ["/dev/null", "/dev/stdout", "/proc/self/fd/1"]) refused(name, [], /device/);
    await Deno.symlink("/dev/null", join(folder, "null"));
    refused(join(folder, "null"), [], /device/);
  });
});

Deno.test("output: a link is followed, to what is there and to what is not there yet", async () => {
  await withFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await Deno.writeTextFile(at("old.csv"), "old");
    await Deno.symlink("old.csv", at("to-old"));
    await Deno.symlink("sub/new.csv", at("to-new"));
    for (const [link, target] of [["to-old", "old.csv"], ["to-new", "sub/new.csv"]]) {
      const file = outputFile("--out", at(link), []);
      assert.equal(file.path, at(target));
      await writeOutput(file, link);
      assert.ok((await Deno.lstat(at(link))).isSymlink);
      assert.equal(await Deno.readTextFile(at(target)), link);
    }
    await Deno.symlink("round", at("round"));
    assert.doesNotThrow(() => outputFile("--out", at("round"), []), "no hang");
  });
});

Deno.test("output: what is replaced keeps its permissions, and nothing else is left in the folder", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sub", "deeper", "x.csv");
    const file = outputFile("--out", path, []);
    await writeOutput(file, "one");
    await Deno.chmod(path, 0o751);
    await writeOutput(file, "two");
    assert.equal(await Deno.readTextFile(path), "two");
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o751);
    assert.deepEqual([...Deno.readDirSync(join(folder, "sub/deeper"))].map((e) => e.name), [
      "x.csv",
    ]);
  });
});

Deno.test("output: no file of the program is replaced; new files and files of others are written", async () => {
  for (const name of ["lib/mod.ts", "deno.json", "data/datasets.json", "README.md"]) {
    refused(join(ROOT, name), [], /belongs to the program/);
  }
  await withFolder(async (root) => {
    await Deno.mkdir(join(root, "lib"));
    await Deno.writeTextFile(join(root, "lib/a.ts"), "");
    refused(join(root, "lib/a.ts"), [], /lib\/a\.ts belongs to the program/, root);
    await Deno.symlink("lib/a.ts", join(root, "link.csv"));
    refused(join(root, "link.csv"), [], /lib\/a\.ts belongs to the program/, root);
    for (const name of ["mine.csv", "lib/new.csv", "sub/deno.json"]) {
      assert.equal(outputFile("--out", join(root, name), [], root).path, join(root, name));
    }
  });
});

Deno.test("output: two flags that name one file are noticed", async () => {
  await withFolder(async (folder, read) => {
    const file = (name: string) => outputFile("--out", join(folder, name), []);
    await Deno.link(read, join(folder, "hard.csv"));
    assert.ok(sameOutput(file("new.csv"), file("sub/../new.csv")));
    assert.ok(sameOutput(file("mine.csv"), file("hard.csv")));
    assert.ok(!sameOutput(file("new.csv"), file("new.svg")));
    assert.ok(!sameOutput(file("mine.csv"), file("new.csv")));
  });
});

Deno.test("paths are those of the folder where the command was called", () => {
  const before = Deno.env.get("INIT_CWD");
  try {
    Deno.env.set("INIT_CWD", join(Deno.cwd(), "data"));
    assert.equal(callerPath("my.csv"), join("data", "my.csv"));
    assert.equal(callerPath("../my.csv"), "my.csv");
    assert.equal(callerPath(".."), ".");
    assert.equal(callerPath("/tmp/my.csv"), "/tmp/my.csv");
    Deno.env.set("INIT_CWD", "/tmp");
    assert.equal(resolve(callerPath("my.csv")), "/tmp/my.csv");
    Deno.env.set("INIT_CWD", Deno.cwd());
    assert.equal(callerPath("./my.csv"), "./my.csv");
    Deno.env.delete("INIT_CWD");
    assert.equal(callerPath("./my.csv"), "./my.csv");
  } finally {
    if (before !== undefined) Deno.env.set("INIT_CWD", before);
  }
});
