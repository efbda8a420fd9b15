// Keeps the figures of a collection fresh. The server has rendered them with the
// page; this only writes newer ones into the same places.

const whole = new Intl.NumberFormat("en");
const decimal = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

function text(name, value) {
  return name === "pages_per_second" && value < 9.95 ? decimal.format(value) : whole.format(Math.round(value));
}

function show(box, figures) {
  for (const e of box.querySelectorAll("[data-figure]")) e.textContent = text(e.dataset.figure, figures[e.dataset.figure]);
  for (const e of box.querySelectorAll("[data-some]")) e.hidden = !figures[e.dataset.some];
  for (const e of box.querySelectorAll("[data-one]")) e.hidden = figures[e.dataset.one] !== 1;
  for (const e of box.querySelectorAll("[data-many]")) e.hidden = figures[e.dataset.many] === 1;
  for (const e of box.querySelectorAll("[data-state]")) e.hidden = !e.dataset.state.split(" ").includes(figures.state);
  const bar = box.querySelector("[data-bar]");
  if (bar) {
    bar.max = Math.max(1, figures.pages + figures.queued + figures.failed);
    bar.value = figures.pages + figures.failed;
  }
}

// A page that nobody looks at holds no connection: browsers allow six to a host.
function follow(box) {
  let source;
  const toggle = () => {
    if (document.hidden) {
      source?.close();
      source = undefined;
    } else if (!source) {
      source = new EventSource(box.dataset.source);
      source.addEventListener("progress", (event) => show(box, JSON.parse(event.data)));
    }
  };
  document.addEventListener("visibilitychange", toggle);
  addEventListener("pagehide", () => {
    source?.close();
    source = undefined;
  });
  addEventListener("pageshow", toggle);
  toggle();
}

document.querySelectorAll("[data-source]").forEach(follow);
