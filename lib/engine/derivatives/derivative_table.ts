/** @file The rules of all operations but loops, by operation; one that is missing has no derivative. */
export * from "./elementwise.ts";
export * from "./linalg.ts";
export * from "./movement.ts";
export * from "./sums.ts";
