/** @file The executors by name; nothing here loads one. */

/** What `--executor` takes. */
export const EXECUTORS: readonly string[] = ["local", "slurm"];
