/** @file Tries in which what a run stands on gives way: disks, descriptors, permissions, other runs, edits, the clock. */
import {
  chmodSync,
  lstatSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { filesIn, SERIES } from "./checkout.ts";
import { type Ended, sleep, until } from "./commands.ts";
import { mountDisk } from "./disk.ts";
import type { Kind } from "./kind.ts";
import type { Scene } from "./scene.ts";
import { sameJobs } from "./state.ts";

/** Kilobytes on which anything has room. */
const ENOUGH = 64 * 1024;

const outcome = ({ code, out }: Ended): string => {
  const error = /^error: ([^(:]*)/m.exec(out)?.[1].trim();
  if (code === null) return "ended by a signal";
  return code === 0 ? "came to its end" : error ? `error: ${error}` : "some jobs failed";
};

/** A folder of the checkout is on a disk that has hardly any room. */
const fullDisk = (name: string, folder: string, most: number[]): Kind => ({
  group: "surroundings",
  name,
  expects: "a summary or an error that says so; what was finished is kept when there is room",
  async run(scene) {
    const { state } = await scene.stage.undisturbed("after");
    await scene.begin("none");
    scene.stage.edit("after");
    const kilobytes = 4 * (1 + scene.random(scene.pick(most) / 4));
    const disk = mountDisk(join(scene.root, folder), kilobytes);
    if (!disk) return undefined;
    try {
      const ended = await scene.call("run");
      scene.checkEnd(ended);
      if (ended.code === 1) {
        const says = /disk is full|no space left/i.test(ended.out);
        scene.expect(says, `${kilobytes} kB: it does not say that the disk is full`, ended);
      }
      disk.resize(ENOUGH);
      await scene.finish(state, ended.ran);
      if (/could not be written anew/.test(ended.out)) return "the catalogue had to wait";
      return ended.code === 0 ? "there was room" : "said that the disk is full";
    } finally {
      disk[Symbol.dispose]();
    }
  },
});

/** Calls a command under a limit of the shell. */
const limit = (flag: string, value: number, before = "") => [
  "sh",
  "-c",
  `${before} ulimit ${flag} ${value}; exec "$0" "$@"`,
];

const fileSize: Kind = {
  group: "surroundings",
  name: "files may not grow (ulimit -f)",
  expects: "nothing is lost",
  async run(scene) {
    const { state } = await scene.stage.undisturbed("after");
    await scene.begin("before");
    scene.stage.edit("after");
    // Blocks of 512 bytes. The cache that Deno keeps for itself is larger than any of these.
    const prefix = limit("-f", scene.random(1600), `trap "" XFSZ;`);
    const ended = await scene.call("run", [], { prefix, deno: ["--no-code-cache"] });
    scene.checkEnd(ended);
    await scene.finish(state, ended.ran);
    return outcome(ended);
  },
};

const descriptors: Kind = {
  group: "surroundings",
  name: "few descriptors (ulimit -n)",
  expects: "an error, or failed jobs, that say so; nothing is lost",
  async run(scene) {
    const { state } = await scene.stage.undisturbed("after");
    await scene.begin("before");
    scene.stage.edit("after");
    const ended = await scene.call("run", [], { prefix: limit("-n", 14 + scene.random(32)) });
    // Deno itself needs about twenty, and ends without them in its own way.
    const started = /jobs were done|^error: |^\[\d/m.test(ended.out);
    if (started && !/panicked/.test(ended.out)) scene.checkEnd(ended);
    await scene.finish(state, ended.ran);
    return started ? outcome(ended) : "Deno did not start";
  },
};

/** Modes do not bind the superuser, unless that gives up the capability. */
const DROP = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"];

function tried(program: string, ...args: string[]): string | undefined {
  try {
    const { success, stdout } = new Deno.Command(program, { args, stderr: "null" }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

/** Words before a command that modes are to bind; undefined where there is no way. */
function bound(): string[] | undefined {
  if (tried("id", "-u") !== "0") return [];
  return tried(DROP[0], ...DROP.slice(1), "true") === undefined ? undefined : DROP;
}

const readOnly = (name: string, folder: string): Kind => ({
  group: "surroundings",
  name,
  expects: "run says so, status and why answer; nothing changes",
  async run(scene) {
    const prefix = bound();
    if (!prefix) return undefined;
    const { state } = await scene.stage.undisturbed("after");
    const base = scene.pick(["before", "killed"] as const);
    const { state: begun } = await scene.begin(base);
    scene.stage.edit("after");
    const top = join(scene.root, folder);
    const paths = [top, ...Array.from(Deno.readDirSync(top), (e) => join(top, e.name))]
      .concat(filesIn(top));
    const modes = paths.map((path) => [path, lstatSync(path).mode] as const);
    for (const [path, mode] of modes) chmodSync(path, mode & ~0o222);
    const spared = sameJobs(begun, state);
    try {
      if (folder === ".store") {
        for (const question of [["status"], ["why", "chains/s2"]]) {
          const [command, ...words] = question;
          const args = [...words, "--profile", "smoke"];
          const answer = await scene.call(command, args, { prefix });
          scene.checkEnd(answer, [0]);
        }
      }
      const ended = await scene.call("run", [], { prefix });
      scene.checkEnd(ended, [1]);
      const says = /may only be read|permission denied|EACCES|EROFS/i.test(ended.out);
      scene.expect(says, "it does not say why", ended);
      spared.push(...ended.ran);
    } finally {
      for (const [path, mode] of modes) chmodSync(path, mode);
    }
    await scene.finish(state, spared);
    return "said so";
  },
});

const two: Kind = {
  group: "surroundings",
  name: "two runs at once",
  expects: "one comes to its end, the other too, or says who uses the store",
  async run(scene) {
    const base = scene.pick(["none", "before"] as const);
    const { state, seconds } = await scene.stage.undisturbed("after");
    await scene.begin(base);
    scene.stage.edit("after");
    const first = scene.run();
    await sleep(scene.random(2) ? scene.uniform() * seconds : 0);
    const second = scene.run();
    const ends = await Promise.all([first.ended, second.ended]);
    for (const ended of ends) {
      scene.checkEnd(ended);
      const refused = ended.code === 0 || /is in use by "run"/.test(ended.out);
      scene.expect(refused, "it does not say who uses the store", ended);
    }
    scene.expect(ends.some(({ code }) => code === 0), "neither came to its end", ends[0]);
    await scene.finish(state, "all");
    return ends.every(({ code }) => code === 0) ? "one after the other" : "one was refused";
  },
};

/** A file is another for a while, from a random moment of a run on. */
const edited = (
  name: string,
  expects: string,
  edit: (scene: Scene) => () => void,
): Kind => ({
  group: "surroundings",
  name,
  expects,
  async run(scene) {
    const { state, seconds, publishing } = await scene.stage.undisturbed("after");
    await scene.begin("before");
    scene.stage.edit("after");
    const run = scene.run();
    await Promise.race([sleep(scene.uniform() * (seconds - publishing)), run.ended]);
    const restore = edit(scene);
    const stays = scene.random(2) === 1;
    if (!stays) {
      await Promise.race([sleep(scene.uniform() * 0.5), run.ended]);
      restore();
    }
    const ended = await run.ended;
    if (stays) restore();
    scene.checkEnd(ended);
    await scene.finish(state);
    const refused = /changed (while|before|after)|was another when/.test(ended.out);
    return refused ? "thrown away, and said so" : outcome(ended);
  },
});

const input = edited(
  "an input file is edited meanwhile, and back",
  "no result of the other contents counts",
  (scene) => {
    scene.stage.edit("other");
    return () => scene.stage.edit("after");
  },
);

const code = edited(
  "code is edited meanwhile, and back",
  "no result of the other code counts",
  ({ root }) => {
    const path = join(root, "pipeline/stages/chain.ts");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace("Uint8Array.of(seed)", "Uint8Array.of(seed + 100)"));
    return () => writeFileSync(path, text);
  },
);

const stamps: Kind = {
  group: "surroundings",
  name: "times of files are of another year",
  expects: "nothing runs again; an edit is noticed all the same",
  async run(scene) {
    const { state } = await scene.stage.undisturbed("after");
    await scene.begin("before");
    const to = new Date(scene.pick(["1971-01-01", "2037-12-31"]));
    for (const path of filesIn(scene.root)) utimesSync(path, to, to);
    const idle = await scene.call("run");
    scene.expect(idle.code === 0 && / 0 ran \(/.test(idle.out), "something ran again", idle);
    scene.stage.edit("after");
    const path = join(scene.root, SERIES);
    utimesSync(path, to, to);
    await scene.finish(state);
    return to.getFullYear() < 2000 ? "long ago" : "far ahead";
  },
};

/** Seconds by which the clock jumps. */
const JUMPS = [-30 * 365 * 86_400, -3600, 3600, 10 * 365 * 86_400];

const clock: Kind = {
  group: "surroundings",
  name: "the coordinator's clock jumps in the middle",
  expects: "it comes to its end; the curve of time does not matter to any result",
  async run(scene) {
    const { state } = await scene.stage.undisturbed("after");
    await scene.begin(scene.pick(["none", "before"] as const));
    scene.stage.edit("after");
    const seconds = scene.pick(JUMPS);
    const after = scene.random(1500);
    const shim = join(scene.stage.dir, "clock.ts");
    writeFileSync(
      shim,
      `const { now } = Date, begun = now();
       Date.now = () => now() + (now() - begun > ${after} ? ${seconds * 1000} : 0);\n`,
    );
    const run = scene.run({ deno: [`--preload=${shim}`] });
    const ended = await run.ended;
    rmSync(shim);
    scene.checkEnd(ended, [0]);
    await scene.finish(state, "all");
    return seconds < 0 ? "back" : "ahead";
  },
};

/** Somebody asks, all the time, while a run replaces what the answers are made from. */
const questions: Kind = {
  group: "surroundings",
  name: "questions and a verify beside a run",
  expects: "the run is not refused, the questions are answered",
  async run(scene) {
    const { state } = await scene.stage.undisturbed("after");
    await scene.begin("before");
    scene.stage.edit("after");
    const run = scene.run();
    await until(
      () => statSync(join(scene.store, "live.json"), { throwIfNoEntry: false }) !== undefined,
      run,
    );
    const asked = [["status"], ["why", "chains/table"], ["status", "--json"]].map(
      ([command, ...words]) => scene.call(command, [...words, "--profile", "smoke"]),
    );
    for (const answer of await Promise.all(asked)) scene.checkEnd(answer, [0]);
    const verify = await scene.call("verify");
    const refused = verify.code === 0 || /is in use by "run"/.test(verify.out);
    scene.expect(refused, "verify is neither refused nor content", verify);
    scene.checkEnd(await run.ended, [0]);
    await scene.finish(state, "all");
    return verify.code === 0 ? "all were answered" : "verify was refused";
  },
};

export const SURROUNDINGS: Kind[] = [
  fullDisk("a full disk under the store", ".store", [300, 8000]),
  fullDisk("a full disk under the published tables", "reports", [120, 4000]),
  fileSize,
  descriptors,
  readOnly("a store that may only be read", ".store"),
  readOnly("published tables that may only be read", "reports"),
  two,
  input,
  code,
  stamps,
  clock,
  questions,
];
