/** @file Tries that damage one file of every kind that a store, the published tables and the site hold. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { filesIn } from "./checkout.ts";
import { DAMAGES } from "./damages.ts";
import type { Kind } from "./kind.ts";
import type { Base, Scene } from "./scene.ts";
import { sameJobs } from "./state.ts";

/** With what DAMAGES leaves out. */
const WAYS: typeof DAMAGES = { ...DAMAGES, removed: (path) => rmSync(path) };

interface Place {
  name: string;
  /** Where the checkout stands. */
  base: Base;
  /** Of paths from the root those that are of this kind. */
  files: RegExp;
  /** What the next run does about it. */
  expects: string;
  /** Jobs may have to run again that were reported. */
  costs?: true;
  /** Nothing but `verify` reads it as long as all is well. */
  unread?: true;
}

/** Damages a file, so that it is another than it was. @returns how, and which */
function damage(scene: Scene, files: RegExp): { way: string; path: string } {
  const all = filesIn(scene.root).filter((path) => files.test(relative(scene.root, path))).sort();
  const path = scene.pick(all);
  const way = scene.pick(Object.keys(WAYS));
  const before = bytesOf(path);
  const others = all.filter((other) => bytesOf(other) !== before);
  if (way === "another" && !others.length) {
    // There is but one; then it is that of nothing.
    writeFileSync(path, "");
  } else if (statSync(path).size === 0) writeFileSync(path, "\0");
  else WAYS[way](path, scene.random, way === "another" ? scene.pick(others) : path);
  if (bytesOf(path) === before) throw new Error(`"${way}" changed nothing in ${path}`);
  return { way, path };
}

function bytesOf(path: string): string | undefined {
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path, "base64") : undefined;
}

const noticed = ({ name, base, files, expects, costs, unread }: Place): Kind => ({
  group: "damage",
  name,
  expects,
  async run(scene) {
    const { state } = await scene.stage.undisturbed("after");
    const { state: begun } = await scene.begin(base);
    const { way, path } = damage(scene, files);
    if (unread) {
      const verify = await scene.call("verify");
      const says = verify.code === 0 && /or its journal is damaged/.test(verify.out);
      scene.expect(says, "verify does not notice", verify);
    }
    const spared = base === "after" ? "all" : sameJobs(begun, state);
    const ended = await scene.finish(state, costs ? [] : spared);
    const told = ended.out.includes(relative(scene.root, path)) ||
      /is damaged|was damaged|Published \d/.test(ended.out);
    const lost = ended.ran.length && base === "after" ? ", some ran again" : "";
    return `${way}: ${told ? "said and mended" : "mended in silence"}${lost}`;
  },
});

