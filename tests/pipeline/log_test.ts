/**
 * @file Logging sinks: TensorBoard's files read back by a decoder of the test's own, Weights & Biases
 * through the real SDK against servers that record, hang or refuse, and that no sink can do harm.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LogFeed, type Unit } from "../../pipeline/log/feed.ts";
import { gitCommit } from "../../pipeline/log/git.ts";
import type { LoggedRun, Sink } from "../../pipeline/log/sink.ts";
import { TensorBoardSink } from "../../pipeline/log/tensorboard.ts";
import { crc32c, eventRecord, record } from "../../pipeline/log/tfevents.ts";
import { WandbSink } from "../../pipeline/log/wandb.ts";
import type { Catalog, MetricPoint } from "../../pipeline/store/catalog.ts";
import type { JobNode } from "../../pipeline/graph.ts";
import { MetricStream } from "../../pipeline/run/metric_stream.ts";
import { cli, makeProbe, start } from "./helpers.ts";

const hex = (bytes: Uint8Array) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

Deno.test("CRC-32C has the values of RFC 3720, B.4", () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  const pdu = new Uint8Array(48);
  pdu.set([0x01, 0xc0], 0);
  pdu.set([0x14], 16);
  pdu.set([0x04, 0x00], 22);
  pdu.set([0x14], 27);
  pdu.set([0x18], 31);
  pdu.set([0x28], 32);
  pdu.set([0x02], 40);
  const cases: [Uint8Array, number][] = [
    [new Uint8Array(0), 0],
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [ascending, 0x46dd794e],
    [ascending.toReversed(), 0x113fdb5c],
    [pdu, 0xd9963a56],
    [new TextEncoder().encode("123456789"), 0xe3069283],
  ];
  for (const [bytes, crc] of cases) assert.equal(crc32c(bytes).toString(16), crc.toString(16));
});

// A reader of protocol buffers that knows the wire format and no message; the field numbers below are
// typed from tensorboard/compat/proto/{event,summary}.proto.
type Field = { field: number; value: number | Uint8Array };

function fieldsOf(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = bytes[at++];
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) fields.push({ field, value: varint() });
    else if (type === 1) fields.push({ field, value: view.getFloat64((at += 8) - 8, true) });
    else if (type === 5) fields.push({ field, value: view.getFloat32((at += 4) - 4, true) });
    else if (type === 2) {
      const length = varint();
      assert.ok(at + length <= bytes.length, "a field ends within its message");
      fields.push({ field, value: bytes.subarray(at, at += length) });
    } else assert.fail(`wire type ${type}`);
  }
  return fields;
}

function get<T extends number | Uint8Array>(bytes: Uint8Array, ...path: number[]): T | undefined {
  let value: number | Uint8Array | undefined = bytes;
  for (const number of path) {
    value = fieldsOf(value as Uint8Array).find(({ field }) => field === number)?.value;
    if (value === undefined) return undefined;
  }
  return value as T;
}

const words = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

/** Records until the bytes end or stop making sense, as TensorBoard reads a file that grows. */
function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Uint8Array[] = [];
  const check = (from: number, to: number) => {
    const crc = crc32c(bytes.subarray(from, to));
    const rotated = (BigInt(crc) >> 15n) + ((BigInt(crc) << 17n) % 2n ** 32n);
    assert.equal(view.getUint32(to, true), Number((rotated + 0xa282ead8n) % 2n ** 32n));
  };
  for (let at = 0; at + 12 <= bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    if (at + 16 + length > bytes.length) break;
    check(at, at + 8);
    check(at + 12, at + 12 + length);
    found.push(bytes.subarray(at + 12, at + 12 + length));
    at += 16 + length;
  }
  return found;
}

/** Scalars of a file as [tag, step, value]. */
function scalarsOf(bytes: Uint8Array): [string, number, number][] {
  return recordsOf(bytes).flatMap((event): [string, number, number][] => {
    const value = get<number>(event, 5, 1, 2);
    const step = get<number>(event, 2) ?? 0;
    return value === undefined ? [] : [[words(get(event, 5, 1, 1))!, step, value]];
  });
}

