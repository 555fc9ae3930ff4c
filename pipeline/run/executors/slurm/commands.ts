/** @file SLURM's own commands, as far as the pipeline needs them. */
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { sha256 } from "../../../content/canonical.ts";
import { quote } from "../../../command_line.ts";
import { environmentOf } from "../confinement.ts";
import { flagsOf, type Needs } from "./needs.ts";

const TASK = fileURLToPath(new URL("./task.ts", import.meta.url));
export const CONFIG = fileURLToPath(new URL("../../../../deno.json", import.meta.url));

/** A task of an array that SLURM has not ended. */
export interface TaskState {
  /** Array and place, "12_3"; of files, too. */
  task: string;
  kind: string;
  waits: boolean;
  node: string;
  /** Why it waits. */
  reason: string;
}

/** A command of SLURM's that did not do what it was asked. */
export class SlurmError extends Error {
  override name = "SlurmError";
  /** The controller cannot be asked now, which passes. */
  readonly passing: boolean;

  constructor(command: string, readonly said: string) {
    super(`${command}: ${said}`);
    this.passing =
      /unable to contact|timed out|connection refused|temporarily|try again|not responding|communication|zero bytes|slurmctld is (?:starting|in standby)/i
        .test(said);
  }
}

export class Slurm {
  /** Of all tasks that work in a store. */
  readonly #name: string;

  constructor(private readonly storeDir: string) {
    this.#name = `deep-linear-${sha256(storeDir).slice(0, 8)}`;
  }

  /** What the user calls the tasks: for `squeue --name`. */
  nameOf(kind: string): string {
    return `${this.#name}-${kind}`;
  }

  /** @throws {Error} where sbatch is missing, or refuses such a task */
  async check(needs: Needs, minutes: number): Promise<void> {
    const flags = flagsOf(needs, minutes);
    await runCommand("sbatch", ["--test-only", ...flags, "--wrap=true"]).catch((error) => {
      throw new SlurmError(`sbatch ${flags.join(" ")}`, (error as SlurmError).said);
    });
  }

  /**
   * Submits an array of tasks that take jobs of a kind until none is left.
   * @returns the number of the array
   * @throws {SlurmError}
   */
  async submit(
    kind: string,
    { needs, minutes, tasks, logs }: {
      needs: Needs;
      minutes: number;
      tasks: number;
      /** Folder. */
      logs: string;
    },
  ): Promise<string> {
    // Time to save a checkpoint before the limit.
    const lead = Math.min(120, Math.max(10, 15 * minutes));
    const words = [
      ...["exec", Deno.execPath(), "run", "--quiet", "--no-prompt", `--config=${CONFIG}`],
      // It starts in the store: a name with a comma could not be said.
      ...["--allow-read", "--allow-write=.", "--allow-run", "--allow-env", "--allow-ffi"],
      ...["--allow-sys=hostname,cpus,systemMemoryInfo", TASK, kind, String(lead * 1000 / 2)],
    ];
    const said = await runCommand("sbatch", [
      ...["--parsable", `--job-name=${this.nameOf(kind)}`, `--array=0-${tasks - 1}`],
      ...["--ntasks=1", "--cpus-per-task=1", `--chdir=${this.storeDir}`],
      // The coordinator knows better what is to be done again, and does not wait two minutes.
      ...["--no-requeue", `--signal=B:TERM@${lead}`],
      ...[`--output=${logs}/%A_%a.log`, ...flagsOf(needs, minutes)],
      `--wrap=${words.map(quote).join(" ")}`,
    ]);
    return said.trim().split(";")[0];
  }

  /** @throws {SlurmError} */
  async tasks(): Promise<TaskState[]> {
    const format = "%F|%K|%t|%j|%N|%r";
    const said = await runCommand("squeue", [
      "--noheader",
      "--array",
      "--me",
      `--format=${format}`,
    ]);
    return readTasks(said, `${this.#name}-`);
  }

  /** Lines of sacct about tasks. @throws {SlurmError} also where no accounts are kept */
  async accounts(tasks: readonly string[], fields: string): Promise<string> {
    let said = "";
    for (let i = 0; i < tasks.length; i += 500) {
      const jobs = `--jobs=${tasks.slice(i, i + 500).join()}`;
      said += await runCommand("sacct", ["--noheader", "--parsable2", `--format=${fields}`, jobs]);
    }
    return said;
  }

  /** Ends tasks; those that are gone already do not matter. */
  async cancel(tasks: readonly string[]): Promise<void> {
    for (let i = 0; i < tasks.length; i += 500) {
      await runCommand("scancel", tasks.slice(i, i + 500)).catch(() => {});
    }
  }
}

/** @param said lines of squeue @param prefix of the names that count */
export function readTasks(said: string, prefix: string): TaskState[] {
  return said.split("\n").flatMap((line) => {
    const [array, index, state, name, node, reason] = line.split("|");
    if (!name?.startsWith(prefix)) return [];
    // Whatever else a task is called (completing, stopped, suspended), its process may still be there.
    const waits = ["PD", "RQ", "RH", "RD", "SE"].includes(state);
    return [{ task: `${array}_${index}`, kind: name.slice(prefix.length), waits, node, reason }];
  });
}

/** @throws {SlurmError} */
export async function runCommand(command: string, args: readonly string[]): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(command, {
      args: [...args],
      clearEnv: true,
      env: environment(),
    }).output();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new SlurmError(
      command,
      `not found on ${hostname()}. --executor slurm runs where jobs are submitted, on a login node; ` +
        `without SLURM leave --executor out.`,
    );
  }
  const [out, errors] = [output.stdout, output.stderr].map((b) => new TextDecoder().decode(b));
  if (!output.success) throw new SlurmError(command, (errors.trim() || out.trim()).slice(0, 1000));
  return out;
}

/** SLURM keeps the environment of a job in files, so no key goes there; and what an allocation says that this process runs in is not meant. */
function environment(): Record<string, string> {
  const all = Deno.env.toObject();
  const own = Object.entries(all).filter(([name]) => /^SBATCH_|^SLURM_CONF$/.test(name));
  const passed = Object.entries(environmentOf({ net: true }, all))
    .filter(([name]) => !name.startsWith("SLURM_"));
  return Object.fromEntries([...passed, ...own]);
}
