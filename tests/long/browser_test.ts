/**
 * @file The library in a browser: one file with nothing of Node's, which trains in a real Chromium. Training is skipped where
 * /usr/bin/chromium is absent.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { readSeries } from "../../lib/data/series.ts";
import { compile } from "../../lib/engine/engines/jax.ts";
import { browserModules, type Bundled, bundleForBrowsers } from "../browser/bundle.ts";
import { inChromium, type Seen } from "../browser/page.ts";
import { type Trained, trained } from "../browser/training.ts";
import { CHROMIUM } from "../site/chromium.ts";

const TRAINING = "tests/browser/training.ts";
const modules = [...browserModules(), TRAINING];

let made: Promise<Bundled> | undefined;
/** The library, and the training that the tests make with it. */
const bundled = () => made ??= bundleForBrowsers(modules);

/** Compressed with gzip, as servers send it. */
const MOST_BYTES = 350_000;

Deno.test("a bundle for browsers reaches nothing of Node's and no native package, and is small", async () => {
  const { text, inputs, builtins } = await bundled();
  const read = new Set(inputs.map(({ path }) => path));
  assert.deepEqual(modules.filter((path) => !read.has(path)), []);
  assert.deepEqual(builtins, []);
  assert.deepEqual([...read].filter((path) => /onnx|tensorflow|tfjs|duckdb/.test(path)), []);
  const globals = text.match(/(?<![.\w$])(Deno|process|Buffer)\..{0,60}/g);
  assert.equal(globals, null);

  const gzip = gzipSync(text, { level: 9 }).length;
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
  console.log(
    `the library for browsers: ${kilobytes(text.length)}, ${kilobytes(gzip)} with gzip, ` +
      `${kilobytes(brotliCompressSync(text).length)} with brotli`,
  );
  const largest = inputs.slice(0, 15).map(({ path, bytes }) => `${path}: ${kilobytes(bytes)}`);
  assert.ok(
    gzip < MOST_BYTES,
    `${gzip} bytes with gzip; largest before compression:\n${largest.join("\n")}`,
  );
});

let own: Promise<Trained> | undefined;
/** What Deno finds on WebAssembly. */
const inDeno = () => own ??= trained(compile);

async function trainedInChromium(
  engine: "jax" | "jax_webgpu",
  how: Parameters<typeof inChromium>[2],
): Promise<Seen | undefined> {
  const at = (path: string) => `library.m${modules.indexOf(path)}`;
  const compile = `${at(`lib/engine/engines/${engine}.ts`)}.compile`;
  const { text } = await bundled();
  return await inChromium(text, `(library) => ${at(TRAINING)}.trained(${compile})`, how);
}

function assertLearned({ losses, gapClosed, problems, workers, isolated }: Seen) {
  assert.deepEqual(problems, []);
  assert.equal(workers, 0);
  assert.equal(isolated, false);
  assert.equal(losses.length, 20);
  assert.ok(losses.every(Number.isFinite), `${losses}`);
  const last = losses.slice(-5).reduce((sum, loss) => sum + loss) / 5;
  assert.ok(last < 0.85 * losses[0], `from ${losses[0]} to ${last}`);
  assert.ok(gapClosed > 0.5 && gapClosed < 1, `gap closed: ${gapClosed}`);
}

const chromium = { ignore: !existsSync(CHROMIUM), sanitizeOps: false, sanitizeResources: false };

Deno.test({
  ...chromium,
  name: "in Chromium, on WebAssembly and one thread, training gives the bits that it gives in Deno",
  async fn() {
    const seen = await trainedInChromium("jax", { graphics: ["--disable-gpu"], needs: "true" });
    assertLearned(seen!);
    assert.equal(seen!.submissions, 0);
    const { losses, gapClosed } = await inDeno();
    assert.deepEqual(seen!.losses, losses);
    assert.equal(seen!.gapClosed, gapClosed);
  },
});

Deno.test({
  ...chromium,
  name: "in Chromium, a file is read as it is in Deno, with its zone and its decimal commas",
  async fn() {
    const { text } = await bundled();
    const read = `library.m${modules.indexOf("lib/mod.ts")}.readSeries`;
    const rows = ["01:00;1,5", "02:00;2,5", "02:00;\u22123,25", "03:00;4"];
    const file = "date;kälte\n" + rows.map((row) => `27.10.2024 ${row}`).join("\n");
    const bytes = [...new TextEncoder().encode(file)];
    const options = { zone: "Europe/Berlin" };
    const seen = await inChromium<
      { how: string; notes: string[]; dates: number[]; values: number[] }
    >(
      text,
      `(library) => {
        const series = ${read}(Uint8Array.from(${JSON.stringify(bytes)}), "f.csv", ${
        JSON.stringify(options)
      });
        return {
          how: series.how,
          notes: series.notes,
          dates: [...series.dates],
          values: [...series.channels[0]],
        };
      }`,
      { graphics: ["--disable-gpu"], needs: "typeof Temporal === 'object'" },
    );
    if (!seen) return console.log("skipped: this Chromium has no Temporal");
    const series = readSeries(Uint8Array.from(bytes), "f.csv", options);
    assert.deepEqual(seen.problems, []);
    assert.deepEqual([seen.how, seen.notes], [series.how, series.notes]);
    assert.deepEqual(seen.dates, [...series.dates!]);
    assert.deepEqual(seen.values, [1.5, 2.5, -3.25, 4]);
    assert.equal(seen.dates[2] - seen.dates[1], 3_600_000);
  },
});

Deno.test({
  ...chromium,
  name: "in Chromium, on WebGPU, training agrees with WebAssembly to 1e-4",
  async fn() {
    const seen = await trainedInChromium("jax_webgpu", {
      graphics: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
      needs: "navigator.gpu?.requestAdapter().then(Boolean)",
    });
    if (!seen) return console.log("skipped: this Chromium has no WebGPU adapter");
    assertLearned(seen);
    assert.ok(seen.submissions >= 20, `${seen.submissions} submissions to the GPU`);
    const { losses, gapClosed } = await inDeno();
    seen.losses.forEach((loss, step) => {
      assert.ok(Math.abs(loss / losses[step] - 1) < 1e-4, `step ${step}: ${loss}, ${losses[step]}`);
    });
    assert.ok(Math.abs(seen.gapClosed - gapClosed) < 1e-3, `${seen.gapClosed}, ${gapClosed}`);
  },
});