Deno.test("event files: TensorFlow's own first bytes, and every field where event.proto has it", () => {
  // Files that TensorFlow writes begin with these: a first record of 24 bytes, and its masked CRC.
  const first = eventRecord(1.5, 0, { fileVersion: "brain.Event:2" });
  assert.equal(hex(first.subarray(0, 12)), "1800000000000000a37f4b22");
  const [event] = recordsOf(first);
  assert.equal(get(event, 1), 1.5);
  assert.equal(words(get(event, 3)), "brain.Event:2");
  for (const step of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 40 + 1]) {
    const [scalar] = recordsOf(eventRecord(9, step, { scalar: { tag: "loss/é", value: -0.1 } }));
    assert.equal(get(scalar, 2) ?? 0, step);
    assert.equal(words(get(scalar, 5, 1, 1)), "loss/é");
    assert.equal(get(scalar, 5, 1, 2), Math.fround(-0.1));
  }
  const long = "x".repeat(70_000);
  const [hparams] = recordsOf(
    eventRecord(2, 0, { hparams: { lr: 0.25, [long]: "a", on: true, off: false } }),
  );
  assert.equal(words(get(hparams, 5, 1, 1)), "_hparams_/session_start_info");
  assert.equal(words(get(hparams, 5, 1, 9, 1, 1)), "hparams");
  const start = get<Uint8Array>(hparams, 5, 1, 9, 1, 2, 3)!;
  const entries = fieldsOf(start).filter(({ field }) => field === 1).map(({ value }) => [
    words(get(value as Uint8Array, 1)),
    fieldsOf(get(value as Uint8Array, 2)!)[0],
  ]);
  assert.deepEqual(entries, [
    ["lr", { field: 2, value: 0.25 }],
    [long, { field: 3, value: new TextEncoder().encode("a") }],
    ["on", { field: 4, value: 1 }],
    ["off", { field: 4, value: 0 }],
  ]);
  assert.equal(record(new Uint8Array(0)).length, 16);
});

const run: LoggedRun = {
  id: "key-1",
  group: "sweep",
  name: "0000/../train",
  config: { model: { name: "lru", sizes: [1, 2] }, steps: 3, nothing: null },
};

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "log-"));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  const result = work(folder);
  if (result instanceof Promise) return result.finally(clean) as T;
  clean();
  return result;
}

/** The only event file below a folder. */
function eventFile(folder: string): { name: string; bytes: Uint8Array } {
  const names = readdirSync(folder, { recursive: true }).map(String).filter((n) =>
    n.includes("tfevents")
  );
  assert.equal(names.length, 1, names.join(" "));
  return { name: names[0], bytes: new Uint8Array(readFileSync(join(folder, names[0]))) };
}

Deno.test("tensorboard: a prefix of the file is readable, and a restart replaces it", () =>
  inFolder((storeDir) => {
    const sink = new TensorBoardSink({ storeDir }, () => 1e12);
    assert.ok(sink.lacks(run));
    sink.started(run);
    sink.metrics(run, [["loss", 0, NaN], ["loss", 1, -Infinity], ["rate", 1, 0.5]]);
    // The process is killed here.
    const { name, bytes } = eventFile(storeDir);
    assert.match(
      name,
      /^tensorboard\/sweep\/0000\/_\.\.\/train\/events\.out\.tfevents\.1000000000\./,
    );
    const expected = [["loss", 0, NaN], ["loss", 1, -Infinity], ["rate", 1, 0.5]];
    assert.deepEqual(scalarsOf(bytes), expected);
    for (let end = 0; end < bytes.length; end++) {
      const seen = scalarsOf(bytes.subarray(0, end));
      assert.deepEqual(seen, expected.slice(0, seen.length));
    }
    const again = new TensorBoardSink({ storeDir });
    again.started(run);
    again.metrics(run, [["loss", 0, 2], ["loss", 7, 1]]);
    again.scalars(run, { ratio: 1.25 });
    again.finished(run, "failed");
    again.metrics(run, [["loss", 8, 1]]);
    const after = eventFile(storeDir);
    assert.deepEqual(scalarsOf(after.bytes), [["loss", 0, 2], ["loss", 7, 1], ["ratio", 7, 1.25]]);
    const end = recordsOf(after.bytes).at(-1)!;
    assert.equal(words(get(end, 5, 1, 1)), "_hparams_/session_end_info");
    assert.equal(get(end, 5, 1, 9, 1, 2, 4, 1), 2, "STATUS_FAILURE");
    assert.ok(!again.lacks(run));
    assert.ok(again.lacks({ ...run, id: "key-2" }), "other work under the same name");
  }));

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
  lacks = () => !this.has;
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

