/** @file What a job's key is made of: keys (pipeline/keys) computes it, the catalogue (pipeline/store) records it. */

export interface Ingredients {
  stage: string;
  /** Fingerprint of the reached code. */
  code: string;
  packages: Record<string, string>;
  params: unknown;
  /** Content hash by input name. */
  inputs: Record<string, string>;
  /** Only for stages that use one. */
  engine?: { name: string; version: string };
}

/** Hash by file and top-level name: what `why` compares to say which function changed. */
export type CodeDetail = Record<string, Record<string, string>>;
