/** @file The structures of the state matrix that the experiments compare, on the same eigenvalues. */
import type { Law } from "./filtering.ts";

export interface Structure {
  id: "diagonal" | "matched" | "redrawn" | "condition-10" | "condition-100";
  label: string;
  law: Omit<Law, "lambda" | "obsDim">;
}

/**
 * From the control that is the same process, over the one that is the same in law, to the treatment: with isotropic noise and
 * Gaussian C only non-normality can matter, and the condition number of the eigenvectors sets it.
 */
export const structures: Structure[] = [
  { id: "diagonal", label: "diagonal", law: { structure: "diagonal" } },
  {
    id: "matched",
    label: "dense, condition 1, C matched",
    law: { structure: "dense", condition: 1, observation: "matched" },
  },
  {
    id: "redrawn",
    label: "dense, condition 1, C redrawn",
    law: { structure: "dense", condition: 1, observation: "redrawn" },
  },
  {
    id: "condition-10",
    label: "dense, condition 10",
    law: { structure: "dense", condition: 10, observation: "redrawn" },
  },
  {
    id: "condition-100",
    label: "dense, condition 100",
    law: { structure: "dense", condition: 100, observation: "redrawn" },
  },
];

/** The same object for the same law wherever it is asked for, so that experiments share its runs. */
export function lawOf(lambda: number, { id, law }: Structure): Law {
  return id === "diagonal" ? { lambda } : { lambda, ...law };
}

export function structureOf(id: Structure["id"]): Structure {
  return structures.find((structure) => structure.id === id)!;
}
