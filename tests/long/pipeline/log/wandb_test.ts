/**
 * @file Weights & Biases through the real SDK, against servers that record, hang or refuse: curves arrive,
 * and no server can hold up a run.
 */
import assert from "node:assert/strict";
import { WandbSink } from "../../../../pipeline/log/wandb.ts";
import { cli, makeProbe } from "../../../pipeline/helpers.ts";
import { PROBE, run } from "../../../pipeline/log/helpers.ts";

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
    assert.ok(telling < 60 && closing < 30, `${telling} s, ${closing} s`);
  });
  for (const answer of unanswered) answer();
  await hanging.shutdown();
  const free = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = free.addr;
  free.close();
  await withEnv(wandbEnv(port), async () => {
    const { warnings, closing } = await tell(10, 60_000);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /^--log wandb: .*ECONNREFUSED.* The jobs go on\.$/);
    assert.ok(closing < 30, `${closing} s`);
  });
  const nobody = { ...wandbEnv(port), WANDB_API_KEY: undefined, HOME: "/nonexistent" };
  await withEnv(nobody, async () => {
    const { warnings } = await tell(10, 5000);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /set the WANDB_API_KEY environment variable/);
  });
  for (const WANDB_MODE of ["offline", "disabled"]) {
    await withEnv({ ...wandbEnv(port), WANDB_MODE }, async () => {
      const { warnings, closing } = await tell(10, 60_000);
      assert.match(
        warnings.join(),
        new RegExp(`^--log wandb: WANDB_MODE=${WANDB_MODE}: nothing is sent`),
      );
      assert.ok(closing < 30);
    });
  }
  // Set to nothing is not set.
  await withEnv({ ...nobody, WANDB_MODE: "", WANDB_BASE_URL: "", WANDB_PROJECT: "" }, async () => {
    assert.match((await tell(1, 5000)).warnings.join(), /set the WANDB_API_KEY environment var/);
  });
  await withEnv({ ...wandbEnv(port), WANDB_BASE_URL: "localhost" }, async () => {
    assert.match((await tell(1, 100)).warnings.join(), /WANDB_BASE_URL=localhost is no URL/);
  });
});
