/** @file One target in a worker, which is ended when an input takes too long. */
import { MOST_SECONDS } from "./target.ts";
import type { Answer, Failure, Order } from "./worker.ts";

/** How many inputs were tried, and the one that failed, if any. */
export function runTarget(
  order: Order,
  mostSeconds = MOST_SECONDS,
): Promise<{ runs: number; failure?: Failure }> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise((settle, reject) => {
    let last: string | undefined;
    let timer: ReturnType<typeof setTimeout>;
    const end = () => {
      clearTimeout(timer);
      worker.terminate();
    };
    const watch = (seconds: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        end();
        const error = `no answer for ${seconds} s`;
        settle({ runs: 0, failure: { input: last ?? "(none yet)", error } });
      }, 1000 * seconds);
    };
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.kind === "trying") {
        last = data.input;
        watch(mostSeconds);
        return;
      }
      end();
      settle(data);
    };
    worker.onerror = (event) => {
      end();
      reject(new Error(`the worker failed: ${event.message}; its last input: ${last}`));
    };
    // Loading takes longer than an input.
    watch(6 * MOST_SECONDS);
    worker.postMessage(order);
  });
}
