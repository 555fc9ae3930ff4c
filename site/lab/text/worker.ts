/** @file The worker of the page on language, with the model that comes with the repository. */
import type { LanguageModel } from "../../../lib/text/generated.ts";
import { languageModel } from "../../../pipeline/commands/generate/language_model.ts";
import { answering } from "../worker.ts";
import { type Part, type Question, write } from "./text.ts";

/** Of data/models/linear, in base64; and the text of its tokenizer. */
declare const MODEL: string;
declare const TOKENIZER: string;

let model: LanguageModel | undefined;

answering<Question, Part, number>((question, say) => {
  model ??= languageModel(
    Uint8Array.from(atob(MODEL), (character) => character.charCodeAt(0)),
    TOKENIZER,
    "model.safetensors",
  );
  return write(model, question, say);
});
