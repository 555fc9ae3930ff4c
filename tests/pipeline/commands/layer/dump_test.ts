/** @file `deno task layer`, in a process of its own with the permissions of its task where that could matter. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { main } from "../../../../pipeline/commands/layer/layer.ts";
import { USAGE } from "../../../../pipeline/commands/layer/options.ts";
import { decodeTensors } from "../../../../pipeline/store/safetensors.ts";
import { metadataOf } from "../../../../pipeline/store/safetensors_metadata.ts";
import type { Tensor } from "../../../../lib/tensor/tensor.ts";
import { assertClose } from "../../../engine/oracle.ts";
import { type Affine, attention, dot, rowsOf, type Vector } from "../../../layers/definitions.ts";
import { called } from "../called.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const folder = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const layer = (...args: string[]) => called({ help: USAGE, main }, args);

async function layerProcess(...args: string[]) {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  const [, run, ...words] = tasks.layer.split(" ");
  const child = new Deno.Command(Deno.execPath(), {
    args: [run, "--no-prompt", "--quiet", ...words, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

let files = 0;
async function dumped(...args: string[]) {
  return await dumpedBy(layer, ...args);
}

async function dumpedBy(run: typeof layer, ...args: string[]) {
  const file = `${folder}/${files++}.safetensors`;
  const { code, stdout, stderr } = await run(...args, "--dump", file);
  assert.equal(code, 0, stderr);
  const bytes = Deno.readFileSync(file);
  return { bytes, stdout, tensors: decodeTensors(bytes), metadata: metadataOf(bytes) };
}

const shapes = (tensors: Record<string, Tensor>) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape }]) => [name, `${dtype} ${shape}`] as const)
      .sort(),
  );

const affineOf = (tensors: Record<string, Tensor>, name: string): Affine => ({
  weight: tensors[`${name}.weight`],
  bias: tensors[`${name}.bias`],
});

Deno.test("every layer of the folder is listed, with and without --help", async () => {
  const names = [...Deno.readDirSync(`${ROOT}lib/layers/sequence`)].map(({ name }) => name)
    .filter((name) => !["forms.ts", "sequence_layer.ts"].includes(name));
  const [plain, help] = [await layer(), await layerProcess("--help")];
  assert.deepEqual([plain.code, help.code, help.stdout], [0, 0, plain.stdout]);
  for (const name of names) {
    assert.match(plain.stdout, new RegExp(`^${name.slice(0, -3)}: .+`, "m"), name);
  }
});

Deno.test("a file has names, shapes and numbers that are the layer's equations", async () => {
  const { tensors, metadata } = await dumped(
    ...["softmax_attention", "--batch", "3", "--length", "5", "--width", "12", "--seed", "4"],
    ...["--options", '{"heads":3}'],
  );
  const affine = ["key", "output", "query", "value"].flatMap((name) => [
    [`params.${name}.bias`, "float64 12"],
    [`params.${name}.weight`, "float64 12,12"],
  ]);
  const state = ["parallel.state", "state"].flatMap((name) => [
    [`${name}.keys`, "float64 3,3,4,5"],
    [`${name}.position`, "int32 "],
    [`${name}.values`, "float64 3,3,4,5"],
  ]);
  const tokens = ["parallel.y", "x", "y"].map((name) => [name, "float64 3,5,12"]);
  const wanted = Object.fromEntries([...affine, ...state, ...tokens].sort());
  assert.deepEqual(shapes(tensors), wanted);
  const params = {
    query: affineOf(tensors, "params.query"),
    key: affineOf(tensors, "params.key"),
    value: affineOf(tensors, "params.value"),
    output: affineOf(tensors, "params.output"),
  };
  for (const name of ["y", "parallel.y"]) {
    for (let b = 0; b < 3; b++) {
      const { output } = attention(params, rowsOf(tensors.x, b), 3);
      const got = rowsOf(tensors[name], b).flat();
      output.flat().forEach((v, i) => assert.ok(Math.abs(v - got[i]) < 1e-12, `${name} ${b} ${i}`));
    }
  }
  const { commit, forms_difference: _, ...rest } = metadata;
  assert.deepEqual(rest, {
    layer: "softmax_attention",
    options: '{"heads":3}',
    config: '{"width":12,"heads":3}',
    dtype: "float64",
    engine: "ort",
    seed: "4",
    perturbation: "0.05",
    forms: "recurrent, parallel",
  });
  assert.match(commit, /^([0-9a-f]{40}(-dirty)?|none)$/);
});

Deno.test("a map that starts at zero is moved, and where ONNX Runtime has no float64 it is that too", async () => {
  // A convolution at this size; C and D are zero at the start.
  const { tensors, metadata, stdout } = await dumped(
    ...["dense_recurrence", "--width", "3", "--options", '{"state":4}', "--length", "6"],
  );
  assert.equal(metadata.forms, "recurrent, parallel");
  const matrix = (name: string) => {
    const { shape: [rows, columns], data } = tensors[`params.${name}`];
    assert.ok(data.every((v) => v !== 0 && Math.fround(v) !== v), name);
    return Array.from(
      { length: rows },
      (_, i) => Array.from(data.slice(i * columns, (i + 1) * columns)),
    );
  };
  const [A, B, C, D] = ["a", "b", "c", "d"].map(matrix);
  const times = (m: Vector[], x: Vector) => m.map((row) => dot(row, x));
  const plus = (x: Vector, y: Vector) => x.map((v, i) => v + y[i]);
  const states: Vector[] = [];
  const y = [0, 1].flatMap((b) => {
    let h: Vector = [0, 0, 0, 0];
    const rows = rowsOf(tensors.x, b).map((x) => {
      h = plus(times(A, h), times(B, x));
      return plus(times(C, h), times(D, x));
    });
    states.push(h);
    return rows;
  });
  for (const form of ["", "parallel."]) {
    const want = { ...tensors.y, data: Float64Array.from(y.flat()) };
    assertClose(tensors[`${form}y`], want, 1e-13, `${form}y`);
    const state = { ...tensors.state, data: Float64Array.from(states.flat()) };
    assertClose(tensors[`${form}state`], state, 1e-13, `${form}state`);
  }
  const difference = Math.max(
    ...["y", "state"].flatMap((name) =>
      Array.from(
        tensors[name].data,
        (v, i) => Math.abs(v - tensors[`parallel.${name}`].data[i]),
      )
    ),
  );
  assert.ok(difference > 0);
  assert.equal(Number(metadata.forms_difference), difference);
  assert.ok(stdout.includes(`largest difference ${difference.toExponential(1)}`), stdout);
});

Deno.test("the same words give the same bytes, another seed others; float32 is near float64", async () => {
  const words = ["gru", "--length", "4", "--width", "3"];
  const [first, again, other, single, jax] = [
    await dumped(...words),
    await dumpedBy(layerProcess, ...words),
    await dumped(...words, "--seed", "1"),
    await dumped(...words, "--dtype", "float32"),
    await dumped(...words, "--dtype", "float32", "--engine", "jax"),
  ];
  assert.deepEqual(again.bytes, first.bytes);
  for (const [name, { data }] of Object.entries(first.tensors)) {
    const moved = Array.from(data, (v, i) => Math.abs(v - other.tensors[name].data[i]));
    assert.ok(moved.every((v) => v > 0), name);
    // More than the perturbation alone could: what `init` drew is another one, too.
    if (name.endsWith("weight")) assert.ok(Math.max(...moved) > 0.1, name);
    for (const near of [single, jax]) {
      assert.equal(near.tensors[name].dtype, "float32");
      const widened = { ...near.tensors[name], data: Float64Array.from(near.tensors[name].data) };
      assertClose(widened, first.tensors[name], 2e-6, name);
    }
  }
  assert.deepEqual([single.metadata.engine, jax.metadata.engine], ["ort", "jax"]);
  assert.equal(first.metadata.forms, "recurrent");
  assert.equal(first.metadata.forms_difference, undefined);
});

const refused: [string[], RegExp][] = [
  [["lsm"], /^error: there is no layer "lsm"; lib\/layers\/sequence has .*\blstm, /],
  [["forms"], /^error: there is no layer "forms"/],
  [["gru", "lstm"], /^error: expected the name of one layer, got gru, lstm\./],
  [[], /^error: expected the name of one layer, got none\./],
  [["gru", "--bogus", "1"], /^error: Unknown option --bogus\. Nearest: /],
  [["gru", "--length", "0"], /^error: --length 0: expected a whole number of at least 1\./],
  [["gru", "--batch", "1.5"], /^error: --batch 1\.5: expected a whole number/],
  [["gru", "--width", ""], /^error: --width : expected a whole number/],
  [["gru", "--seed=-1"], /^error: --seed -1: expected a whole number of at least 0\./],
  [["gru", "--dtype", "float16"], /^error: --dtype float16: expected float32 or float64\./],
  [["gru", "--engine", "or"], /^error: --engine or: no such engine; there are ort, /],
  [["gru", "--engine", "jax"], /^error: --engine jax: only ort computes in float64/],
  [["lru", "--options", "{state: 5}"], /^error: --options \{state: 5\}: no JSON .*heads/],
  [["lru", "--options", '{"state":0}'], /^error: lru options: state = 0: /],
  [["softmax_attention", "--width", "12"], /^error: softmax_attention options: heads = 4: .* 12 /],
];
for (const [args, message] of refused) {
  Deno.test(`refused, and nothing is written: layer ${args.join(" ")}`, async () => {
    const file = `${folder}/refused.safetensors`;
    const run = args.length === 0 ? layerProcess : layer;
    const { code, stdout, stderr } = await run(...args, "--dump", file);
    assert.match(stderr, message);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.deepEqual([...Deno.readDirSync(folder)].filter(({ name }) => /refused/.test(name)), []);
  });
}

Deno.test("a file that cannot be written is an error of one line; without --dump nothing is computed", async () => {
  Deno.writeTextFileSync(`${folder}/file`, "");
  const { code, stderr } = await layer("gru", "--length", "1", "--dump", `${folder}/file/below`);
  assert.equal(code, 1);
  assert.match(stderr, /^error: .*file.*\n$/);
  const without = await layer("gru");
  assert.equal(without.code, 1);
  assert.match(without.stderr, /^error: --dump FILE\.safetensors is missing\./);
});

Deno.test("the code of a layer is not written over, by whatever name", async () => {
  const code = `${ROOT}lib/layers/sequence/gru.ts`;
  const before = Deno.readTextFileSync(code);
  Deno.symlinkSync(code, `${folder}/link`);
  for (const name of ["lib/layers/sequence/gru.ts", `${folder}/link`]) {
    const { code, stderr } = await layer("gru", "--length", "1", "--dump", name);
    assert.equal(code, 1);
    assert.ok(stderr.startsWith(`error: --dump ${name}: this is the file `), stderr);
  }
  const other = await layer("gru", "--length", "1", "--dump", "lib/mod.ts");
  assert.match(other.stderr, /^error: --dump lib\/mod\.ts: lib\/mod\.ts belongs to the program/);
  assert.equal(Deno.readTextFileSync(code), before);
  const twice = await layer("gru", "--dump", `${folder}/a`, "--dump", `${folder}/b`);
  assert.match(twice.stderr, /^error: --dump is given twice/);
});
