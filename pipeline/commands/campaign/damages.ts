/** @file Random damage of files, as disks and people do it. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { fold, keyOf, uniforms } from "../../../lib/random/random.ts";

/** Uniform whole numbers below a bound, from a seed. */
export function whole(seed: number): (below: number) => number {
  const key = keyOf(seed);
  let drawn = 0;
  return (below) => Math.floor(uniforms(fold(key, drawn++), 1)[0] * below);
}

/** Another bit anywhere in a file; its times stay. */
export function flipBit(path: string, random: (below: number) => number): void {
  const { atime, mtime } = statSync(path);
  const bytes = readFileSync(path);
  bytes[random(bytes.length)] ^= 1 << random(8);
  writeFileSync(path, bytes);
  utimesSync(path, atime, mtime);
}

type Damage = (path: string, random: (below: number) => number, other: string) => void;

/** Each makes a file another than it was; `other` is one of its kind. */
export const DAMAGES: Record<string, Damage> = {
  "a bit": flipBit,
  "many bits": (path, random) => {
    // The same bit twice would be none.
    flipBit(path, random);
    const bytes = readFileSync(path);
    for (let i = 0; i < 20; i++) bytes[random(bytes.length)] = random(256);
    writeFileSync(path, bytes);
  },
  "cut off": (path, random) => truncateSync(path, random(statSync(path).size)),
  longer: (path, random) => appendFileSync(path, new Uint8Array(1 + random(100)).fill(random(256))),
  "zeroed from somewhere": (path, random) => {
    const bytes = readFileSync(path);
    const last = bytes.findLastIndex((byte) => byte !== 0);
    bytes.fill(0, random(last + 1), last + 1 + random(bytes.length - last));
    writeFileSync(path, bytes);
  },
  empty: (path) => truncateSync(path),
  another: (path, _random, other) => copyFileSync(other, path),
  "a folder": (path) => {
    rmSync(path);
    mkdirSync(path);
  },
};
