/** @file Reduced-rank regression, its rank chosen on the validation rows. */
import type { ReferenceModule } from "../../task.ts";
import type { Fit } from "../forecaster.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import type { Problem } from "../problem.ts";
import { fitOnValidation, rankPath } from "../regularised_path.ts";
import { referenceOf } from "./reference.ts";

/** Fits on the training rows, see {@linkcode fitOnValidation}. */
export const fit = (problem: Problem): Fit => fitOnValidation(problem, rankPath);

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
