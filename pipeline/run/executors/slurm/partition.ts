/** @file What nodes a partition has, and how many tasks fit on one: for estimates in node hours. */
import { runCommand } from "./commands.ts";
import { minutesOf, type Needs } from "./needs.ts";

/** By the smallest of its nodes. */
export interface Partition {
  name: string;
  nodes: number;
  cpus: number;
  /** MiB. */
  memory: number;
  gpus: number;
  /** That a task may take; undefined for any. */
  minutes?: number;
}

/** Asked of sinfo: name, nodes, CPUs, MiB, time limit, and what else a node has. */
export const FORMAT = "%P|%D|%c|%m|%l|%G";

/** @param name undefined for the cluster's default @throws {SlurmError} where sinfo does not answer */
export async function partitionOf(name: string | undefined): Promise<Partition> {
  const which = name === undefined ? [] : [`--partition=${name}`];
  const said = await runCommand("sinfo", ["--noheader", "--exact", `--format=${FORMAT}`, ...which]);
  return readPartition(said, name);
}

/** @param said lines of sinfo, one for each kind of node @throws {Error} for a partition that is not among them */
export function readPartition(said: string, wanted?: string): Partition {
  const rows = said.split("\n").filter((line) => line.includes("|"))
    .map((line) => line.split("|"));
  const bare = (name: string) => name.replace(/\*$/, "");
  const name = wanted ?? bare((rows.find(([name]) => name.endsWith("*")) ?? rows[0] ?? [""])[0]);
  const own = rows.filter(([row]) => bare(row) === name);
  if (!own.length) {
    const known = [...new Set(rows.map(([row]) => bare(row)))].join(", ") || "none";
    throw new Error(`SLURM has no partition "${name}"; the partitions are ${known}.`);
  }
  const least = (column: number) => Math.min(...own.map((row) => parseInt(row[column])));
  const [, , , , limit] = own[0];
  return {
    name,
    nodes: own.reduce((sum, [, nodes]) => sum + Number(nodes), 0),
    ...{ cpus: least(2), memory: least(3) },
    gpus: Math.min(...own.map((row) => gpusOf(row[5] ?? ""))),
    ...(/^(infinite|UNLIMITED|n\/a)$/i.test(limit) ? {} : { minutes: minutesOf(limit) }),
  };
}

/** "gpu:4", "gpu:a100:4(S:0-1)", "(null)" or a list with others. */
export function gpusOf(gres: string): number {
  return gres.split(/,(?![^(]*\))/).reduce((sum, text) => {
    const match = /^gpu(?::[^:(]+)??(?::(\d+))?(?:\(.*\))?$/.exec(text);
    return match ? sum + Number(match[1] ?? 1) : sum;
  }, 0);
}

/** How many tasks a node takes at the same time; 0 where not even one fits. */
export function tasksPerNode({ memory, gres, exclusive }: Needs, node: Partition): number {
  const wanted = gres === undefined ? 0 : gpusOf(gres);
  const fits = Math.min(
    node.cpus,
    Math.floor(node.memory / mebibytesOf(memory)),
    wanted ? Math.floor(node.gpus / wanted) : Infinity,
  );
  return exclusive ? Math.min(1, fits) : fits;
}

/** As sbatch reads --mem: MiB, or with a unit. */
function mebibytesOf(text: string): number {
  const [, number, unit] = /^(\d+)([KMGT]?)B?$/i.exec(text) ?? [];
  return Number(number ?? 0) * 1024 ** ("KMGT".indexOf(unit?.toUpperCase() || "M") - 1);
}
