/** @file Whether memory grows over many steps on the GPU: the process's own, and the card's where NVIDIA's tool tells. */
import type { numpy as np } from "@jax-js/jax";
import { compile, type Handle, tensor } from "../../../lib/engine/mod.ts";

const engine = "ort-webgpu" as const;
const mebibytes = 1;

/** MiB in use on the card; `undefined` where there is none of NVIDIA's. */
async function onTheCard(): Promise<number | undefined> {
  try {
    const args = ["--query-gpu=memory.used", "--format=csv,noheader,nounits"];
    const { stdout } = await new Deno.Command("nvidia-smi", { args }).output();
    return Number(new TextDecoder().decode(stdout).trim());
  } catch {
    return undefined;
  }
}

const resident = () => Deno.memoryUsage().rss / 2 ** 20;

/** What grows over 1,000 steps of a state of 1 MiB, and whether keeping results is seen. */
export async function memory(say: (line: string) => void): Promise<string[]> {
  const problems: string[] = [];
  const x = tensor(0, [mebibytes * 2 ** 18]);
  const program = await compile((x: np.Array, by: np.Array) => x.add(by), [x, tensor(1)], {
    engine,
    deviceOnly: true,
  });
  let state: Handle = await program.run(x, tensor(1));
  const kept: Handle[] = []; // so that no garbage collector can free them
  const step = async () => {
    const next: Handle = await program.run(state, tensor(1));
    state.dispose();
    kept.push(state);
    state = next;
  };
  for (let k = 0; k < 100; k++) await step();
  await state.read();
  const before = { host: resident(), card: await onTheCard() };
  for (let k = 100; k < 1000; k++) await step();
  const { data } = await state.read();
  const after = { host: resident(), card: await onTheCard() };
  say(`resident ${before.host} to ${after.host} MiB, card ${before.card} to ${after.card} MiB`);
  if (data.some((value) => value !== 1001)) problems.push(`1,001 additions give ${data[0]}`);
  const most = 100 * mebibytes; // 900 results would be nine times as much
  if (after.host - before.host > most) problems.push(`${after.host - before.host} MiB more`);
  if (after.card! - before.card! > most) {
    problems.push(`${after.card! - before.card!} MiB more on the card`);
  }
  const results: Handle[] = [];
  for (let k = 0; k < 200; k++) results.push(await program.run(x, tensor(1)));
  await results.at(-1)!.read();
  const full = { host: resident(), card: await onTheCard() };
  say(`with 200 results kept: resident ${full.host} MiB, card ${full.card} MiB`);
  // On a software adapter both are one memory.
  const seen = Math.max(full.host - after.host, (full.card ?? 0) - (after.card ?? 0));
  if (seen < 150 * mebibytes) problems.push(`200 results that are kept show as ${seen} MiB only`);
  for (const result of results) result.dispose();
  await program.close();
  return problems;
}