/** Points of its curve: NaN at step 1, then 1/2 and 1/3. */
const PROBE = `return g.job("generate", { seed: 1, delay: 60 }, {}, "data");`;

Deno.test("--log tensorboard on the command line: live, later from the catalogue, and only once", async () => {
  using demo = makeProbe(PROBE);
  const folder = join(demo.root, ".store");
  const live = await cli(demo, "run", "--log", "tensorboard");
  assert.equal(live.code, 0, live.out);
  const { name, bytes } = eventFile(folder);
  assert.match(name, /^tensorboard\/probes\/data\//);
  assert.deepEqual(scalarsOf(bytes), [
    ["step", 1, NaN],
    ["step", 2, 1 / 2],
    ["step", 3, Math.fround(1 / 3)],
    ["length", 3, 16],
  ]);
  // Gone, as in a store that was filled without --log: the catalogue has it all.
  rmSync(join(folder, "tensorboard"), { recursive: true });
  const later = await cli(demo, "run", "--log", "tensorboard");
  assert.deepEqual([later.code, later.ran], [0, []], later.out);
  assert.deepEqual(scalarsOf(eventFile(folder).bytes), scalarsOf(bytes));
  const before = eventFile(folder);
  await cli(demo, "run", "--log", "tensorboard");
  assert.deepEqual(eventFile(folder), before);
  const wrong = await cli(demo, "run", "--log", "tensorboard,mlflow");
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /--log mlflow: no such sink; the sinks are tensorboard, wandb/);
});

Deno.test("a run that is killed in the middle of a job leaves the curve as far as it had come", async () => {
  using demo = makeProbe(`return g.job("generate", { seed: 1, delay: 20000 }, {}, "data");`);
  const run = start(demo, "run", "--log", "tensorboard");
  const folder = join(demo.root, ".store/tensorboard");
  const has = () => existsSync(folder) && readdirSync(folder, { recursive: true }).length > 2;
  const points = () => has() ? scalarsOf(eventFile(folder).bytes) : [];
  for (let tries = 0; points().length < 20; tries++) {
    assert.ok(tries < 1000, "no points while the job runs");
    await new Promise((go) => setTimeout(go, 20));
  }
  run.kill("SIGKILL");
  const { ran } = await run.ended;
  assert.deepEqual(ran, []);
  assert.deepEqual(points().map(([, step]) => step), points().map((_, i) => i + 1));
});

/** Environment of this process and of those that it starts. */
async function withEnv(
  values: Record<string, string | undefined>,
  work: () => Promise<void>,
): Promise<void> {
  const before = Object.keys(values).map((name) => [name, Deno.env.get(name)] as const);
  const set = (name: string, value?: string) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  try {
    for (const [name, value] of Object.entries(values)) set(name, value);
    await work();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}

const wandbEnv = (port: number) => ({
  WANDB_BASE_URL: `http://127.0.0.1:${port}`,
  WANDB_API_KEY: "0".repeat(40),
  WANDB_MODE: undefined,
  WANDB_PROJECT: undefined,
  WANDB_ENTITY: undefined,
});

interface Request {
  path: string;
  // deno-lint-ignore no-explicit-any -- whatever the SDK sends
  body: any;
}

/** Answers like W&B, as far as the SDK asks. */
function fakeWandb(requests: Request[]) {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const body = await request.json();
    requests.push({ path: new URL(request.url).pathname, body });
    if (body.query?.includes("viewer")) {
      return Response.json({ data: { viewer: { id: "1", entity: "somebody" } } });
    }
    const { name, displayName } = body.variables ?? {};
    return Response.json({ data: { upsertBucket: { bucket: { id: "1", name, displayName } } } });
  });
}

