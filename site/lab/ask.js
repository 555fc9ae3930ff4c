/** @file How a page of the lab asks its worker: the latest question counts, and one before it is given up. */

/**
 * @param {string} source the worker's code, which is part of the page's: so it also runs where the site is a folder
 */
export function asking(source) {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  let worker;
  let giveUp;
  const stop = () => {
    worker?.terminate();
    worker = undefined;
    giveUp?.(new DOMException("Another question came.", "AbortError"));
    giveUp = undefined;
  };
  /**
   * @param {unknown} question
   * @param {(part: unknown) => void} [onPart] hears parts of the answer
   * @returns {Promise<unknown>} rejects with an AbortError where another question came, or `stop` was called
   */
  const ask = (question, onPart = () => {}) => {
    if (giveUp) stop();
    worker ??= new Worker(address);
    return new Promise((resolve, reject) => {
      giveUp = reject;
      const end = (settle, value) => {
        giveUp = undefined;
        settle(value);
      };
      worker.onmessage = ({ data: { part, done, error } }) => {
        if (part !== undefined) onPart(part);
        else if (error !== undefined) end(reject, new Error(error));
        else end(resolve, done);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        worker = undefined;
        end(reject, new Error(event.message || "This browser did not start the worker."));
      };
      worker.postMessage(question);
    });
  };
  return { ask, stop };
}
