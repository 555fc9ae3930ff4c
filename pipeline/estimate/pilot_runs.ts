/**
 * @file Runs pilots: small jobs with small inputs, through the ordinary worker, in a store of their own
 * that is gone afterwards. Each has a process to itself, and no other job runs beside it unless that is what is measured, so
 * what it reports (seconds, peak memory) is its own.
 */
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { JobNode, Node } from "../graph.ts";
import { canonical, sha256 } from "../content/canonical.ts";
import type { StagePart } from "../stage.ts";
import { LocalExecutor } from "../run/executors/local.ts";
import type { JobSpec } from "../run/protocol.ts";
import type { ModuleRef } from "../stage.ts";
import type { ArtifactSource } from "../store/artifact.ts";
import { Objects } from "../store/objects.ts";
import type { Workspace } from "../workspace.ts";
import { type Measurement, measurement } from "./cost.ts";
import { type Pilot, type PilotOf, pilotOf } from "./pilot.ts";

const FOLDER = "estimate-";

/** Ctrl-C. */
export class Stopped extends Error {}

/** A job of the small graph. */
interface Small {
  /** sha256 of stage, parameters and inputs: equal jobs run once. */
  key: string;
  label: string;
  stage: StagePart;
  params: unknown;
  modules: Record<string, ModuleRef>;
  inputs: Record<string, Small | ArtifactSource>;
}

interface Ran {
  artifact: ArtifactSource;
  measured: Measurement;
}

export class PilotRuns {
  readonly #dir: string;
  readonly #objects: Objects;
  readonly #ran = new Map<string, Promise<Ran>>();
  #executor?: LocalExecutor;
  #stopped = false;
  /** How many jobs have run. */
  count = 0;

  /** The caller holds the store's lock. */
  constructor(
    private readonly workspace: Workspace,
    private readonly pilots: Record<string, PilotOf>,
    private readonly say: (line: string) => void,
  ) {
    const { storeDir } = workspace;
    for (const name of readdirSync(storeDir)) { // left by a process that was killed
      if (name.startsWith(FOLDER)) rmSync(join(storeDir, name), { recursive: true, force: true });
    }
    this.#dir = mkdtempSync(join(storeDir, FOLDER));
    this.#objects = new Objects(this.#dir);
  }

  /**
   * Runs the pilot of a job, and before it those of its inputs.
   *
   * @throws {Error} when an input cannot be had or a pilot fails
   * @throws {Stopped} after `stop`
   */
  async measure(node: JobNode, pilot: Pilot): Promise<Measurement> {
    const small = await this.#small(node, pilot.params, pilot.inputs);
    const { measured } = await this.#run(small);
    if (!pilot.peak) return measured;
    const large = await this.#small(node, pilot.peak.params, pilot.peak.inputs);
    const { memory } = (await this.#run(large)).measured;
    return { ...measured, memory: Math.max(measured.memory, memory) };
  }

  /** Runs a pilot `count` times at once, in processes that have done it before: while one starts, it is busy with more than the job. */
  async together(node: JobNode, pilot: Pilot, count: number): Promise<Measurement[]> {
    const small = await this.#small(node, pilot.params, pilot.inputs);
    const inputs = await this.#inputs(small);
    this.say(`pilot of ${node.stage.name} ${node.label}, ${count} at a time`);
    const round = (name: string) =>
      Array.from(
        { length: count },
        (_, i) => this.#spec({ ...small, key: `${small.key}-${name}-${i}` }, inputs),
      );
    const ran = await this.#execute([round("first"), round("again")], small.stage);
    return ran.map(({ measured }) => measured);
  }

  /** Ends what runs; whatever was asked for rejects with `Stopped`. */
  stop(): void {
    this.#stopped = true;
    this.#executor?.abort(0);
  }

  /** Removes the store. */
  close(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #small(
    node: JobNode,
    raw: object,
    overrides: Record<string, object> = {},
  ): Promise<Small> {
    const { stage, label } = node;
    const parsed = stage.schema.safeParse(raw);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new Error(
        `the pilot's parameters do not suit ${stage.path}: ${
          issue.path.join(".")
        } ${issue.message}`,
      );
    }
    for (const name of Object.keys(overrides)) {
      if (node.inputs[name]?.kind !== "job") {
        throw new Error(`the pilot makes input "${name}" smaller, which is no job of ${label}`);
      }
    }
    const inputs: Small["inputs"] = {};
    for (const name of Object.keys(node.inputs).sort()) {
      inputs[name] = await this.#input(node.inputs[name], overrides[name]);
    }
    const params = JSON.parse(canonical(parsed.data));
    const modules = stage.modules?.(params) ?? {};
    const sources = Object.entries(inputs).map(([name, i]) => [name, "key" in i ? i.key : i.files]);
    const key = sha256(canonical([stage.name, params, sources]));
    return { key, label, stage, params, modules, inputs };
  }

