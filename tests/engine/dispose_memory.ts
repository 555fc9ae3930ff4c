/** @file Prints by how many MiB the process grows over 20 results that are kept, and 20 that are disposed of. */
import type { numpy as np } from "@jax-js/jax";
import { compile, type Handle, tensor } from "../../lib/engine/mod.ts";

const each = 8;
const x = tensor(0, [each * 2 ** 18]);
const program = await compile((x: np.Array) => x.add(1), [x]);
const handles: Handle[] = [await program.run(x)];

async function growth(use: (handle: Handle) => void): Promise<number> {
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < 20; i++) {
    const handle: Handle = await program.run(x);
    use(handle);
    handles.push(handle); // so that no garbage collector can free it
  }
  return (Deno.memoryUsage().rss - before) / 2 ** 20;
}

const disposed = await growth((handle) => handle.dispose());
const kept = await growth(() => {});
console.log(JSON.stringify({ each, disposed, kept, handles: handles.length }));
Deno.exit(0);
