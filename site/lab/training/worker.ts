/** @file The worker of the page on training: the library's own engines for browsers. */
import { compile as webAssembly } from "../../../lib/engine/engines/jax.ts";
import { compile as webGpu } from "../../../lib/engine/engines/jax_webgpu.ts";
import { answering } from "../worker.ts";
import { type Moment, type Part, type Question, trainOnce } from "./training.ts";

answering<Question & { gpu: boolean }, Part, Moment>(({ gpu, ...question }, say) =>
  trainOnce(question, gpu ? webGpu : webAssembly, say)
);
