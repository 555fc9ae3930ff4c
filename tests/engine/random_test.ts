/**
 * @file Random numbers with traced keys, shifts and bitcasts, bit by bit against jax-js and against threefry written
 * out here, on every engine that has them.
 */
import { grad, init, lax, numpy as np, random, vmap } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile, sizeOf, type Tensor, tensor } from "../../lib/engine/mod.ts";
import { scan } from "../../lib/engine/scan.ts";
import { assertClose, generator, leaves, runEngine, runJax } from "./oracle.ts";
import { nativeTfjs } from "./native_tfjs.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
type A = np.Array;

await init("wasm");

const engines = ["ort", "tfjs", ...nativeTfjs] as const;
const end = 2 ** 32;
const pairs = [[0, 0], [0, 1], [end - 1, end - 1], [0x13198a2e, 0x03707344], [1 << 30, end / 2]];
const keys = pairs.map((words) => tensor(words, [2], "uint32"));
const shapes = [[], [1], [7], [3, 5], [2, 1, 3], [257], [0], [2, 0]];

/** The 32 bits of every element, whatever the dtype. */
const bitsOf = (
  { data }: Tensor,
) => [...new Uint32Array(data.buffer, data.byteOffset, data.length)];

function assertSameBits(got: Tensor, want: Tensor, what: string): void {
  assert.deepEqual([got.dtype, [...got.shape]], [want.dtype, [...want.shape]], what);
  const [a, b] = [bitsOf(got), bitsOf(want)];
  const at = a.findIndex((x, i) => x !== b[i]);
  assert.equal(at, -1, `${what}: element ${at} is ${got.data[at]}, expected ${want.data[at]}`);
}

/** Threefry-2x32-20 as Salmon et al. (2011) print it, on integers that cannot overflow. */
function threefry(key: readonly number[], counter: readonly number[]): [number, number] {
  const word = (x: bigint) => x & 0xffffffffn;
  const k = [...key.map(BigInt), 0n];
  k[2] = k[0] ^ k[1] ^ 0x1bd11bdan;
  let [x, y] = counter.map((c, i) => word(BigInt(c) + k[i]));
  const by = [13n, 15n, 26n, 6n, 17n, 29n, 16n, 24n];
  for (let round = 0; round < 20; round++) {
    x = word(x + y);
    y = word(y << by[round % 8] | y >> (32n - by[round % 8])) ^ x;
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    x = word(x + k[injection % 3]);
    y = word(y + k[(injection + 1) % 3] + BigInt(injection));
  }
  return [Number(x), Number(y)];
}

const drawn = (key: readonly number[], count: number) =>
  Array.from({ length: count }, (_, i) => {
    const [x, y] = threefry(key, [0, i]);
    return (x ^ y) >>> 0;
  });

/** 23 bits as the mantissa of a number in [1, 2), less 1. */
const uniformOf = (bits: number) => (bits >>> 9) / 2 ** 23;

Deno.test("threefry written out here gives the published answers", () => {
  const answers: [number[], number[], number[]][] = [
    [[0, 0], [0, 0], [0x6b200159, 0x99ba4efe]],
    [[end - 1, end - 1], [end - 1, end - 1], [0x1cb996fc, 0xbb002be7]],
    [[0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3], [0xc4923a9c, 0x483df7a0]],
  ];
  for (const [key, counter, want] of answers) assert.deepEqual(threefry(key, counter), want);
});