/** What a run has no reason to read is found by `verify`. */
const objects: Kind = {
  group: "damage",
  name: "an object of an artifact",
  expects: "verify names it, the next run makes it again",
  async run(scene) {
    const { state } = await scene.begin("after");
    const { way, path } = damage(scene, /^\.store\/objects\//);
    const hash = path.split("/").slice(-2).join("");
    const found = await scene.call("verify");
    // Objects of earlier jobs count as well.
    scene.expect(found.code === 1 && found.out.includes(hash.slice(0, 12)), "not noticed", found);
    scene.checkEnd(found, [1]);
    await scene.call("run");
    const again = await scene.call("verify");
    const earlier = again.code === 1;
    // No run makes again what only an earlier input leads to: that goes.
    if (earlier) scene.expect((await scene.call("gc", ["--yes"])).code === 0, "gc failed");
    await scene.finish(state, "all");
    return `${way}: found${earlier ? ", of an earlier job" : " and made again"}`;
  },
};

/** An input that was damaged since it was made is not computed with. */
const inputs: Kind = {
  group: "damage",
  name: "an object that a job reads",
  expects: "the job fails and says so, or its input is made again; nothing is computed from it",
  async run(scene) {
    const { state } = await scene.begin("after");
    // Tables are gone, so they are made again, from what the chains left.
    const tables = filesIn(join(scene.store, "objects"))
      .filter((path) => readFileSync(path, "utf8").includes('"columns"'));
    for (const path of tables) rmSync(path);
    const { way, path } = damage(scene, /^\.store\/objects\//);
    const run = await scene.call("run");
    scene.checkEnd(run);
    if (run.code === 1) {
      scene.expect(/object \S+ is (damaged|missing)/.test(run.out), "it does not say so", run);
      const found = await scene.call("verify");
      scene.expect(found.code === 1, "verify finds nothing", found);
    }
    await scene.call("run");
    const rest = await scene.call("verify");
    if (rest.code === 1) await scene.call("gc", ["--yes"]);
    await scene.finish(state, "all");
    return `${way}: ${run.code === 0 ? `not needed, or made again` : "said"}${
      existsSync(path) ? "" : "; gone"
    }`;
  },
};

/** Nothing is left to make the catalogue from: the advice that is given has to work. */
const both: Kind = {
  group: "damage",
  name: "the catalogue and its copy",
  expects: "an error that says what to do; after that all jobs run, to the same results",
  async run(scene) {
    const { state } = await scene.begin("after");
    const first = damage(scene, /^\.store\/catalog\.duckdb$/);
    const second = damage(scene, /^\.store\/catalog\.earlier\.duckdb$/);
    const run = await scene.call("run");
    const advised = run.code === 1 && run.out.includes("move") && run.out.includes("catalog.*");
    scene.expect(advised, "there is no advice", run);
    scene.checkEnd(run, [1]);
    for (const path of filesIn(scene.store)) {
      if (relative(scene.store, path).startsWith("catalog.")) rmSync(path);
    }
    for (const { path } of [first, second]) rmSync(path, { recursive: true, force: true });
    await scene.finish(state);
    return "said what to do";
  },
};

const STORE: Place[] = [
  {
    name: "the catalogue",
    base: "after",
    files: /^\.store\/catalog\.duckdb$/,
    expects: "it is made again from the copy before it and the journal; no job runs",
  },
  {
    name: "the catalogue after a kill",
    base: "killed",
    files: /^\.store\/catalog\.duckdb$/,
    expects: "as above; what had been reported does not run again",
  },
  {
    name: "the copy of the catalogue",
    base: "after",
    files: /^\.store\/catalog\.earlier\.(duckdb|journal)$/,
    expects: "no job runs; verify makes it again",
    unread: true,
  },
  {
    name: "sums of the catalogue",
    base: "after",
    files: /^\.store\/catalog\.sums\.json$/,
    expects: "no job runs",
  },
  {
    name: "the index of what is done",
    base: "after",
    files: /^\.store\/index\.json$/,
    expects: "no job runs",
  },
  {
    name: "the journal after a kill",
    base: "killed",
    files: /^\.store\/catalog\.journal$/,
    expects: "what it had recorded alone runs again",
    costs: true,
  },
  {
    name: "a checkpoint",
    base: "killed",
    files: /^\.store\/checkpoints\//,
    expects: "its job starts over; what had been reported does not run again",
  },
  {
    name: "the live file after a kill",
    base: "killed",
    files: /^\.store\/live\.json$/,
    expects: "what had been reported does not run again",
  },
  {
    name: "the lock file",
    base: "killed",
    files: /^\.store\/lock$/,
    expects: "what had been reported does not run again",
  },
  {
    name: "a cache of plans and fingerprints",
    base: "after",
    files: /^\.store\/cache\//,
    expects: "no job runs",
  },
  {
    name: "a cache after a kill",
    base: "killed",
    files: /^\.store\/cache\//,
    expects: "what had been reported does not run again",
  },
];

const PUBLISHED: Place[] = [
  {
    name: "a published table",
    base: "after",
    files: /^reports\/.*\.(md|parquet)$/,
    expects: "it is written again; no job runs",
  },
  {
    name: "the published database",
    base: "after",
    files: /^reports\/.*\.duckdb$/,
    expects: "it is written again; no job runs",
  },
  {
    name: "the stamp of what is published",
    base: "after",
    files: /^reports\/.*\/published\.json$/,
    expects: "no job runs",
  },
  {
    name: "a page of the site",
    base: "after",
    files: /^site\/_site\/.*(html|css|svg|md|parquet|duckdb)$/,
    expects: "the site is built again; no job runs",
  },
  {
    name: "the stamp of the site",
    base: "after",
    files: /^site\/_site\/\.built\.json$/,
    expects: "the site is built again; no job runs",
  },
];

export const DAMAGE: Kind[] = [
  objects,
  inputs,
  ...STORE.map(noticed),
  both,
  ...PUBLISHED.map(noticed),
];
