/**
 * @file What sinks are told of a run, whichever they are: its points once and in time, its end, the commit
 * that it ran at; and that a sink that fails does no harm.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { JobNode } from "../../../pipeline/graph.ts";
import { LogFeed, type Unit } from "../../../pipeline/log/feed.ts";
import { gitCommit } from "../../../pipeline/log/git.ts";
import type { LoggedRun, Sink } from "../../../pipeline/log/sink.ts";
import { MetricStream } from "../../../pipeline/run/metric_stream.ts";
import type { Catalog } from "../../../pipeline/store/catalog.ts";
import type { MetricPoint } from "../../../pipeline/store/changes.ts";
import { inFolder } from "./helpers.ts";

/** Writes down what it is told, and throws when told to. */
class Recording implements Sink {
  readonly said: string[] = [];
  constructor(readonly name: string, readonly throwsAt = "", readonly has = true) {}
  #note(what: string, run: LoggedRun, detail: unknown = "") {
    this.said.push(`${what} ${run.name} ${JSON.stringify(detail)}`);
    if (what === this.throwsAt) throw new Error("disk full.");
  }
  started = (run: LoggedRun) => this.#note("started", run);
  metrics = (run: LoggedRun, points: MetricPoint[]) => this.#note("metrics", run, points);
  scalars = (run: LoggedRun, values: Record<string, number>) => this.#note("scalars", run, values);
  finished = (run: LoggedRun, end: string) => this.#note("finished", run, end);
  lacks = (_run: LoggedRun) => !this.has;
  close = () => Promise.resolve();
}

function feedOf(sinks: Sink[], units: Unit[], recorded: MetricPoint[] = []) {
  const warnings: string[] = [];
  const catalog = {
    query: () => Promise.resolve(recorded.map(([name, step, value]) => ({ name, step, value }))),
    artifact: () => Promise.resolve({ files: [], scalars: { before: 1 } }),
  } as unknown as Catalog;
  const feed = new LogFeed({
    sinks,
    units,
    keyOf: () => "key",
    catalog: () => Promise.resolve(catalog),
    warn: (line) => warnings.push(line),
  });
  return { feed, warnings };
}

Deno.test("the feed: one run of several jobs, streamed points once, earlier jobs from the catalogue", async () => {
  const [train, test, shared] = ["train", "test", "shared"].map((label) => ({ label } as JobNode));
  const unit = (name: string, ...nodes: JobNode[]): Unit => ({
    group: "g",
    name,
    config: {},
    jobs: nodes.map((node) => ({ node, as: node === test ? "test" : "" })),
  });
  const sink = new Recording("a");
  const units = [unit("one", train, test), unit("two", shared, test), unit("none", shared)];
  const { feed, warnings } = feedOf([sink], units, [["loss", 0, 9]]);
  feed.cached(shared);
  feed.metrics(train, [["loss", 0, 3]]);
  feed.done(train, { metrics: [["loss", 0, 3], ["loss", 1, 2]], scalars: {} });
  feed.done(test, { metrics: [], scalars: { ratio: 1 } });
  await feed.close((node) => node === shared);
  assert.deepEqual(sink.said, [
    'started one ""',
    'metrics one [["loss",0,3]]',
    'metrics one [["loss",1,2]]',
    'scalars one {"test/ratio":1}',
    'finished one "done"',
    'started two ""',
    'metrics two [["loss",0,9]]',
    'scalars two {"before":1}',
    'scalars two {"test/ratio":1}',
    'finished two "done"',
  ]);
  assert.deepEqual(warnings, []);
});

