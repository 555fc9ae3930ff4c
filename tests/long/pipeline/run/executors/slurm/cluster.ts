/**
 * @file A whole SLURM on this machine: its own munged, a controller and one node, on loopback, from Debian's packages, and where a test
 * wants it a database for its accounting. Nothing of it outlives the test, and nothing of the system's own configuration is read.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";

const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol"];
const ACCOUNTING = ["mariadbd", "slurmdbd", "sacctmgr", "sacct"];
const PLACES = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];
const find = (name: string) =>
  PLACES.map((place) => join(place, name)).find((path) => existsSync(path));

/** Why there can be no cluster here, or none that keeps accounts; undefined where there can. */
export function lacking({ accounting = false } = {}): string | undefined {
  if (Deno.build.os !== "linux") return "SLURM is tested on Linux";
  const missing = [...PROGRAMS, ...accounting ? ACCOUNTING : []].filter((name) => !find(name));
  if (!missing.length) return undefined;
  const packages = "slurmctld slurmd slurm-client munge" +
    (accounting ? " slurmdbd mariadb-server-core" : "");
  return `${missing.join(", ")} not found: apt-get install --no-install-recommends ${packages}`;
}

const NODE = "node1";
/** In the order in which they end. */
const STARTED = ["slurmctld", "slurmd", "slurmdbd", "mariadbd", "munged"];

export class Cluster {
  readonly dir = mkdtempSync("/tmp/slurm-test-");
  readonly environment = { SLURM_CONF: join(this.dir, "slurm.conf") };
  readonly #running = new Map<string, Deno.ChildProcess>();

  /**
   * @param cpus that the node says it has, whatever the machine has
   * @param accounting whether it keeps accounts of what tasks have used
   */
  static async open(cpus = 2, { accounting = false } = {}): Promise<Cluster> {
    const cluster = new Cluster();
    try {
      const [database, accounts] = ports(2);
      cluster.#configure(cpus, accounting ? accounts : undefined);
      await cluster.#startMunge();
      if (accounting) await cluster.#startAccounting(database, accounts);
      cluster.startController();
      cluster.#start("slurmd", ["-D", "-N", NODE]);
      await cluster.node("idle");
      return cluster;
    } catch (error) {
      const said = STARTED.map((name) => cluster.log(name)).join("\n");
      await cluster[Symbol.asyncDispose]();
      throw new Error(`No cluster could be started: ${(error as Error).message}\n${said}`);
    }
  }

