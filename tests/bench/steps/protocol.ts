/**
 * @file How a process that measures training steps talks, one line each way. It says `ready DESCRIPTION`, or `unavailable
 * REASON` and ends; then it answers every line `STEPS` with `SECONDS FAULTS`: the means of one step over so many, after
 * a step that does not count. FAULTS are minor page faults, NaN where the system does not tell.
 */

export interface Measured {
  /** Of one step. */
  readonly seconds: number;
  readonly faults: number;
}

export type Greeting =
  | { readonly ready: true; readonly description: string }
  | { readonly ready: false; readonly reason: string };

/** @param line undefined where the process ended without a word. */
export function parseGreeting(line: string | undefined): Greeting {
  if (line === undefined) return { ready: false, reason: "ended while it started" };
  const [, word, rest] = /^(ready|unavailable) (.+)$/.exec(line) ?? [];
  if (word === "ready") return { ready: true, description: rest };
  if (word === "unavailable") return { ready: false, reason: rest };
  throw new SyntaxError(`expected "ready DESCRIPTION" or "unavailable REASON", got "${line}"`);
}

export function parseMeasured(line: string | undefined): Measured {
  const parts = line?.split(" ") ?? [];
  const [seconds, faults] = parts.map(Number);
  // An empty word would count as the number 0.
  if (parts.length !== 2 || parts.includes("") || !(seconds > 0)) {
    throw new SyntaxError(
      `expected "SECONDS FAULTS", got ${line === undefined ? "nothing" : `"${line}"`}`,
    );
  }
  return { seconds, faults };
}

/** Lines of a stream; `undefined` for ever after its end. */
export function lineReader(stream: ReadableStream<Uint8Array>): () => Promise<string | undefined> {
  const chunks = stream.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  return async () => {
    for (;;) {
      const end = buffer.indexOf("\n");
      if (end >= 0) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 1);
        return line;
      }
      const { value, done } = await chunks.read();
      if (done) return undefined;
      buffer += value;
    }
  };
}
