/** @file What every worker of the lab says to its page: parts of an answer while it is made, then the whole, or what went wrong. */
/// <reference lib="deno.worker" />

/** What a page asks, and what its worker answers. */
export interface Answer<Part, Whole> {
  part?: Part;
  done?: Whole;
  error?: string;
}

/** Answers every question that the page sends. @param work says parts as they come */
export function answering<Question, Part, Whole>(
  work: (question: Question, say: (part: Part) => void) => Whole | Promise<Whole>,
): void {
  const post = (answer: Answer<Part, Whole>) => self.postMessage(answer);
  self.onmessage = async ({ data }: MessageEvent<Question>) => {
    try {
      post({ done: await work(data, (part) => post({ part })) });
    } catch (error) {
      post({ error: error instanceof Error ? error.message : String(error) });
    }
  };
}
