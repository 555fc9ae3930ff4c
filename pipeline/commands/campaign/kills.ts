/** @file Tries that end processes, for real and at random moments. */
import { APART, JOBS } from "./checkout.ts";
import { type Ended, type Running, sleep, until } from "./commands.ts";
import type { Kind } from "./kind.ts";
import { signal } from "./processes.ts";
import type { Scene } from "./scene.ts";

/** Kills a little after the end of the usual time as well. */
const BEYOND = 1.1;

/** Lets a run of an edited input go on to a random moment, and there does something to it. */
async function disturb(
  scene: Scene,
  base: "none" | "before",
  hit: (run: Running) => boolean,
  moment?: (run: Running) => Promise<boolean>,
) {
  const before = await scene.stage.undisturbed(base);
  const after = await scene.stage.undisturbed("after");
  await scene.begin(base);
  scene.stage.edit("after");
  const run = scene.run();
  if (moment) await moment(run);
  else {
    const seconds = scene.uniform() * after.seconds * BEYOND;
    await Promise.race([sleep(seconds), run.ended]);
  }
  const struck = hit(run);
  const ended = await run.ended;
  return { before: before.state, after: after.state, ended, struck };
}

/** How far a run was when it ended. */
function reached({ out, ran }: Ended, base: "none" | "before"): string {
  if (out.includes("Look at it:")) return "after its end";
  if (out.includes("Site: ")) return "after its site was built";
  if (out.includes("Published ")) return "while the site was built";
  if (out.includes(" jobs were done, ")) return "while it published";
  const all = base === "none" ? JOBS : JOBS - APART;
  return ran.length === 0 ? "before any job" : ran.length < all ? "between jobs" : "after its jobs";
}

const BASES = ["none", "before"] as const;

const group: Kind = {
  group: "kills",
  name: "coordinator and workers at once",
  expects: "what was reported as done is there and does not run again",
  async run(scene) {
    const base = scene.pick(BASES);
    const tried = await disturb(scene, base, (run) => run.killGroup("SIGKILL"));
    await scene.checkAfterFault(tried.before, tried.after, tried.ended.ran);
    await scene.finish(tried.after, tried.ended.ran);
    return reached(tried.ended, base);
  },
};

const coordinator: Kind = {
  group: "kills",
  name: "the coordinator alone",
  expects: "its workers end within 5 s; a run started at once does not mind them",
  async run(scene) {
    const base = scene.pick(BASES);
    const tried = await disturb(scene, base, (run) => run.kill("SIGKILL"));
    const waits = scene.random(2) === 1;
    if (waits) await sleep(2.5);
    await scene.checkAfterFault(tried.before, tried.after, tried.ended.ran);
    await scene.finish(tried.after, tried.ended.ran);
    return reached(tried.ended, base);
  },
};

const publishing: Kind = {
  group: "kills",
  name: "all at once, while it publishes",
  expects: "a published file is as before or as after, never half of it",
  async run(scene) {
    const after = await scene.stage.undisturbed("after");
    const tried = await disturb(
      scene,
      "before",
      (run) => run.killGroup("SIGKILL"),
      async (run) => {
        await until(() => run.said().includes(" jobs were done, "), run);
        await sleep(scene.uniform() * after.publishing * BEYOND);
        return true;
      },
    );
    await scene.checkAfterFault(tried.before, tried.after, tried.ended.ran);
    // All jobs were done.
    await scene.finish(tried.after, "all");
    return reached(tried.ended, "before");
  },
};

/** Hits one of the workers, as soon as there is one. */
const worker = (
  name: string,
  expects: string,
  hit: (pid: number) => boolean,
): Kind => ({
  group: "kills",
  name,
  expects,
  async run(scene) {
    const base = scene.pick(BASES);
    const after = await scene.stage.undisturbed("after");
    const tried = await disturb(
      scene,
      base,
      (run) => {
        const workers = run.workers();
        return workers.length > 0 && hit(scene.pick(workers));
      },
      async (run) => {
        await until(() => run.workers().length > 0, run);
        await sleep(scene.uniform() * (after.seconds - after.publishing) * 0.7);
        return await until(() => run.workers().length > 0, run, 1);
      },
    );
    scene.checkEnd(tried.ended);
    await scene.checkAfterFault(tried.before, tried.after, tried.ended.ran);
    await scene.finish(tried.after, tried.ended.ran);
    if (!tried.struck) return "the run had ended";
    return tried.ended.code === 0 ? "the run came to its end" : "a job failed, and said why";
  },
});

const orders: Kind = {
  group: "kills",
  name: "a signal that asks it to stop",
  expects: "it ends with exit code 130, or was at its end; what was finished is kept",
  async run(scene) {
    const base = scene.pick(BASES);
    const name = scene.pick(["SIGINT", "SIGTERM", "SIGHUP"] as const);
    const after = await scene.stage.undisturbed("after");
    const tried = await disturb(scene, base, (run) => run.kill(name), async (run) => {
      // Before it listens the system ends it, as it ends any process.
      await until(() => run.workers().length > 0, run);
      await sleep(scene.uniform() * after.seconds * 0.7);
      return true;
    });
    scene.checkEnd(tried.ended, [0, 130, null]);
    await scene.checkAfterFault(tried.before, tried.after, tried.ended.ran);
    await scene.finish(tried.after, tried.ended.ran);
    if (tried.ended.code === 130) return "stopped in order";
    return tried.ended.code === 0 ? "came to its end" : "ended while it published";
  },
};

const suspended: Kind = {
  group: "kills",
  name: "all are suspended for a while",
  expects: "it comes to its end as if nothing had been",
  async run(scene) {
    const base = scene.pick(BASES);
    const tried = await disturb(scene, base, (run) => {
      if (!run.killGroup("SIGSTOP")) return false;
      setTimeout(() => run.killGroup("SIGCONT"), 1000 + scene.random(2000));
      return true;
    });
    scene.checkEnd(tried.ended, [0]);
    await scene.finish(tried.after, "all");
    return tried.struck ? "came to its end" : "the run had ended";
  },
};

/** Kills other commands that write. */
const other = (command: string, args: string[], usual: number): Kind => ({
  group: "kills",
  name: `deno task ${[command, ...args].join(" ")}`,
  expects: "no job runs again",
  async run(scene) {
    const { state } = await scene.begin("after");
    const run = scene.stage.start(command, args);
    await Promise.race([sleep(scene.uniform() * usual), run.ended]);
    run.killGroup("SIGKILL");
    const ended = await run.ended;
    if (ended.code !== null) scene.checkEnd(ended, [0]);
    await scene.checkAfterFault(state, state, Object.keys(state.jobs));
    await scene.finish(state, "all");
    return ended.code === null ? "killed" : "it had ended";
  },
});

/** Takes the address space that a process may still ask for. */
function exhaust(pid: number): boolean {
  try {
    const args = ["--pid", String(pid), "--as=1:1"];
    return new Deno.Command("prlimit", { args, stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

export const KILLS: Kind[] = [
  group,
  coordinator,
  publishing,
  worker(
    "one worker",
    "its job fails with that reason, others go on",
    (pid) => signal(pid, "SIGKILL"),
  ),
  worker(
    "memory of one worker runs out",
    "its job fails and says why, or it needs no more",
    exhaust,
  ),
  orders,
  suspended,
  other("gc", ["--yes"], 1),
  other("verify", [], 1),
];
