/**
 * @file What the models declare that one sequence of a rollout needs, against the peak memory of real processes: batches are sized
 * by it, so it must not be far too low.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const script = `
import { init } from "@jax-js/jax";
import { toHost } from "./lib/train/host.ts";
import { rollout } from "./lib/train/rollout.ts";
await init("wasm");
const [name, options, batch] = [Deno.args[0], JSON.parse(Deno.args[1]), Number(Deno.args[2])];
const model = await import("./lib/models/" + name + ".ts");
const config = model.configure(options, 2);
const data = Float32Array.from({ length: batch * 128 }, (_, i) => Math.sin(i));
const y = { dtype: "float32", shape: [batch, 64, 2], data };
await rollout(model, config, toHost(model.init(config, 1)), y, 8, { batch });
const peak = Number(/VmHWM:\\s+(\\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))[1]) * 1024;
console.log(JSON.stringify({ peak, declared: model.rolloutBytes(config, 72) }));
Deno.exit(0);
`;

const root = fileURLToPath(new URL("../..", import.meta.url));

async function measure(name: string, options: object, batch: number) {
  // In the root, so that the configuration and the relative imports are the repository's.
  const file = `${root}/.rollout-memory-${crypto.randomUUID()}.ts`;
  await Deno.writeTextFile(file, script);
  try {
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", file, name, JSON.stringify(options), `${batch}`],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout)) as { peak: number; declared: number };
  } finally {
    await Deno.remove(file);
  }
}

for (
  const [name, options, few, many] of [
    ["transformer", { dModel: 64, layers: 2, heads: 4 }, 64, 320],
    ["linear_transformer", { dModel: 64, layers: 2, heads: 4 }, 128, 640],
    ["lstm", { dModel: 128, layers: 2 }, 200, 1600],
    ["lru", { state: 512 }, 200, 1600],
    ["dense_recurrence", { state: 512 }, 200, 1600],
    ["causal_linear", { taps: 256 }, 200, 1600],
  ] as const
) {
  Deno.test({
    name: `${name}: a larger batch of rollouts needs what is declared, by a factor of 0.4 to 1.5`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const small = await measure(name, options, few);
      const large = await measure(name, options, many);
      const each = (large.peak - small.peak) / (many - few);
      assert.ok(
        each < 1.5 * large.declared,
        `${each} bytes a sequence, declared ${large.declared}`,
      );
      assert.ok(
        each > 0.4 * large.declared,
        `${each} bytes a sequence, declared ${large.declared}`,
      );
    },
  });
}
