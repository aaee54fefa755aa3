// Comfort for the clerk: keys for the lines of today, and lists that stay fresh. Every page works without it.
"use strict";

const REFRESH = 30_000; // Milliseconds between two looks at what is new.
const SWITCH = "keys-off"; // Under this name a machine remembers that its clerk wants no keys.

const live = document.querySelector("[data-live]");
const help = document.getElementById("keys");
const keysOn = document.querySelector("[data-keys-on]");

// Keys

const lines = () => [...document.querySelectorAll("[data-line]")];
const lineAtHand = () => document.activeElement?.closest("[data-line]");
const takesText = (it) => it.closest("input:not([type=checkbox]), select, textarea");

function go(step) {
  const all = lines();
  const at = all.indexOf(lineAtHand());
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
  all[next]?.focus();
}

function press(line, key) {
  const target = line?.querySelector(`[data-key~="${CSS.escape(key)}"]`);
  if (!target) return false;
  if (target.matches("summary")) {
    target.parentElement.open = true;
    target.parentElement.querySelector("button, input:not([type=hidden])").focus();
  } else {
    target.click();
  }
  return true;
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const line = lineAtHand();
  if (event.key === "Escape") {
    line?.querySelectorAll("details[open]").forEach((it) => { it.open = false; });
    help.open = false;
    line?.focus();
    return;
  }
  if (!keysOn.checked || takesText(event.target)) return;
  if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (event.key === "?") { help.open = !help.open; help.querySelector("summary").focus(); }
  else if (event.key === "Enter" && event.target === line) line.querySelector("[data-open]")?.click();
  else if (!press(line, event.key)) return;
  event.preventDefault();
}

if (live && help) {
  help.hidden = false;
  keysOn.checked = localStorage.getItem(SWITCH) !== "1";
  keysOn.addEventListener("change", () => localStorage.setItem(SWITCH, keysOn.checked ? "0" : "1"));
  document.addEventListener("keydown", onKey);
}

// Fresh lists

function isInUse() {
  const at = document.activeElement;
  const onControl = live.contains(at) && !at.matches("[data-line]");
  const isTyped = [...live.querySelectorAll("input:not([type=hidden])")].some((it) => it.value !== it.defaultValue);
  return onControl || isTyped || live.querySelector("details[open]") !== null;
}

async function refresh() {
  if (document.visibilityState !== "visible" || isInUse()) return;
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (answer.redirected) return location.reload(); // The day's sign-in has ended.
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-live]");
  if (!fresh || isInUse()) return; // Somebody began to work meanwhile.
  const at = live.contains(document.activeElement) ? document.activeElement.id : "";
  live.replaceChildren(...fresh.childNodes);
  const tabs = document.querySelector(".top nav");
  if (!tabs.contains(document.activeElement)) tabs.replaceWith(page.querySelector(".top nav"));
  document.title = page.title;
  if (at) document.getElementById(at)?.focus();
}

if (live) {
  const quietly = () => refresh().catch(() => {}); // The network comes back; the lists stay as they are.
  setInterval(quietly, REFRESH);
  document.addEventListener("visibilitychange", quietly);
}

// Printing

document.querySelectorAll("[data-print]").forEach((it) => {
  it.hidden = false;
  it.addEventListener("click", () => print());
});
