/** @file What a closed form learns about the model that it is for. */
import type { Tensor } from "../../../tensor/tensor.ts";

/** Shape of a parameter by its dotted name. @throws {RangeError} naming what the model lacks. */
export function shapeOf(
  flat: Readonly<Record<string, Tensor>>,
  name: string,
  form: string,
): readonly number[] {
  const found = flat[name];
  if (found) return found.shape;
  throw new RangeError(
    `${form}: the model has no parameter ${name}, but ${
      Object.keys(flat).join(", ")
    }; name the model that the form is for`,
  );
}
