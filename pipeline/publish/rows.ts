/** @file A table of a published database as plain rows. */

export type Type =
  | "VARCHAR"
  | "BOOLEAN"
  | "INTEGER"
  | "BIGINT"
  | "DOUBLE"
  | "VARCHAR[]"
  | typeof TAGS
  | typeof INPUTS;
export type Value =
  | string
  | number
  | boolean
  | null
  | string[]
  | Record<string, string>
  | Record<string, string | null>[];

export interface Table {
  name: string;
  columns: Record<string, Type>;
  rows: Value[][];
}

/** Tags of a run, as text by text. */
export const TAGS = "MAP(VARCHAR, VARCHAR)";
/** What a job was made of. */
export const INPUTS = "STRUCT(name VARCHAR, job VARCHAR, content VARCHAR)[]";
