/** @file A copy of the working tree in which mutants are tried, one after another, with the real tests. */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export interface Copy {
  readonly root: string;
  /** Runs `work` with the file changed, and puts the file back. */
  with<T>(file: string, text: string, work: () => Promise<T>): Promise<T>;
  /** Whether the file passes the type check. */
  checks(file: string): Promise<boolean>;
  test(file: string, limitSeconds: number): Promise<{ passed: boolean; seconds: number }>;
  /** Ends what is running and removes the copy. */
  [Symbol.dispose](): void;
}

/** Paths of the working tree that git does not ignore. */
export function trackedFiles(root: string): string[] {
  const options = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", ["-C", root, ...options], { encoding: "utf8" });
  return listed.split("\0").filter((path) => path !== "");
}

export function makeCopy(root: string, files: readonly string[]): Copy {
  const copy = mkdtempSync(join(tmpdir(), `mutants-${Deno.pid}-`));
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file), { force: true });
  }
  const mirror = Deno.env.get("DEEP_LINEAR_MIRROR");
  const env = {
    ...Deno.env.toObject(),
    NO_COLOR: "1",
    // Where the caller was: commands under test would read and write the real tree by relative paths.
    INIT_CWD: copy,
    ...(mirror && !URL.canParse(mirror) ? { DEEP_LINEAR_MIRROR: resolve(root, mirror) } : {}),
  };
  const running = new Set<() => void>();
  const deno = (args: string[], limitSeconds: number) =>
    new Promise<boolean>((done) => {
      // A group of its own, so that what a test has started ends with it.
      const child = spawn(Deno.execPath(), args, {
        cwd: copy,
        env,
        stdio: "ignore",
        detached: true,
      });
      const kill = () => {
        try {
          Deno.kill(-child.pid!, "SIGKILL");
        } catch { // it has ended
        }
      };
      running.add(kill);
      const timer = setTimeout(kill, 1000 * limitSeconds);
      child.on("close", (code) => {
        clearTimeout(timer);
        kill();
        running.delete(kill);
        done(code === 0);
      });
    });
  return {
    root: copy,
    async with(file, text, work) {
      const path = join(copy, file);
      const original = readFileSync(path, "utf8");
      writeFileSync(path, text);
      try {
        return await work();
      } finally {
        writeFileSync(path, original);
      }
    },
    checks: (file) => deno(["check", "--quiet", file], 120),
    async test(file, limitSeconds) {
      const started = performance.now();
      const passed = await deno(["test", "-A", "--no-check", "--fail-fast", file], limitSeconds);
      return { passed, seconds: (performance.now() - started) / 1000 };
    },
    [Symbol.dispose]: () => {
      for (const kill of running) kill();
      rmSync(copy, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
