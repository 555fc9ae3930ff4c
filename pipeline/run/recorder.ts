/**
 * @file From the outcome of a job to the catalogue, with the checks that keep the cache honest: a
 * result is recorded only under a key that describes the code and the inputs it really came from.
 */
import type { ArtifactSource } from "../store/artifact.ts";
import { canonical, contentOf } from "../content/canonical.ts";
import type { Catalog } from "../store/catalog.ts";
import type {
  DoneJob,
  FailedJob,
  Machine,
  MetricPoint,
  NodeRow,
  RunInfo,
} from "../store/changes.ts";
import type { JobNode, Node } from "../graph.ts";
import type { Fingerprint } from "../keys/fingerprint.ts";
import { baseOf, keyOf } from "../keys/ingredients.ts";
import { knownPrograms, programBase } from "../keys/programs.ts";
import { hashFile } from "../store/objects.ts";
import type { JobSpec } from "./protocol.ts";
import type { Committed, Finished, JobStatus } from "./scheduler.ts";
import type { Workspace } from "../workspace.ts";
import { existsSync, rmSync } from "node:fs";

export class Recorder {
  #artifacts = new Map<Node, ArtifactSource>();

  constructor(
    private readonly workspace: Workspace,
    private readonly catalog: Catalog,
    private readonly run: RunInfo,
    private readonly threads = 1,
  ) {}

  /** What the worker is given. */
  async spec({ node, stale }: JobStatus): Promise<JobSpec> {
    const { root, storeDir } = this.workspace;
    const inputs: Record<string, ArtifactSource> = {};
    if (Object.values(node.inputs).some((input) => !this.#artifacts.has(input))) {
      await this.#learnArtifacts(node);
    }
    // In the order of the names: the key does not know another, so a stage must not see one.
    for (const name of Object.keys(node.inputs).sort()) {
      inputs[name] = this.#artifacts.get(node.inputs[name])!;
    }
    return {
      key: stale!.key,
      label: node.label,
      root,
      storeDir,
      inputDir: storeDir,
      stage: { name: node.stage.name, path: node.stage.path },
      modules: node.modules,
      params: JSON.parse(canonical(node.params)),
      inputs,
      threads: this.threads,
      codeFiles: await this.#codeFiles(stale!.fingerprint),
    };
  }

  /** Earlier jobs that this one is the same as if its programs are; see `known` of its spec. */
  async known({ node, stale }: JobStatus): Promise<Record<string, string> | undefined> {
    const base = await programBase(this.workspace, node, stale!.ingredients);
    return base === undefined ? undefined : await knownPrograms(this.workspace, this.catalog, base);
  }

  /** One change for everything that finished since the last one. */
  async commit(finished: Finished[]): Promise<(Recorded | { error: string })[]> {
    const done: DoneJob[] = [];
    const failed: FailedJob[] = [];
    const machines = new Map<string, Machine>();
    const results = await Promise.all(finished.map(async (item) => {
      const { status: { node, stale }, outcome } = item;
      const error = outcome.ok ? await this.#objection(item) : outcome.message;
      if (error === undefined && outcome.ok) {
        const job = await this.#record(item.status, outcome.result, outcome.machine);
        if (outcome.machine) machines.set(outcome.machine.id, outcome.machine);
        done.push(job);
        this.#artifacts.set(node, job.artifact);
        // The workspace looks the next one up by these.
        if (job.ingredients.rules) this.workspace.index.rules.set(job.base!, outcome.result.rules);
        const { key, content, seconds, metrics, artifact: { files, scalars } } = job;
        const objects = files.map((f) => f.sha256);
        const { sameAs } = outcome.result;
        return { key, content, objects, seconds, metrics, scalars, ...(sameAs && { sameAs }) };
      }
      if (outcome.ok || !outcome.aborted) {
        const metrics = outcome.ok ? undefined : outcome.metrics;
        const curve = metrics && { metrics };
        failed.push({ key: stale!.key, label: node.label, message: error!, ...curve });
      }
      return { error: error! };
    }));
    const keys = results.map((result) => "key" in result ? result.key : undefined);
    const nodes = this.#rows(finished, keys);
    await this.catalog.commit(this.run, done, failed, nodes, [...machines.values()]);
    for (const { spec, outcome } of finished) {
      const checkpoint = this.workspace.objects.checkpointPath(spec.key);
      if (!outcome.ok || !existsSync(checkpoint)) continue;
      rmSync(checkpoint, { recursive: true, force: true });
    }
    return results;
  }

  /** Why a result cannot be recorded; undefined when it can. */
  async #objection({ status: { node, stale }, outcome }: Finished): Promise<string | undefined> {
    if (!outcome.ok) return outcome.message;
    const { fingerprints } = this.workspace;
    const { files } = stale!.fingerprint;
    const { codeSeen } = outcome.result;
    const again = "its result was thrown away. Run the pipeline again.";
    if (!await fingerprints.stillHolds(node.stage.path, node.modules, stale!.fingerprint)) {
      const edited = Object.keys(files).filter((p) => fingerprints.hashes.hash(p) !== files[p]);
      return `${edited.join(", ") || "deno.json or deno.lock"} changed while the job ran; ${again}`;
    }
    // Now the files say what the key says, or differ where it does not matter. The worker must have
    // loaded one of these two.
    for (const [path, hash] of Object.entries(files)) {
      if (codeSeen[path] === hash || codeSeen[path] === fingerprints.hashes.hash(path)) continue;
      return `${path} was another when the worker loaded it; ${again}`;
    }
    for (const rule of outcome.result.rules) {
      const edited = Object.entries((await fingerprints.ofRule(rule))?.files ?? {})
        .find(([path, hash]) => codeSeen[path] !== hash);
      if (edited) return `${edited[0]} changed before the worker loaded it; ${again}`;
    }
    const lost = outcome.result.artifact.files
      .find((file) => !this.workspace.objects.has(file.sha256));
    if (lost) return `Its file ${lost.name} is not in the store; ${again}`;
    for (const input of Object.values(node.inputs)) {
      if (input.kind === "job" || hashFile(input.path) === input.sha256) continue;
      return `The input file ${input.path} changed while the job ran; ${again}`;
    }
  }