  /** @param accounts port of the daemon that keeps accounts */
  #configure(cpus: number, accounts?: number): void {
    for (const folder of ["munge", "state", "spool", "log", "run", "database"]) {
      mkdirSync(join(this.dir, folder), { mode: 0o755 });
    }
    // munged wants no stranger to be able to change what lies above its socket.
    chmodSync(this.dir, 0o755);
    const { username } = userInfo();
    const [controller, node] = ports(2);
    const at = (...names: string[]) => join(this.dir, ...names);
    writeFileSync(
      this.environment.SLURM_CONF,
      `ClusterName=test
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmUser=${username}
SlurmdUser=${username}
AuthType=auth/munge
AuthInfo=socket=${at("munge", "socket")}
CredType=cred/munge
MpiDefault=none
SlurmctldPort=${controller}
SlurmdPort=${node}
SlurmdParameters=config_overrides
StateSaveLocation=${at("state")}
SlurmdSpoolDir=${at("spool")}
SlurmctldPidFile=${at("run", "slurmctld.pid")}
SlurmdPidFile=${at("run", "slurmd.pid")}
SlurmctldLogFile=${at("log", "slurmctld")}
SlurmdLogFile=${at("log", "slurmd")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/linux
${
        accounts === undefined
          ? "AccountingStorageType=accounting_storage/none"
          : `AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=${accounts}
AccountingStoragePass=${at("munge", "socket")}
JobAcctGatherFrequency=task=1`
      }
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=0
ReturnToService=2
KillWait=2
SlurmdTimeout=600
MessageTimeout=60
NodeName=${NODE} NodeHostname=${hostname()} NodeAddr=127.0.0.1 CPUs=${cpus} RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
    );
    // No control groups: a container may have none to give.
    writeFileSync(at("cgroup.conf"), "CgroupAutomount=no\n");
  }

  async #startMunge(): Promise<void> {
    const key = join(this.dir, "munge", "key");
    writeFileSync(key, crypto.getRandomValues(new Uint8Array(128)), { mode: 0o600 });
    const file = (name: string) => join(this.dir, "munge", name);
    this.#start("munged", [
      ...["--foreground", "--force", `--key-file=${key}`, `--socket=${file("socket")}`],
      ...[`--pid-file=${file("pid")}`, `--seed-file=${file("seed")}`],
      ...[`--log-file=${join(this.dir, "log", "munged")}`, "--num-threads=1"],
    ]);
    await until(() => existsSync(file("socket")), "the socket of munged");
  }

  /** A database without users, that nobody outside reaches; what it takes is seconds, and gone with the folder. */
  async #startAccounting(database: number, accounts: number): Promise<void> {
    const at = (...names: string[]) => join(this.dir, ...names);
    const { username } = userInfo();
    this.#start("mariadbd", [
      ...["--no-defaults", `--user=${username}`, `--datadir=${at("database")}`],
      ...[`--socket=${at("run", "database")}`, `--pid-file=${at("run", "mariadbd.pid")}`],
      ...["--bind-address=127.0.0.1", `--port=${database}`, "--skip-grant-tables"],
      ...["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M"],
      ...["--innodb-flush-log-at-trx-commit=0", `--log-error=${at("log", "mariadbd")}`],
    ]);
    writeFileSync(
      at("slurmdbd.conf"),
      `AuthType=auth/munge
AuthInfo=socket=${at("munge", "socket")}
DbdHost=${hostname()}
DbdAddr=127.0.0.1
DbdPort=${accounts}
SlurmUser=${username}
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=${database}
StorageUser=test
StorageLoc=accounts
LogFile=${at("log", "slurmdbd")}
PidFile=${at("run", "slurmdbd.pid")}
`,
      { mode: 0o600 },
    );
    await until(() => listens(database), "the database");
    this.#start("slurmdbd", ["-D"]);
    // Until the daemon has made its tables it answers nobody.
    await until(
      async () => await this.ask("sacctmgr", "--immediate", "add", "cluster", "test") !== "",
      "slurmdbd",
    );
  }

  startController(): void {
    this.#start("slurmctld", ["-D"]);
  }

  /** As a crash would. */
  async killController(): Promise<void> {
    await this.#kill("slurmctld");
  }

  #start(name: string, args: string[]): void {
    const child = new Deno.Command(find(name)!, {
      ...{ args, env: this.environment },
      ...{ stdin: "null", stdout: "null", stderr: "null" },
    }).spawn();
    this.#running.set(name, child);
  }

  /** Asked to end, they end what they have started. */
  async #kill(name: string, signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): Promise<void> {
    const child = this.#running.get(name);
    this.#running.delete(name);
    if (!child) return;
    const send = (signal: Deno.Signal) => {
      try {
        child.kill(signal);
      } catch {
        // It has ended by itself.
      }
    };
    send(signal);
    const insist = setTimeout(() => send("SIGKILL"), 5000);
    await child.status;
    clearTimeout(insist);
  }

  /** What a command of SLURM's says; "" where it fails. */
  async ask(name: string, ...args: string[]): Promise<string> {
    const { success, stdout } = await new Deno.Command(find(name)!, {
      ...{ args, env: this.environment, stderr: "null" },
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : "";
  }

  /** Tasks that SLURM has not ended, as "12_3 R". */
  async tasks(): Promise<string[]> {
    const said = await this.ask("squeue", "--noheader", "--array", "--format=%F_%K %t");
    return said.split("\n").filter((line) => line);
  }

  /** Waits until the node is in one of these states. */
  async node(...states: string[]): Promise<void> {
    await until(async () => states.includes(await this.#state()), `the node: ${states}`);
  }

  async #state(): Promise<string> {
    return (await this.ask("sinfo", "--noheader", "--format=%t")).replace(/[*~#]+$/, "");
  }

  /** Again and again: a controller that has just been started may not listen yet. */
  async setNode(state: "down" | "resume"): Promise<void> {
    const wanted = state === "down" ? ["down"] : ["idle", "mix", "alloc"];
    await until(async () => {
      await this.ask("scontrol", "update", `nodename=${NODE}`, `state=${state}`, "reason=test");
      return wanted.includes(await this.#state());
    }, `the node to be set ${state}`);
  }

  log(name: string): string {
    const path = join(this.dir, "log", name);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(-15).join("\n") : "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const tasks = this.#running.has("slurmctld") ? await this.tasks() : [];
    if (tasks.length) {
      await this.ask("scancel", ...tasks.map((line) => line.split(" ")[0]));
      await until(async () => !(await this.tasks()).length, "the end of all tasks").catch(() => {});
    }
    for (const name of STARTED) await this.#kill(name, "SIGTERM");
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function listens(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** That nobody listens on now. */
function ports(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const found = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return found;
}

export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  seconds = 300,
): Promise<void> {
  const start = performance.now();
  while (!await holds()) {
    if (performance.now() - start > 1000 * seconds) throw new Error(`waited in vain for ${what}`);
    await new Promise((go) => setTimeout(go, 50));
  }
}

/**
 * A test on a cluster of its own, which is left out with a line where the packages are missing. `body` finds `SLURM_CONF` set.
 * @param accounting whether it keeps accounts
 */
export function clusterTest(
  name: string,
  { nodes, accounting = false }: { nodes: number; accounting?: boolean },
  body: (cluster: Cluster, t: Deno.TestContext) => Promise<void>,
): void {
  const reason = lacking({ accounting });
  if (reason) console.error(`A test on a SLURM cluster is left out: ${reason}.`);
  Deno.test({
    name: `SLURM: ${name}`,
    ignore: reason !== undefined,
    // Of the commands that run in this process.
    sanitizeResources: false,
    sanitizeOps: false,
    async fn(t) {
      await using cluster = await Cluster.open(nodes, { accounting });
      Deno.env.set("SLURM_CONF", cluster.environment.SLURM_CONF);
      await body(cluster, t);
    },
  });
}
