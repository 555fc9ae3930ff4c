/** @file What a job's key is made of: keys (pipeline/keys) computes it, the catalogue (pipeline/store) records it. */

export interface Ingredients {
  stage: string;
  /** Fingerprint of the reached code. */
  code: string;
  packages: Record<string, string>;
  /**
   * The exact version of Deno, and with it of V8, that runs the job: equal bytes are known of one version only (Math.exp and its
   * like, compression, the npm layer may change with any), and the project names one exact version to run with, so this moves when
   * that is changed on purpose. Absent in jobs of a time when it was not recorded.
   */
  deno?: string;
  params: unknown;
  /** Content hash by input name. */
  inputs: Record<string, string>;
  /**
   * Fingerprints of the table entries (lib/engine/table.ts) that the job's programs used, by `path#operation`; before it ever ran, of
   * whole tables, by path. Absent where the code reaches no table.
   */
  rules?: Record<string, string>;
  /** Only for stages that use one. */
  engine?: { name: string; version: string };
}

/** Hash by file and top-level name: what `why` compares to say which function changed. */
export type CodeDetail = Record<string, Record<string, string>>;