  /** Files that the job's code may come from: of tables all of them. */
  async #codeFiles({ files, tables }: Fingerprint): Promise<string[]> {
    const { fingerprints } = this.workspace;
    const whole = await Promise.all(tables.map((table) => fingerprints.ofRule(table)));
    return [...new Set([files, ...whole.map((f) => f?.files ?? {})].flatMap(Object.keys))];
  }

  async #record(
    { node, stale }: JobStatus,
    result: DoneResult,
    ranOn: Machine = this.run.machine,
  ): Promise<DoneJob> {
    const { programs, sameAs: key } = result;
    const outcome = key === undefined
      ? { ...result, machine: ranOn.id }
      : await this.catalog.outcome(key);
    const { artifact, seconds, observations, metrics, machine } = outcome;
    const base = programs && await programBase(this.workspace, node, stale!.ingredients);
    // Of several that are the same, the one that ran.
    const sameAs = key && (await this.catalog.sameAs(key) ?? key);
    const rules: Record<string, string> = {};
    for (const rule of result.rules) {
      rules[rule] = (await this.workspace.fingerprints.ofRule(rule))!.code;
    }
    const ingredients = { ...stale!.ingredients };
    if (ingredients.rules) ingredients.rules = rules;
    const { files, scalars } = artifact;
    const hashes = Object.fromEntries(files.map((f) => [f.name, f.sha256]));
    const { code } = ingredients;
    return {
      key: keyOf(ingredients),
      base: baseOf(ingredients),
      label: node.label,
      ingredients,
      codeDetail: this.workspace.fingerprints.detail(code),
      content: contentOf(hashes, scalars),
      ...(base && { program: { base, digests: programs, ...(sameAs && { sameAs }) } }),
      artifact,
      inputs: Object.entries(node.inputs).map(([name, input]) => ({
        name,
        key: input.kind === "job" ? this.workspace.resolver.keys.get(input)! : null,
        content: this.workspace.resolver.contentOf(input)!,
      })),
      seconds,
      observations,
      metrics,
      machine,
    };
  }

  /** @param keys of those that succeeded */
  #rows(finished: Finished[], keys: (string | undefined)[]): NodeRow[] {
    return finished.flatMap(({ status: { node } }, i) => {
      const key = keys[i];
      return key === undefined ? [] : node.labels.map((label) => ({ label, key, doneKey: key }));
    });
  }

  /** Asks once for what a job needs, and what others that are to run will need of jobs that are done. */
  async #learnArtifacts(node: JobNode): Promise<void> {
    const { graph, resolver } = this.workspace;
    const wanted = new Set<Node>(Object.values(node.inputs));
    for (const open of graph.jobs) {
      if (resolver.contentOf(open) !== undefined) continue;
      for (const input of Object.values(open.inputs)) {
        if (resolver.contentOf(input) !== undefined) wanted.add(input);
      }
    }
    const byKey = new Map<string, JobNode[]>();
    for (const input of wanted) {
      if (this.#artifacts.has(input)) continue;
      if (input.kind === "job") {
        const key = resolver.keys.get(input)!;
        byKey.set(key, [...byKey.get(key) ?? [], input]);
        continue;
      }
      const { name, sha256, bytes, path } = input;
      this.#artifacts.set(input, { files: [{ name, sha256, bytes }], scalars: {}, path });
    }
    if (!byKey.size) return;
    for (const [key, artifact] of await this.catalog.artifacts([...byKey.keys()])) {
      for (const input of byKey.get(key)!) this.#artifacts.set(input, artifact);
    }
  }
}

/** What was recorded of a job: an earlier one's where that had the same programs. */
export interface Recorded extends Committed {
  metrics: MetricPoint[];
  scalars: Record<string, number>;
}

type DoneResult = Extract<Finished["outcome"], { ok: true }>["result"];
