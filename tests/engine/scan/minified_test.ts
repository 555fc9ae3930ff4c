/** @file Loops in a bundle whose functions were renamed. */
import { build, stop } from "esbuild";
import { tensor } from "../../../lib/engine/mod.ts";
import { assertClose, runJax } from "../oracle.ts";
import { program } from "./minified_program.ts";

Deno.test("loops and gradients survive a minifier", async () => {
  const directory = await Deno.makeTempDir();
  const outfile = `${directory}/program.js`;
  try {
    await build({
      entryPoints: [new URL("./minified_program.ts", import.meta.url).pathname],
      outfile,
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      external: ["@jax-js/jax", "onnxruntime-node", "onnx-proto", "@tensorflow/*"],
    });
    const { run } = await import(`file://${outfile}`);
    const args = [tensor([0.5, -1, 2, 0.25], [2, 2]), tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4, 1])];
    const got = await run(args);
    runJax(program, args, "float64").forEach((want, i) => assertClose(got[i], want, 1e-5, `${i}`));
  } finally {
    await stop();
    await Deno.remove(directory, { recursive: true });
  }
});
