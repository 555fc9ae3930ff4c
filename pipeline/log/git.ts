/** @file Which commit a run was started from. */
export interface Commit {
  commit: string;
  /** Files differ from the commit, or are new; published results do not count, they are what runs write. */
  dirty: boolean;
}

/** Null outside a git repository, before its first commit, and where git is not installed. */
export function gitCommit(root: string): Commit | null {
  const git = (...args: string[]): string | undefined => {
    try {
      const { success, stdout } = new Deno.Command("git", {
        args: ["-C", root, ...args],
        stdin: "null",
        stderr: "null",
      }).outputSync();
      return success ? new TextDecoder().decode(stdout) : undefined;
    } catch {
      return undefined;
    }
  };
  const commit = git("rev-parse", "--verify", "HEAD")?.trim();
  if (!commit) return null;
  return { commit, dirty: git("status", "--porcelain", "--", ".", ":(exclude)reports") !== "" };
}

/** As `git describe --always --dirty` has it, with all digits; undefined without a commit. */
export function describeCommit(commit: Commit | null): string | undefined {
  return commit ? commit.commit + (commit.dirty ? "-dirty" : "") : undefined;
}
