/** @file What is dear and may never be asked for. */

/** Makes it when it is asked for the first time. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
