/** @file A PyTorch process that measures training steps on demand. */

export interface Torch {
  /** Seconds per step over `steps` of them. */
  measure(threads: number, steps: number): Promise<number>;
  close(): Promise<void>;
}

/** Starts PyTorch on a case of torch_steps.py; `undefined`, with a message, where it is not installed. */
export async function startTorch(name: string): Promise<Torch | undefined> {
  const script = new URL("../torch_steps.py", import.meta.url).pathname;
  const process = new Deno.Command("/usr/bin/python3", {
    args: [script, name],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const chunks = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  const next = async () => {
    for (;;) {
      const end = buffer.indexOf("\n");
      if (end >= 0) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 1);
        return line;
      }
      const { value, done } = await chunks.read();
      if (done) return "";
      buffer += value;
    }
  };
  if (!(await next()).startsWith("ready")) {
    console.error(`${name}: /usr/bin/python3 has no PyTorch, so there is no comparison.`);
    return undefined;
  }
  const input = process.stdin.getWriter();
  return {
    async measure(threads, steps) {
      await input.write(new TextEncoder().encode(`${threads} ${steps}\n`));
      return Number(await next());
    },
    async close() {
      await input.close();
      await process.status;
    },
  };
}