Deno.test("--log wandb: the real SDK hands runs, curves and exit codes to the server", async () => {
  const requests: Request[] = [];
  const server = fakeWandb(requests);
  using demo = makeProbe(PROBE);
  await withEnv(wandbEnv(server.addr.port), async () => {
    const { code, out } = await cli(demo, "run", "--log", "wandb");
    assert.equal(code, 0, out);
    assert.ok(!out.includes("--log wandb"), out);
  });
  await server.shutdown();
  const starts = requests.flatMap(({ body }) => body.variables?.name ? [body.variables] : []);
  assert.deepEqual(
    starts.map(({ project, displayName }) => [project, displayName]),
    [["deep-linear-ts", "probes/data"]],
  );
  const config = JSON.parse(starts[0].config);
  assert.deepEqual([config.seed, config.stage, config.group], [1, "generate", "probes"]);
  const files = requests.filter(({ path }) => path.endsWith(`/${starts[0].name}/file_stream`));
  assert.ok(files.every(({ path }) => path.startsWith("/files/somebody/deep-linear-ts/")));
  const rows = files.flatMap(({ body }) => body.files?.["wandb-history.jsonl"]?.content ?? [])
    .map((row) => JSON.parse(row));
  assert.deepEqual(rows.map(({ _runtime, _timestamp, ...row }) => row), [
    { step: "NaN", _step: 1 },
    { step: 1 / 2, _step: 2 },
    { step: 1 / 3, _step: 3 },
    { length: 16, _step: 4 },
  ]);
  assert.deepEqual(files.at(-1)!.body, { complete: true, exitcode: 0 });
});

/** Tells a sink one run; returns the warnings and the seconds of telling and of closing. */
async function tell(points: number, patienceMs: number) {
  const warnings: string[] = [];
  const sink = new WandbSink({ storeDir: "", warn: (line) => warnings.push(line) }, patienceMs);
  let start = performance.now();
  const lap = () => {
    const seconds = (performance.now() - start) / 1000;
    start = performance.now();
    return seconds;
  };
  sink.started(run);
  for (let step = 0; step < points; step++) sink.metrics(run, [["loss", step, Math.random()]]);
  sink.scalars(run, { ratio: Infinity });
  sink.finished(run, "done");
  const telling = lap();
  await sink.close();
  return { warnings, telling, closing: lap() };
}

Deno.test("wandb: a server that hangs, one that refuses, no key, no network: one line, and no waiting", async () => {
  const unanswered: (() => void)[] = [];
  const hanging = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Promise((answer) => unanswered.push(() => answer(new Response()))),
  );
  await withEnv(wandbEnv(hanging.addr.port), async () => {
    // More than the queue holds: what does not fit is dropped, and memory stays.
    const { warnings, telling, closing } = await tell(200_000, 1000);
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(warnings[0], /more slowly than they come|did not answer within 1 s/);
    assert.ok(telling < 5 && closing < 3, `${telling} s, ${closing} s`);
  });
  for (const answer of unanswered) answer();
  await hanging.shutdown();
  const free = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = free.addr;
  free.close();
  await withEnv(wandbEnv(port), async () => {
    const { warnings, closing } = await tell(10, 5000);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /^--log wandb: .*ECONNREFUSED.* The jobs go on\.$/);
    assert.ok(closing < 5, `${closing} s`);
  });
  const nobody = { ...wandbEnv(port), WANDB_API_KEY: undefined, HOME: "/nonexistent" };
  await withEnv(nobody, async () => {
    const { warnings } = await tell(10, 5000);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /set the WANDB_API_KEY environment variable/);
  });
  for (const WANDB_MODE of ["offline", "disabled"]) {
    await withEnv({ ...wandbEnv(port), WANDB_MODE }, async () => {
      const { warnings, closing } = await tell(10, 5000);
      assert.match(
        warnings.join(),
        new RegExp(`^--log wandb: WANDB_MODE=${WANDB_MODE}: nothing is sent`),
      );
      assert.ok(closing < 0.1);
    });
  }
  await withEnv({ ...wandbEnv(port), WANDB_BASE_URL: "localhost" }, async () => {
    assert.match((await tell(1, 100)).warnings.join(), /WANDB_BASE_URL=localhost is no URL/);
  });
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
    Deno.writeTextFileSync(join(folder, "new"), "");
    assert.deepEqual(gitCommit(folder), { ...clean, dirty: true });
  }));
