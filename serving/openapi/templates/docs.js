"use strict";
document.documentElement.classList.add("script");

function address(form) {
  let path = form.dataset.path.slice(1);
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("input")) {
    if (input.dataset.in === "path") {
      path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    } else if (input.dataset.in === "query" && input.value) {
      const values = input.name === "category" ? input.value.split(",") : [input.value];
      values.forEach((value) => query.append(input.name, value));
    }
  }
  const text = query.toString();
  return new URL(path + (text ? `?${text}` : ""), new URL(".", location.href));
}

function headers(form) {
  const found = {};
  const key = document.getElementById("key").value;
  if (key) found.Authorization = `Bearer ${key}`;
  for (const input of form.querySelectorAll("input[data-in=header]")) {
    if (input.value) found[input.name] = input.value;
  }
  if (form.elements.body) found["Content-Type"] = "application/json";
  return found;
}

function line(text) {
  const pre = document.createElement("pre");
  pre.tabIndex = 0;
  pre.textContent = text;
  return pre;
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const output = form.querySelector("output");
  const url = address(form);
  const { body } = form.elements;
  output.replaceChildren(line(`${form.dataset.method} ${url}`));
  try {
    const answer = await fetch(url, {
      method: form.dataset.method,
      headers: headers(form),
      body: body ? body.value : undefined,
    });
    const text = await answer.text();
    let shown = text;
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch { /* it is no JSON: shown as it came */ }
    const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    output.append(line(`${answer.status} ${answer.statusText}\n${head}`), line(shown));
  } catch (error) {
    output.append(line(String(error)));
  }
}

for (const form of document.querySelectorAll("form[data-path]")) {
  form.addEventListener("submit", send);
}
document.getElementById("who").addEventListener("submit", (event) => event.preventDefault());
