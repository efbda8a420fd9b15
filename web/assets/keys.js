// Single keys on every page. They can be turned off (WCAG 2.1.4), in the help.

const box = document.getElementById("q");
const help = document.getElementById("keys");
const opener = document.getElementById("keys-open");
const choice = document.getElementById("keys-on");
const setting = "trawl.keys";

// Storage may be forbidden; then the choice lasts as long as the page.
try {
  choice.checked = localStorage.getItem(setting) !== "off";
} catch {}
choice.addEventListener("change", () => {
  try {
    localStorage.setItem(setting, choice.checked ? "on" : "off");
  } catch {}
});

opener.hidden = false;
opener.addEventListener("click", () => help.showModal());

function move(by) {
  const links = [...document.querySelectorAll(".hit h2 a")];
  if (!links.length) return;
  const at = links.findIndex((link) => link.closest(".hit").contains(document.activeElement));
  const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1);
  links[to].focus();
}

const keys = {
  "/": () => {
    box.focus();
    box.select();
  },
  j: () => move(1),
  k: () => move(-1),
  n: () => document.querySelector("a[rel=next]")?.click(),
  p: () => document.querySelector("a[rel=prev]")?.click(),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (typing) {
    if (event.key === "Escape" && event.target === box) {
      event.preventDefault();
      box.blur();
    }
    return;
  }
  if (!choice.checked || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});
