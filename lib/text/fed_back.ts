/**
 * @file A linear mixer that is fed its logits in place of tokens: then all that comes after a prompt is one linear map of it, tokens of
 * later positions being powers of its matrix, which https://blbadger.github.io/linear-lms.html writes down as generation in
 * parallel. Between logits and the next token stands a choice, which is no linear map; how long the two agree is a question.
 */
import type { CollapsedMixer } from "../models/collapsed_mixer.ts";

/**
 * The logits after a prompt and after each of what is fed back, `count` in all.
 * @param scale by which logits are multiplied before they stand in the place of a token, whose length is 1
 * @throws {RangeError} for an empty prompt, and where prompt and what is fed back are longer than a sequence
 */
export function fedBack(
  { vocabulary, length, matrix, mixing, bias, direction }: CollapsedMixer,
  prompt: readonly number[],
  count: number,
  scale: number,
): Float64Array[] {
  const last = prompt.length + count - 1;
  if (prompt.length === 0 || last > length) {
    throw new RangeError(
      `fedBack: ${prompt.length} tokens and ${count} steps; expected at least one token, and at most ${length} in all but the last step`,
    );
  }
  // Of every position what its token adds at weight 1, a row of the matrix or a mixture of rows.
  const rows = prompt.map((token) => matrix.subarray(token * vocabulary, (token + 1) * vocabulary));
  const found: Float64Array[] = [];
  for (let t = prompt.length - 1; t < last; t++) {
    const logits = direction.map((value) => bias[t] * value);
    rows.forEach((row, s) => {
      for (let v = 0; v < vocabulary; v++) logits[v] += mixing[t * length + s] * row[v];
    });
    found.push(logits);
    const row = new Float64Array(vocabulary);
    logits.forEach((logit, u) => {
      for (let v = 0; v < vocabulary; v++) row[v] += scale * logit * matrix[u * vocabulary + v];
    });
    rows.push(row);
  }
  return found;
}
