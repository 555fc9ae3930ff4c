/**
 * @file Random small programs give equal results on engine `ort` and in jax-js.
 *
 * The reference is jax-js's interpreter in float64 (its exp, log and sin are those of `Math`), so a difference
 * is float32 rounding on our side or a bug. The programs keep their values near 1 and have at most 25
 * operations over at most some hundred elements: rounding then stays below 1e-5 of a tensor's norm, also
 * after the cancellations of a gradient, while one wrong element of a hundred is off by 1e-1. The bound
 * between the two is 1e-4 of the norm, with a floor for tensors that are zero but for rounding.
 */
import { init } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad } from "../../../lib/engine/gradient.ts";
import type { EngineName, Tensor } from "../../../lib/engine/mod.ts";
import { nativeTfjs } from "../../engine/native_tfjs.ts";
import { generator, randomTensor, runEngine, runJax } from "../../engine/oracle.ts";
import { listing, type RandomProgram, withGradients } from "../../engine/random_program.ts";
import { randomProgram, randomProgramWithLoops } from "../../engine/random_steps.ts";

await init("wasm");

/** Compares programs on engine `ort` with jax-js, and fails with the listings of those that differ. */
async function compareAll(
  count: number,
  programOf: (seed: number) => RandomProgram,
  run: (program: RandomProgram, args: Tensor[]) => Promise<void>,
) {
  const failures: string[] = [];
  for (let seed = 0; seed < count; seed++) {
    const program = programOf(seed);
    const random = generator(seed);
    try {
      await run(program, program.inputs.map((shape) => randomTensor(random, shape)));
    } catch (error) {
      failures.push(`${listing(seed, program)}\n${error}`);
    }
  }
  const shown = failures.slice(0, 3).join("\n\n");
  assert.equal(failures.length, 0, `${failures.length} failed\n${shown}`);
}

const norm = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((s, v) => s + v * v, 0));

/** |got - want| <= tolerance * max(|want|, floor), tensor by tensor. */
function assertEqualByNorm(
  got: readonly Tensor[],
  want: readonly Tensor[],
  tolerance = 1e-4,
) {
  assert.equal(got.length, want.length);
  want.forEach((b, i) => {
    const a = got[i];
    assert.deepEqual([...a.shape], [...b.shape], `output ${i}: shape`);
    const difference = norm(Array.from(a.data, (x, k) => x - b.data[k]));
    const limit = tolerance * Math.max(norm(b.data), 1e-2 * Math.sqrt(b.data.length));
    assert.ok(difference <= limit, `output ${i} is off by ${difference}, allowed ${limit}`);
  });
}

Deno.test("random programs give equal results on ort and in jax-js", async () => {
  await compareAll(250, randomProgram, async (program, args) => {
    const fn = withGradients(program);
    assertEqualByNorm(await runEngine(fn, args), runJax(fn, args, "float64"));
  });
});

Deno.test("random programs with loops, and their gradients, agree with jax-js on the unrolled program", async () => {
  await compareAll(100, randomProgramWithLoops, async (program, args) => {
    const fn = withGradients(program, grad);
    assertEqualByNorm(await runEngine(fn, args), runJax(fn, args, "float64"));
  });
});

for (const engine of ["tfjs", ...nativeTfjs] satisfies EngineName[]) {
  Deno.test(`random programs with loops, driven from the host on ${engine}`, async () => {
    await compareAll(30, randomProgramWithLoops, async (program, args) => {
      const fn = withGradients(program, grad);
      assertEqualByNorm(await runEngine(fn, args, engine), runJax(fn, args, "float64"));
    });
  });
}
