/** @file What a stage returns, as files, and how another stage reads them. */
import assert from "node:assert/strict";
import {
  type ArtifactSource,
  readerAsync,
  readerSync,
  storeResult,
} from "../../../pipeline/store/artifact.ts";
import { Objects } from "../../../pipeline/store/objects.ts";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";
import { scratch } from "./helpers.ts";

function storing() {
  const store = scratch();
  const objects = new Objects(store.dir);
  return {
    objects,
    store: (result: unknown) => storeResult(objects, result as never),
    text: (hash: string) => new TextDecoder().decode(objects.read(hash, "x")),
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

Deno.test("text, bytes, JSON and tensors each become the bytes of their format", () => {
  using at = storing();
  const { files, scalars } = at.store({
    files: {
      "z.txt": "é",
      "b.bin": Uint8Array.of(0, 255),
      "a.json": { json: { x: [1, null] } },
      "t.safetensors": { tensors: { w: { dtype: "bool", shape: [1], data: Int32Array.of(1) } } },
    },
  });
  assert.deepEqual(files.map(({ name }) => name), ["a.json", "b.bin", "t.safetensors", "z.txt"]);
  const [json, binary, tensors, text] = files;
  assert.equal(at.text(json.sha256), '{\n "x": [\n  1,\n  null\n ]\n}\n');
  assert.deepEqual([...at.objects.read(binary.sha256, "x")], [0, 255]);
  assert.equal(at.text(text.sha256), "é");
  assert.deepEqual([text.bytes, binary.bytes], [2, 2], "bytes, not characters");
  assert.equal(at.objects.read(tensors.sha256, "x").length, tensors.bytes);
  assert.deepEqual(scalars, {});
});

Deno.test("a file's name is letters, digits and a few signs, and does not begin with a sign", () => {
  using at = storing();
  const store = (name: string) => at.store({ files: { [name]: "x" } });
  for (const good of ["a", "_", "9", "a.b", "a=1", "a-b", "Ab_9.-="]) store(good);
  for (const bad of ["", ".a", "-a", "=a", "a b", "a/b", "../a", "a\n", "é", "a:b"]) {
    assert.throws(() => store(bad), /cannot name a file of an artifact: use letters/, bad);
  }
});

Deno.test("files and scalars are in the order of their names, as they come from the catalogue", async () => {
  using at = storing();
  const names = ["b", "a-1", "a", "a+b", "B"];
  const result = at.store({
    files: Object.fromEntries(names.map((name) => [name.replace("+", "."), "x"])),
    scalars: Object.fromEntries(names.map((name, i) => [name, i])),
  });
  const expected = ["B", "a", "a+b", "a-1", "b"];
  assert.deepEqual(Object.keys(result.scalars), expected);
  const catalog = await Catalog.open(at.objects.dir);
  await catalog.commit(RUN, [doneJob("k", { artifact: result })]);
  const stored = await catalog.artifact("k");
  await catalog.close();
  assert.deepEqual(Object.keys(stored.scalars), expected);
  assert.deepEqual(stored.files, result.files);
});

Deno.test("scalars are numbers, of any kind", () => {
  using at = storing();
  const odd = { nan: NaN, up: Infinity, down: -Infinity, zero: -0, one: 1 };
  assert.deepEqual(at.store({ files: {}, scalars: odd }).scalars, odd);
  for (const bad of ["1", null, true, [1], 1n]) {
    const print = () => at.store({ files: {}, scalars: { good: 1, bad } });
    assert.throws(
      print,
      typeof bad === "bigint" ? /BigInt/ : /^Error: Scalar "bad" is .*; a scalar/,
    );
  }
});

Deno.test("what is no result, and what is no file, is refused", () => {
  using at = storing();
  const notResult = /run must return \{ files, scalars\? \}, not/;
  for (const bad of [undefined, null, 3, {}, { files: null }, { files: "a" }]) {
    assert.throws(() => at.store(bad), notResult, JSON.stringify(bad));
  }
  for (const bad of [undefined, null, 3, true, [], {}, { text: "x" }]) {
    assert.throws(
      () => at.store({ files: { a: bad } }),
      /^Error: File "a" must be bytes, text, \{ tensors \} or \{ json \}\.$/,
      JSON.stringify(bad),
    );
  }
  assert.deepEqual(at.store({ files: {} }).files, []);
});

const encoded = (text: string) => new TextEncoder().encode(text);

function reader(contents: Record<string, string | Uint8Array>, scalars = {}) {
  const files = Object.keys(contents).map((name) => ({ name, sha256: `h-${name}`, bytes: 1 }));
  const source: ArtifactSource = { files, scalars };
  return readerSync(source, ({ name, sha256 }) => {
    assert.equal(sha256, `h-${name}`);
    const content = contents[name];
    return typeof content === "string" ? encoded(content) : content;
  }, "Input data of e/fit");
}

Deno.test("a reader gives each file by name, as bytes, text, JSON and tensors", () => {
  using at = storing();
  const w = { dtype: "float32" as const, shape: [2], data: Float32Array.of(1, NaN) };
  const { files } = at.store({ files: { t: { tensors: { w } } } });
  const read = reader({
    "a.txt": "é",
    "b.json": '{"x":1}',
    t: at.objects.read(files[0].sha256, "t"),
  }, { loss: 2 });
  assert.deepEqual(read.files, ["a.txt", "b.json", "t"]);
  assert.deepEqual(read.scalars, { loss: 2 });
  assert.equal(read.text("a.txt"), "é");
  assert.deepEqual(read.bytes("a.txt"), encoded("é"));
  assert.deepEqual(read.json("b.json"), { x: 1 });
  assert.deepEqual(read.tensors("t"), { w });
});

Deno.test("a file that an artifact has not is an error that lists those it has", async () => {
  assert.throws(
    () => reader({ a: "", b: "" }).bytes("c"),
    /^Error: Input data of e\/fit has no file "c"; its files: a, b\.$/,
  );
  assert.throws(() => reader({}).text("c"), /its files: none\./);
  // Awaited, it rejects and does not throw.
  const awaited = readerAsync(reader({ a: "1" }));
  for (const how of ["bytes", "text", "json", "tensors"] as const) {
    const promise = awaited[how]("c");
    await assert.rejects(promise, /has no file "c"/, how);
  }
});

Deno.test("what is awaited is what is read at once", async () => {
  const sync = reader({ a: "[1]" }, { s: 1 });
  const awaited = readerAsync(sync);
  assert.deepEqual([awaited.files, awaited.scalars], [["a"], { s: 1 }]);
  assert.deepEqual(await awaited.bytes("a"), encoded("[1]"));
  assert.equal(await awaited.text("a"), "[1]");
  assert.deepEqual(await awaited.json("a"), [1]);
  await assert.rejects(awaited.tensors("a"), /Not a safetensors file: 3 bytes are too few/);
});
