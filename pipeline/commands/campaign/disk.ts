/** @file Disks in memory that are soon full. */
import { mkdirSync, rmSync } from "node:fs";

/** A disk in memory; undefined where this process may not mount one. */
export function mountDisk(at: string, kilobytes: number) {
  mkdirSync(at, { recursive: true });
  const mount = (...args: string[]) => {
    try {
      const { success } = new Deno.Command("mount", { args, stderr: "null" }).outputSync();
      return success;
    } catch {
      return false;
    }
  };
  if (Deno.build.os !== "linux" || !mount("-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", at)) {
    return undefined;
  }
  return {
    resize: (kilobytes: number) => mount("-o", `remount,size=${kilobytes}k`, at),
    [Symbol.dispose]() {
      unmount(at);
      rmSync(at, { recursive: true, force: true });
    },
  };
}

/** Takes away what is mounted somewhere, if anything is. */
export function unmount(at: string): void {
  try {
    new Deno.Command("umount", { args: ["-l", at], stderr: "null" }).outputSync();
  } catch {
    // Not a system with mounts.
  }
}
