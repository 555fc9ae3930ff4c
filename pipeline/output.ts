/**
 * @file What is printed, when nobody takes it any more: a pipe whose reader has ended, a terminal that was closed, a full disk
 * behind `>`. What a command does is worth more than what it says, so it goes on.
 */

/** Readers that have gone are no problem of the command's. */
const GONE = ["EPIPE", "EIO", "EBADF"];

export interface Output {
  /** Why something could not be printed that somebody waits for, such as a full disk. */
  problem?: string;
}

/** Lets nothing that is printed from now on end the process. */
export function surviveLostOutput(): Output {
  const output: Output = {};
  const lost = (error: unknown) => {
    const { code, message } = error as { code?: string; message?: string };
    if (!GONE.includes(code ?? "") && !/broken pipe|input\/output error/i.test(message ?? "")) {
      output.problem ??= message ?? String(error);
    }
  };
  for (const level of ["log", "info", "debug", "warn", "error"] as const) {
    const print = console[level].bind(console);
    console[level] = (...words: unknown[]) => {
      try {
        print(...words);
      } catch (error) {
        lost(error);
      }
    };
  }
  for (const stream of [Deno.stdout, Deno.stderr]) {
    const write = stream.writeSync.bind(stream);
    stream.writeSync = (bytes) => {
      try {
        return write(bytes);
      } catch (error) {
        lost(error);
        return bytes.length;
      }
    };
  }
  return output;
}
