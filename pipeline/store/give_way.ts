/** @file A folder that lies where a file belongs, or a file where a folder does. */
import { existsSync, readdirSync, renameSync, rmdirSync, statSync } from "node:fs";

/** Moves what lies in the place of a file, or a folder, aside, where it is not of its kind: it may be dear to somebody. */
export function giveWay(path: string, to: "file" | "folder"): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat || stat.isDirectory() === (to === "folder")) return;
  if (stat.isDirectory() && readdirSync(path).length === 0) return rmdirSync(path);
  let aside = `${path}.moved`;
  for (let i = 2; existsSync(aside); i++) aside = `${path}.moved-${i}`;
  renameSync(path, aside);
  console.error(`${path} was in the way of what is written; it is now ${aside}.`);
}
