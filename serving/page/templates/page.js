"use strict";
// Without this file the page works where no key is asked for, but for making a version live.
document.documentElement.classList.add("script");

const KEY = "nightshelf-key";
const content = document.getElementById("content");
const done = document.getElementById("done");
const needsKey = document.body.dataset.needsKey === "yes";
let asking = null; // the request under way, given up by the next one

function headers(more = {}) {
  const key = needsKey && sessionStorage.getItem(KEY);
  return key ? { ...more, Authorization: `Bearer ${key}` } : more;
}

function say(text, isBad = false) {
  done.textContent = text;
  done.className = isBad ? "problem" : "";
}

async function reason(answer) {
  try {
    const problem = await answer.json();
    return `${answer.status} ${problem.title}: ${problem.detail}`;
  } catch {
    return `${answer.status} ${answer.statusText}`;
  }
}

// Puts the lists of the address in place; the answer, or null when there is none to show.
async function load(query) {
  asking?.abort();
  asking = new AbortController();
  content.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`page/list${query}`, { headers: headers(), signal: asking.signal });
    if (!answer.headers.get("Content-Type").startsWith("text/html")) {
      content.replaceChildren();
      say(await reason(answer), true);
      return false;
    }
    const text = await answer.text();
    content.innerHTML = text; // of this service, which escapes what it fills in
    return true;
  } catch (error) {
    if (error.name !== "AbortError") say(`The service does not answer (${error.message}).`, true);
    return false;
  } finally {
    content.removeAttribute("aria-busy");
  }
}

async function show(query) {
  say("");
  if (await load(query)) (document.getElementById("list-1") ?? content).focus();
}

function go(query) {
  history.pushState(null, "", query || "./");
  return show(query);
}

function ask(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) query.append(name, value);
  return go(`?${query}`);
}

const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));

async function activate(version, hold) {
  say("Making it live…");
  const answer = await fetch(`versions/${version}/activate`, {
    method: "POST",
    headers: headers({ "Content-Type": "application/json" }),
    body: JSON.stringify(hold ? { hold } : {}),
  });
  if (!answer.ok) return say(await reason(answer), true);
  const { after } = await answer.json();
  for (let n = 0; n < 20; n += 1) { // until the process that answers has followed
    await pause(250);
    const query = location.search;
    if (await load(query) && document.querySelector(".versions").dataset.live === version) break;
  }
  say(`${after.version} is live, generation ${after.generation}${after.hold ? `, held: ${after.hold}` : ""}.`);
  document.getElementById("versions")?.scrollIntoView({ block: "nearest" });
}

const sure = document.getElementById("sure");
const hold = document.getElementById("sure-hold");

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.activate");
  if (button) {
    document.getElementById("sure-version").textContent = button.dataset.version;
    sure.returnValue = "no";
    hold.value = "";
    sure.showModal();
    return;
  }
  const link = event.target.closest("a[data-ask]");
  if (link && needsKey && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    go(link.getAttribute("href"));
  }
});

document.addEventListener("submit", (event) => {
  if (event.target.id === "who") {
    event.preventDefault();
    sessionStorage.setItem(KEY, document.getElementById("key").value.trim());
    show(location.search);
  } else if (event.target.id === "ask" && needsKey) {
    event.preventDefault();
    ask(event.target);
  }
});

sure.addEventListener("close", () => {
  if (sure.returnValue !== "yes") return;
  const version = document.getElementById("sure-version").textContent;
  activate(version, hold.value.trim()).catch((error) => say(String(error), true));
});

if (needsKey) {
  window.addEventListener("popstate", () => show(location.search));
  document.getElementById("key").value = sessionStorage.getItem(KEY) ?? "";
  if (sessionStorage.getItem(KEY)) show(location.search);
}
