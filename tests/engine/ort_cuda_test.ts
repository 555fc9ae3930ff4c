/** @file `ort-cuda` where ONNX Runtime's CUDA provider is not installed: the message says which files are missing, and where. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { compile, tensor } from "../../lib/engine/mod.ts";

const root = join(dirname(fileURLToPath(import.meta.resolve("onnxruntime-node"))), "..");
const folder = join(root, "bin/napi-v6", process.platform, process.arch);
const installed = existsSync(join(folder, "libonnxruntime_providers_cuda.so"));

Deno.test({
  name:
    "without its provider ort-cuda names the files, the package and the folder that onnxruntime-node's own installer has",
  ignore: installed || process.platform !== "linux" || process.arch !== "x64",
  fn: async () => {
    const require = createRequire(join(root, "script/install-metadata.js"));
    const { manifests, packages } = require("./install-metadata.js");
    const files = Object.entries(manifests["linux/x64:cuda12"]) as [string, { package: string }][];
    const [{ name, versions: [{ version }] }] = files.map(([, file]) => packages[file.package]);
    const error: Error = await compile((x) => x.mul(2), [tensor([1])], { engine: "ort-cuda" }).then(
      () => assert.fail("it opened"),
      (error) => error,
    );
    for (const [file] of files) {
      const wanted = /providers_(cuda|shared)/.test(file);
      assert.equal(error.message.includes(file.replace("./", "")), wanted, file);
    }
    assert.match(error.message, /engine "ort-cuda" needs .*; or use engine "ort-webgpu" or "ort"/);
    for (const part of [`${name} ${version} into ${folder}/,`, "CUDA 12"]) {
      assert.ok(error.message.includes(part), `${part}: ${error.message}`);
    }
  },
});
