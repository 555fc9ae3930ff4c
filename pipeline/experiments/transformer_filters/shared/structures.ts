/** @file The structures of the state matrix that the experiments compare, on the same eigenvalues. */
import type { Distribution } from "../../../../lib/tasks/filtering/distribution.ts";

export type StructureId = "diagonal" | "matched" | "redrawn" | "condition-10" | "condition-100";

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
 * From the control that is the same process, over the one that is the same in distribution, to the treatment: with isotropic
 * noise and Gaussian C only non-normality can matter, and the condition number of the eigenvectors sets it.
 */
export const structures: Record<StructureId, Structure> = {
  "diagonal": { label: "diagonal", options: {} },
  "matched": { label: "dense, condition 1, C matched", options: dense(1, "matched") },
  "redrawn": { label: "dense, condition 1, C redrawn", options: dense(1, "redrawn") },
  "condition-10": { label: "dense, condition 10", options: dense(10, "redrawn") },
  "condition-100": { label: "dense, condition 100", options: dense(100, "redrawn") },
};

export const structureIds = Object.keys(structures) as StructureId[];

export function distributionOf(lambda: number, structure: StructureId): Partial<Distribution> {
  return { lambda, ...structures[structure].options };
}