  /** What a job reads: of its own size when that is done, otherwise as small as its stage says. */
  async #input(node: Node, params?: object): Promise<Small | ArtifactSource> {
    if (node.kind === "file") {
      const { name, sha256, bytes, path } = node;
      return { files: [{ name, sha256, bytes }], scalars: {}, path };
    }
    if (params) return await this.#small(node, params);
    const { resolver, objects, catalog } = this.workspace;
    if (resolver.contentOf(node) !== undefined) {
      const artifact = await (await catalog()).artifact(resolver.keys.get(node)!);
      for (const { sha256 } of artifact.files) this.#borrow(objects.path(sha256), sha256);
      return artifact;
    }
    const pilot = pilotOf(node, this.pilots);
    if (pilot) return await this.#small(node, pilot.params, pilot.inputs);
    throw new Error(
      `its input ${node.label} has not run, and stage ${node.stage.name} has no pilot`,
    );
  }

  /** A second name for the same bytes: removing it leaves the real store as it was. */
  #borrow(from: string, hash: string): void {
    const to = this.#objects.path(hash);
    mkdirSync(dirname(to), { recursive: true });
    rmSync(to, { force: true });
    linkSync(from, to);
  }

  #run(small: Small): Promise<Ran> {
    let ran = this.#ran.get(small.key);
    if (!ran) {
      ran = (async () => {
        const inputs = await this.#inputs(small);
        this.say(`pilot of ${small.stage.name} ${small.label}`);
        return (await this.#execute([[this.#spec(small, inputs)]], small.stage))[0];
      })();
      this.#ran.set(small.key, ran);
    }
    return ran;
  }

  /** One after the other: a measurement must not share the machine. */
  async #inputs(small: Small): Promise<Record<string, ArtifactSource>> {
    const artifacts: Record<string, ArtifactSource> = {};
    for (const [name, input] of Object.entries(small.inputs)) {
      artifacts[name] = "key" in input ? (await this.#run(input)).artifact : input;
    }
    return artifacts;
  }

  #spec(small: Small, inputs: Record<string, ArtifactSource>): JobSpec {
    const { root } = this.workspace;
    const { key, label, stage, params, modules } = small;
    return {
      ...{ key, label, root, params, modules, inputs },
      storeDir: this.#dir,
      inputDir: this.#dir,
      stage: { name: stage.name, path: stage.path },
      threads: 1,
      codeFiles: [],
    };
  }

  /** In new processes, the jobs of a round at once, one round after the other. @returns what the last round left */
  async #execute(rounds: JobSpec[][], stage: StagePart): Promise<Ran[]> {
    if (this.#stopped) throw new Stopped();
    const executor = new LocalExecutor(Math.max(...rounds.map((specs) => specs.length)));
    this.#executor = executor;
    try {
      let ran: Ran[] = [];
      for (const specs of rounds) {
        const outcomes = await Promise.all(
          specs.map((spec) => executor.run(spec, stage.permissions, { log() {}, progress() {} })),
        );
        ran = outcomes.map((outcome) => {
          if (!outcome.ok) throw this.#stopped ? new Stopped() : new Error(outcome.message);
          const { artifact, seconds, observations } = outcome.result;
          this.count++;
          return { artifact, measured: measurement(seconds, observations, artifact.files) };
        });
      }
      return ran;
    } finally {
      await executor.close();
    }
  }
}