Deno.test("the feed: a sink that throws is dropped with one line; stopped and failed runs are told", async () => {
  const nodes = ["a", "b", "c", "d"].map((label) => ({ label } as JobNode));
  const units = nodes.map((node) => ({
    group: "g",
    name: node.label,
    config: {},
    jobs: [{ node, as: "" }],
  }));
  const [broken, sound, empty] = [
    new Recording("broken", "metrics"),
    new Recording("sound"),
    new Recording("empty", "", false),
  ];
  const { feed, warnings } = feedOf([broken, sound, empty], units, [["loss", 5, 1]]);
  feed.metrics(nodes[0], [["loss", 0, 1]]);
  feed.metrics(nodes[1], [["loss", 0, 1]]);
  feed.failed(nodes[0]);
  feed.failed(nodes[2]);
  feed.cached(nodes[3]);
  await feed.close((node) => node === nodes[3]);
  assert.equal(broken.said.length, 2);
  assert.deepEqual(warnings, [
    "--log broken: disk full. Nothing more is logged there; the jobs go on.",
  ]);
  assert.deepEqual(sound.said, [
    ...['started a ""', 'metrics a [["loss",0,1]]', 'started b ""', 'metrics b [["loss",0,1]]'],
    ...['finished a "failed"', 'started c ""', 'finished c "failed"', 'finished b "stopped"'],
  ]);
  // Only a sink that lacks what was done before is told it.
  assert.deepEqual(empty.said.filter((line) => line.includes(" d ")), [
    ...['started d ""', 'metrics d [["loss",5,1]]', 'scalars d {"before":1}', 'finished d "done"'],
  ]);
});

Deno.test("the feed: what a run's numbers come from are the keys of all of its jobs", async () => {
  const nodes = ["train", "test"].map((label) => ({ label } as JobNode));
  const jobs = nodes.map((node) => ({ node, as: node.label }));
  const workOf = async (keys: string[]) => {
    const asked: string[] = [];
    const sink = new Recording("a", "");
    sink.lacks = (run: LoggedRun) => (asked.push(run.id, run.work()), false);
    const feed = new LogFeed({
      sinks: [sink],
      units: [{ id: "sweep-0000", group: "g", name: "0000", config: {}, jobs }],
      keyOf: (node) => keys[nodes.indexOf(node)],
      catalog: () => Promise.reject(new Error("nothing is read")),
      warn: assert.fail,
    });
    await feed.close(() => true);
    return asked;
  };
  const [id, work] = await workOf(["a", "b"]);
  assert.equal(id, "sweep-0000", "the same run whatever its code");
  assert.deepEqual(await workOf(["a", "b"]), [id, work]);
  for (const keys of [["a", "c"], ["c", "b"], ["b", "a"]]) {
    assert.notEqual((await workOf(keys))[1], work, keys.join());
  }
});

Deno.test("a stream sends what is new, at most so often", () => {
  const points: MetricPoint[] = [["before", 0, 1]];
  const sent: MetricPoint[][] = [];
  const patient = new MetricStream(points, (news) => sent.push(news), 1e9);
  for (let step = 1; step < 4; step++) {
    points.push(["loss", step, step]);
    patient.grew();
  }
  assert.deepEqual(sent, [[["before", 0, 1], ["loss", 1, 1]]]);
  const eager = new MetricStream(points, (news) => sent.push(news), 0);
  eager.grew();
  points.push(["loss", 4, 4]);
  eager.grew();
  assert.deepEqual(sent.slice(1), [points.slice(0, 4), [["loss", 4, 4]]]);
});

Deno.test("a commit, its changes, and none", () =>
  inFolder((folder) => {
    assert.equal(gitCommit(folder), null);
    const git = (...args: string[]) => {
      const identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
      const { success } = new Deno.Command("git", {
        args: ["-C", folder, ...identity, ...args],
        stdout: "null",
        stderr: "null",
      }).outputSync();
      assert.ok(success, args.join(" "));
    };
    git("init");
    assert.equal(gitCommit(folder), null, "no commit yet");
    git("commit", "--allow-empty", "-m", "first");
    const clean = gitCommit(folder)!;
    assert.match(clean.commit, /^[0-9a-f]{40}$/);
    assert.equal(clean.dirty, false);
    // What runs publish is no change of the project.
    Deno.mkdirSync(join(folder, "reports"));
    Deno.writeTextFileSync(join(folder, "reports", "table.md"), "");
    assert.deepEqual(gitCommit(folder), clean);
    Deno.writeTextFileSync(join(folder, "new"), "");
    assert.deepEqual(gitCommit(folder), { ...clean, dirty: true });
  }));
