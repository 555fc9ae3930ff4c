/** @file The forecast command, here or in a process of its own with the permissions of its task, and files for it to read. */
import { main } from "../../../../pipeline/commands/forecast/forecast.ts";
import { USAGE } from "../../../../pipeline/commands/forecast/options.ts";
import { called } from "../called.ts";

const program =
  new URL("../../../../pipeline/commands/forecast/forecast.ts", import.meta.url).pathname;

/** What deno is called with. */
export function denoArguments(args: string[]): string[] {
  return [
    "run",
    "--no-prompt",
    "--allow-read",
    "--allow-write",
    "--allow-ffi",
    "--allow-env=DEEP_LINEAR_MIRROR,INIT_CWD",
    program,
    ...args,
  ];
}

/** The process of a command, its output piped. */
export function command(args: string[], env: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: denoArguments(args),
    env: { NO_COLOR: "1", INIT_CWD: "", ...env },
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs the command to its end, in this process: to start one takes longer than most forecasts. */
export const forecast = (...args: string[]) => called({ help: USAGE, main }, args);

/** Runs the command to its end as a user does. */
export async function forecastProcess(...args: string[]) {
  const { code, stdout, stderr } = await command(args).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** A folder of files that lasts as long as the tests of a module. */
export function folder() {
  const path = Deno.makeTempDirSync();
  globalThis.addEventListener("unload", () => Deno.removeSync(path, { recursive: true }));
  return {
    path,
    /** Writes columns as CSV under their names; the path of the file. */
    csv(name: string, columns: Record<string, ArrayLike<number | string>>): string {
      const names = Object.keys(columns);
      const lines = [names.map((n) => n.includes(",") ? `"${n}"` : n).join(",")];
      for (let t = 0; t < columns[names[0]].length; t++) {
        lines.push(names.map((n) => String(columns[n][t])).join(","));
      }
      Deno.writeTextFileSync(`${path}/${name}`, lines.join("\n") + "\n");
      return `${path}/${name}`;
    },
  };
}

/** Hours from 20 February 2024 on, `skipped` of them left out before row `gap`. */
export function hourly(rows: number, gap = rows, skipped = 0): string[] {
  return Array.from({ length: rows }, (_, t) => {
    const hour = t + (t >= gap ? skipped : 0);
    const date = new Date(Date.UTC(2024, 1, 20, hour)).toISOString();
    return date.slice(0, 10) + " " + date.slice(11, 19);
  });
}