for (const engine of engines) {
  /** What a program gives for every key, and what jax-js gives. */
  const each = async (
    fn: (key: A, ...rest: A[]) => Any,
    check: (got: Tensor[], want: Tensor[], key: Tensor) => void,
    rest: readonly Tensor[] = [],
  ): Promise<void> => {
    const program = await compile(fn, [keys[0], ...rest], { engine });
    for (const key of keys) {
      const results = leaves(await program.run(key, ...rest));
      const got = await Promise.all(results.map((h) => h.read()));
      check(got, runJax(fn, [key, ...rest]), key);
    }
    await program.close();
  };
  const same = (what: string) => (got: Tensor[], want: Tensor[], key: Tensor) => {
    assert.equal(got.length, want.length);
    got.forEach((g, k) => assertSameBits(g, want[k], `${what} of key ${key.data}`));
  };

  Deno.test(`${engine}: bits are threefry's`, async () => {
    for (const shape of shapes) {
      await each((key) => random.bits(key, shape), (got, want, key) => {
        same(`bits [${shape}]`)(got, want, key);
        assert.deepEqual([...got[0].data], drawn([...key.data], sizeOf(shape)));
      });
    }
  });

  Deno.test(`${engine}: a key splits into both words of its blocks`, async () => {
    for (const num of [1, 2, 5, [2, 3]]) {
      await each((key) => random.split(key, num), (got, want, key) => {
        same(`split ${num}`)(got, want, key);
        const blocks = Array.from({ length: got[0].data.length / 2 }, (_, i) => [0, i]);
        assert.deepEqual([...got[0].data], blocks.flatMap((c) => threefry([...key.data], c)));
      });
    }
  });

  Deno.test(`${engine}: uniform, bernoulli and randint are jax-js's to the last bit`, async () => {
    for (const shape of shapes) {
      await each((key) => random.uniform(key, shape), (got, want, key) => {
        same(`uniform [${shape}]`)(got, want, key);
        const bits = drawn([...key.data], sizeOf(shape));
        assert.deepEqual([...got[0].data], bits.map(uniformOf));
      });
      await each((key) => random.bernoulli(key, 0.3, shape), same(`bernoulli [${shape}]`));
      const range = { minval: -3, maxval: 50, shape };
      await each((key) => random.randint(key, range), same(`randint [${shape}]`));
    }
    const wide = { minval: 5, maxval: end - 5, shape: [33], dtype: "uint32" } as const;
    await each((key) => random.randint(key, wide as Any), same("randint over nearly all words"));
    const p = tensor([0, 0.25, 1], [3]);
    await each((key, p) => random.bernoulli(key, p, [40, 3]), same("bernoulli of an array"), [p]);
  });

  Deno.test(`${engine}: categorical draws jax-js's categories`, async () => {
    const logits = tensor([1, -1, 0, 2, -Infinity, 3, 0, 0, 0, 0, 0, 0], [3, 4]);
    await each((key, x) => random.categorical(key, x), same("categorical"), [logits]);
    const options = { axis: 0, shape: [9, 4] };
    await each((key, x) => random.categorical(key, x, options), same("categorical, 9"), [logits]);
  });

  Deno.test(`${engine}: normal numbers are those of Box and Muller`, async () => {
    await each((key) => random.normal(key, [501]), ([got], [want], key) => {
      const [u, v] = [0, 1].map((i) => drawn(threefry([...key.data], [0, i]), 501).map(uniformOf));
      const exact = u.map((x, i) => Math.sqrt(-2 * Math.log1p(-x)) * Math.cos(2 * Math.PI * v[i]));
      assertClose(got, { ...got, data: Float32Array.from(exact) }, 1e-6, "normal");
      assertClose(got, want, 1e-5, "normal beside jax-js");
    });
  });

  Deno.test(`${engine}: mapped over keys, every key draws its own`, async () => {
    const [k] = runJax((key) => random.split(key, 6), [keys[3]]);
    const six: Tensor = { ...k, shape: [6, 2] };
    const check = async (fn: (keys: A) => Any, each: (key: A) => Any, input: Tensor) => {
      const [got] = await runEngine(fn, [input], engine);
      const rows = Array.from(
        { length: 6 },
        (_, i) => tensor(k.data.slice(2 * i, 2 * i + 2), [2], "uint32"),
      );
      const want = rows.flatMap((key) => bitsOf(runJax(each, [key])[0]));
      assert.deepEqual(bitsOf(got), want);
      assert.deepEqual(bitsOf(got), bitsOf(runJax(fn, [input])[0]));
    };
    for (const shape of [[], [1], [5], [2, 3]]) {
      const bits = (key: A) => random.bits(key, shape);
      const uniform = (key: A) => random.uniform(key, shape);
      await check(vmap(bits as Any) as Any, bits, six);
      await check(vmap(uniform as Any) as Any, uniform, six);
      await check(vmap(vmap(bits as Any) as Any) as Any, bits, { ...six, shape: [2, 3, 2] });
      await check(vmap(vmap(bits as Any) as Any) as Any, bits, { ...six, shape: [6, 1, 2] });
    }
    const child = (key: A) => random.split(key, 3);
    await check(vmap(child as Any) as Any, child, six);
    // The second words are all the same array, and the axis that is mapped comes last.
    const [turned] = runJax((x) => np.transpose(x), [six]);
    const last = (keys: A) => (vmap as Any)((key: A) => random.bits(key, [4]), 1)(keys);
    await check(last, (key) => random.bits(key, [4]), turned);
  });

  Deno.test(`${engine}: keys may be constants, or made of a traced seed`, async () => {
    const seeds = tensor([0, 7, -1], [3], "int32");
    const seeded = (seed: A) => random.bits(random.key(seed as Any), [4]);
    for (let i = 0; i < 3; i++) {
      const seed = { ...seeds, shape: [], data: seeds.data.slice(i, i + 1) };
      const [got] = await runEngine(seeded, [seed], engine);
      assert.deepEqual([...got.data], drawn([0, seeds.data[i] >>> 0], 4));
    }
    const fixed = (x: A) => x.add(random.uniform(random.key(7), [4]));
    const [got] = await runEngine(fixed, [tensor([0, 0, 0, 0])], engine);
    assert.deepEqual([...got.data], drawn([0, 7], 4).map(uniformOf));
  });

  Deno.test(`${engine}: what is made of these draws is close to jax-js's`, async () => {
    const samplers: Record<string, (key: A) => A> = {
      exponential: (key) => random.exponential(key, [50]),
      gumbel: (key) => random.gumbel(key, [50]),
      laplace: (key) => random.laplace(key, [50]),
      permutation: (key) => random.permutation(key, 20),
      rademacher: (key) => random.rademacher(key, { shape: [50] }),
      choice: (key) => random.choice(key, 9, { shape: [5, 2] }),
    };
    for (const [name, fn] of Object.entries(samplers)) {
      await each(fn, ([got], [want]) => {
        assert.equal(got.dtype, want.dtype, name);
        assertClose(got, want, got.dtype === "int32" ? 0 : 1e-5, name);
      });
    }
  });

  Deno.test(`${engine}: shifts bring in zeros and count modulo 32`, async () => {
    const counts = [0, 1, 5, 31, 32, 33, 64, -1, -31, -32, -33, 2 ** 31 - 1];
    const words = [0, 1, 2, 0x55555555, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, end - 2, end - 1];
    for (const dtype of ["int32", "uint32"] as const) {
      const held = (x: number) => dtype === "int32" ? x | 0 : x >>> 0;
      const x = tensor(words.map(held), [words.length, 1], dtype);
      for (const by of ["int32", "uint32"] as const) {
        const count = tensor(counts.map((c) => by === "int32" ? c : c >>> 0), [counts.length], by);
        const left = words.flatMap((w) => counts.map((c) => held(w << c)));
        const right = words.flatMap((w) => counts.map((c) => held(w >>> c)));
        for (const [fn, want] of [[np.leftShift, left], [np.rightShift, right]] as const) {
          const [got] = await runEngine(fn, [x, count], engine);
          assert.deepEqual([...got.data], want, `${dtype} by ${by}`);
          assertSameBits(got, runJax(fn, [x, count])[0], `${dtype} by ${by}`);
        }
      }
    }
    const by = (count: number) => np.array(count, { dtype: np.int32 });
    const literal = (x: A) => [np.leftShift(x.ref, by(33)), np.rightShift(x, by(31))];
    const ends = tensor([-1, 5], [2], "int32");
    const got = await runEngine(literal, [ends], engine);
    assert.deepEqual(got.map((y) => [...y.data]), [[-2, 10], [1, 0]]);
  });

  Deno.test(`${engine}: bits are counted`, async () => {
    const words = [0, 1, 3, end - 1, end - 2, 2 ** 31, 0x12345678, ...drawn([1, 2], 50)];
    const x = tensor(words, [words.length], "uint32");
    const [got] = await runEngine((x: A) => np.bitwiseCount(x), [x], engine);
    const ones = (word: number) => word.toString(2).replaceAll("0", "").length;
    assert.deepEqual([got.dtype, [...got.data]], ["int32", words.map(ones)]);
  });

  Deno.test(`${engine}: a bitcast keeps every bit`, async () => {
    const floats = [
      0,
      -0,
      1,
      -1.5,
      2 ** -149,
      -(2 ** -149),
      2 ** -126,
      3.4028234663852886e38,
      Infinity,
      -Infinity,
      NaN,
    ];
    const words = [...new Uint32Array(Float32Array.from(floats).buffer)];
    // Quiet and signalling NaN with payloads, and anything else.
    words.push(0x7fc00001, 0x7f800001, 0xff812345, 0xffffffff, ...drawn([3, 4], 200));
    const arrays = {
      uint32: Uint32Array.from(words),
      int32: Int32Array.from(words),
      float32: new Float32Array(Uint32Array.from(words).buffer),
    };
    const dtypes = Object.keys(arrays) as (keyof typeof arrays)[];
    for (const from of dtypes) {
      for (const to of dtypes) {
        const x: Tensor = { dtype: from, shape: [words.length], data: arrays[from] };
        const fn = (x: A) => lax.bitcastConvertType(x, to as Any);
        const [got] = await runEngine(fn, [x], engine);
        assert.equal(got.dtype, to);
        assert.deepEqual(bitsOf(got), words, `${from} to ${to}`);
        assertSameBits(got, runJax(fn, [x])[0], `${from} to ${to} beside jax-js`);
      }
    }
  });

  Deno.test(`${engine}: dropout leaves out what jax-js leaves out`, async () => {
    const [rows, columns, keep] = [65, 129, 0.7];
    const dropout = (key: A, x: A) => {
      const kept = random.bernoulli(key, keep, [rows, columns]);
      return np.where(kept, x.div(keep), 0);
    };
    const step = (key: A, x: A) => [
      dropout(key.ref, x.ref),
      (grad as Any)((x: A) => np.sum(dropout(key, x)))(x),
    ];
    const values = Float32Array.from({ length: rows * columns }, generator(1)).map((x) => x + 1);
    const x = tensor(values, [rows, columns]);
    const masks = new Set<string>();
    await each(step, ([y, slope], [want]) => {
      const mask = Array.from(y.data, (v) => Number(v !== 0));
      assert.deepEqual(mask, Array.from(want.data, (v) => Number(v !== 0)));
      assertClose(y, want, 1e-6, "dropout");
      assertClose(
        slope,
        { ...y, data: Float32Array.from(mask, (m) => m / keep) },
        1e-6,
        "gradient",
      );
      const share = mask.reduce((a, b) => a + b) / mask.length;
      const deviation = Math.sqrt(keep * (1 - keep) / mask.length);
      assert.ok(Math.abs(share - keep) < 5 * deviation, `${share} of the elements were kept`);
      masks.add(mask.join(""));
    }, [x]);
    assert.equal(masks.size, keys.length);
  });
}

for (const engine of ["ort", "tfjs", ...nativeTfjs] as const) {
  Deno.test(`${engine}: a loop splits its key and draws in every turn`, async () => {
    const turn = (_: unknown, key: np.Array): [np.Array, np.Array] => {
      const [next, own] = np.split(random.split(key), 2, 0);
      return [next.reshape([2]), random.bits(own.reshape([2]), [3])];
    };
    const [last, bits] = await runEngine(
      (key: np.Array) => scan(turn, [], key, [], { length: 4 }),
      [tensor([7, 9], [2], "uint32")],
      engine,
    );
    let key = [7, 9];
    const want: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      want.push(...drawn(threefry(key, [0, 1]), 3));
      key = threefry(key, [0, 0]);
    }
    assert.deepEqual([...last.data], key);
    assert.deepEqual([...bits.data], want);
  });
}
