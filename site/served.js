// What `deno task serve` adds to each page as it sends it: the page is loaded again once its site has been built again, and
// shows how far a run of the pipeline is, in a bar of its own style at the foot of the window.
(() => {
  const address = document.currentScript.dataset.live;
  const EVERY = 1000;
  let build, bar, hidden;

  const STYLE = `
    :host { position: fixed; inset: auto 0 0 0; z-index: 9; font: 14px/1.45 system-ui, sans-serif;
      color: var(--ink, CanvasText); background: var(--raised, Canvas); border-top: 1px solid var(--line, GrayText); }
    div { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 12px; padding: 7px 16px;
      font-variant-numeric: tabular-nums; }
    progress { flex: none; width: 120px; height: 8px; accent-color: var(--good, LinkText); }
    .job { flex: 1 1 12em; min-width: 0; overflow: hidden; white-space: nowrap; text-overflow: ellipsis;
      color: var(--muted, GrayText); }
    code { font-size: 13px; overflow-wrap: anywhere; }
    button { font: inherit; color: inherit; background: none; border: 1px solid currentcolor; border-radius: 4px; }
    @media print { :host { display: none; } }`;

  function open() {
    bar = document.createElement("aside");
    bar.className = "run-progress";
    bar.setAttribute("aria-label", "Run of the pipeline");
    const root = bar.attachShadow({ mode: "open" });
    const style = document.createElement("style");
    style.textContent = STYLE;
    root.append(style, document.createElement("div"));
    document.body.append(bar);
    return bar;
  }

  const element = (name, text) =>
    Object.assign(document.createElement(name), { textContent: text });

  function time(seconds) {
    if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
    const minutes = Math.round(seconds / 60);
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }

  function show(run) {
    const key = run && `${run.pid} ${run.killed}`;
    if (!run || key === hidden) {
      bar?.remove();
      bar = undefined;
      return;
    }
    const { totals, profile, running, killed, command } = run;
    const over = totals.cached + totals.ran + totals.failed + totals.skipped;
    // As on a terminal: by work, and whole only when every job is over.
    const share = totals.share === undefined || over >= totals.total
      ? over / Math.max(1, totals.total)
      : Math.min(0.99, totals.share);
    const jobs = `${over.toLocaleString("en")} of ${totals.total.toLocaleString("en")} jobs`;
    const failed = totals.failed ? `, ${totals.failed} failed` : "";
    const meter = Object.assign(document.createElement("progress"), { value: share, max: 1 });
    meter.setAttribute("aria-label", `Run of ${profile}`);
    const parts = [meter];
    if (killed) {
      const hide = element("button", "Hide");
      hide.onclick = () => show(void (hidden = key));
      parts.push(
        element(
          "span",
          `The run of ${profile} was stopped at ${jobs}${failed}. The same command goes on:`,
        ),
        element("code", command),
        hide,
      );
    } else {
      const left = totals.eta === undefined ? "" : `, ${time(totals.eta)} left`;
      const [first] = running;
      const steps = first?.progress ? ` ${first.progress.done}/${first.progress.total}` : "";
      parts.push(
        element("span", `${profile}: ${Math.floor(100 * share)} %, ${jobs}${failed}${left}`),
        Object.assign(element("span", first ? `${first.stage} ${first.label}${steps}` : ""), {
          className: "job",
        }),
      );
    }
    (bar ?? open()).shadowRoot.querySelector("div").replaceChildren(...parts);
  }

  async function ask() {
    const response = await fetch(address).catch(() => undefined);
    if (!response?.ok) return show(undefined);
    const said = await response.json();
    // While a site is swapped there is none for a moment.
    if (build && said.build && said.build !== build) location.reload();
    build = said.build || build;
    show(said.run);
  }

  ask();
  setInterval(ask, EVERY);
})();
