/** @file What a graph is made of: jobs and files. */
import type { ModuleRef, StagePart } from "./stage.ts";

/** What `job` and `file` hand out, to be named as an input of another job. */
export interface JobRef {
  readonly label: string;
}

export interface JobNode extends JobRef {
  kind: "job";
  index: number;
  labels: string[];
  stage: StagePart;
  params: unknown;
  /** The same in the one spelling that keys are made of, see pipeline/content/canonical.ts. */
  spelt: string;
  /** Stage, parameters and inputs, by their places in the graph, in one spelling: no other job of the graph has it. */
  identity: string;
  modules: Record<string, ModuleRef>;
  inputs: Record<string, Node>;
  /** Experiments that ask for it, directly or as an input. */
  experiments: ReadonlySet<string>;
  /** The overrides that it was made with. */
  set?: readonly string[];
}

export interface FileNode extends JobRef {
  kind: "file";
  /** Absolute. */
  path: string;
  name: string;
  sha256: string;
  bytes: number;
  content: string;
}

export type Node = JobNode | FileNode;

/** One time that a grid asked for a job. */
export interface Call {
  node: JobNode;
  /** Parameters as the grid gave them. */
  raw: object;
}
