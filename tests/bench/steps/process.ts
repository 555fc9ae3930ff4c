/** @file A process that measures training steps, see protocol.ts. */
import { lineReader, type Measured, parseGreeting, parseMeasured } from "./protocol.ts";

export interface Measuring {
  readonly description: string;
  measure(steps: number): Promise<Measured>;
  close(): Promise<void>;
}

/** A compiler that takes longer to start is reported, not waited for. */
const patienceSeconds = 180;

/**
 * Starts a process and waits until it is warm.
 * @returns the reason as a string where it does not start: it says so, crashes, or takes too long.
 */
export async function startMeasuring(
  command: string,
  args: readonly string[],
): Promise<Measuring | string> {
  let child;
  try {
    const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    child = new Deno.Command(command, { args: [...args], env: { NO_COLOR: "1" }, ...pipes })
      .spawn();
  } catch (error) {
    return `does not start: ${(error as Error).message}`;
  }
  const next = lineReader(child.stdout);
  const lastError = complaint(child.stderr);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, 1000 * patienceSeconds);
  const line = await next();
  clearTimeout(timer);
  const greeting = parseGreeting(line);
  if (!greeting.ready) {
    await child.stdin.close().catch(() => {});
    await child.status;
    if (late) return `did not start within ${patienceSeconds} s`;
    return line === undefined && await lastError || greeting.reason;
  }
  const input = child.stdin.getWriter();
  return {
    description: greeting.description,
    async measure(steps) {
      await input.write(new TextEncoder().encode(`${steps}\n`));
      const line = await next();
      if (line === undefined) throw new Error(`${command} ended: ${await lastError}`);
      return parseMeasured(line);
    },
    async close() {
      await input.close();
      await child.status;
    },
  };
}

/** The last line with an error in it, or the last that is not blank. */
async function complaint(stream: ReadableStream<Uint8Array>): Promise<string> {
  const next = lineReader(stream);
  const lines: string[] = [];
  for (let line = await next(); line !== undefined; line = await next()) {
    if (line.trim()) lines.push(line.trim());
  }
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? "";
}
