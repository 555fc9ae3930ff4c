/**
 * @file Ends a process whose parent is gone, however busy it is.
 *
 * A worker that computes hears nothing, not even that its input has ended; so a thread of its own looks. Where the system gives an
 * orphan no other parent (Windows), the end of the input has to do.
 */

/** How often it looks. */
const EVERY_MS = 1000;

/** @param parent process number of the coordinator, told by it: it may be gone before this is called */
export function endWithParent(parent: number): void {
  const code = `setInterval(() => {
    if (Deno.build.os !== "windows" && Deno.ppid !== ${parent}) Deno.kill(Deno.pid, "SIGKILL");
  }, ${EVERY_MS});`;
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  new Worker(url, { type: "module", name: "watchdog" });
}
