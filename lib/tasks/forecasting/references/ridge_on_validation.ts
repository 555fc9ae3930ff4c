/** @file Ridge regression, its ridge chosen on the validation rows. */
import type { ReferenceModule } from "../../task.ts";
import type { Fit } from "../forecaster.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import type { Problem } from "../problem.ts";
import { fitOnValidation, ridgePath } from "../regularised_path.ts";
import { referenceOf } from "./reference.ts";

/** Fits on the training rows, see {@linkcode fitOnValidation}. */
export const fit = (problem: Problem): Fit => fitOnValidation(problem, ridgePath);

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
