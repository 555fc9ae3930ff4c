/** @file The structures of the state matrix that the experiments compare, on the same eigenvalues. */
import type { Distribution } from "../../../../lib/tasks/filtering/distribution.ts";

export type StructureId =
  | "diagonal"
  | "matched"
  | "matched-10"
  | "matched-100"
  | "redrawn"
  | "redrawn-10"
  | "redrawn-100";

interface Structure {
  label: string;
  /** What differs from a diagonal system. */
  options: Partial<Distribution>;
}

const dense = (condition: number, observation: Distribution["observation"]) => ({
  structure: "dense" as const,
  condition,
  observation,
});

/**
 * From the control that is the same process to the treatments. A dense A is M D M^-1. Where C is matched, C M is the C of the diagonal
 * system, so in modal coordinates transition and observation stay and only the shape of the noise, M^-1 M^-T, differs: that is all
 * that a condition number of M can do to what is observed. Where C is redrawn, another Gaussian C looks at the same A: two things
 * differ, and at condition 1 it is another draw of the same distribution.
 */
export const structures: Record<StructureId, Structure> = {
  "diagonal": { label: "diagonal", options: {} },
  "matched": { label: "dense, condition 1, C matched", options: dense(1, "matched") },
  "matched-10": { label: "dense, condition 10, C matched", options: dense(10, "matched") },
  "matched-100": { label: "dense, condition 100, C matched", options: dense(100, "matched") },
  "redrawn": { label: "dense, condition 1, C redrawn", options: dense(1, "redrawn") },
  "redrawn-10": { label: "dense, condition 10, C redrawn", options: dense(10, "redrawn") },
  "redrawn-100": { label: "dense, condition 100, C redrawn", options: dense(100, "redrawn") },
};

export const structureIds = Object.keys(structures) as StructureId[];

/** Structures of one law have the learning rate of the first. */
export const sameLaw: Partial<Record<StructureId, StructureId>> = { redrawn: "diagonal" };

export function distributionOf(lambda: number, structure: StructureId): Partial<Distribution> {
  return { lambda, ...structures[structure].options };
}
