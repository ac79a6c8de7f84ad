"use strict";
/* Shows openapi.json, and sends requests to the service that it came from. Texts go in as text, never
 * as markup. */

/* A text as it is, but for what stands between backquotes. */
function fill(node, text) {
  text.split("`").forEach((part, k) => {
    if (k % 2 === 0) return node.append(part);
    const piece = document.createElement("code");
    piece.textContent = part;
    node.append(piece);
  });
}

function make(name, text, ...children) {
  const node = document.createElement(name);
  if (text && name === "pre") node.textContent = text;
  else if (text) fill(node, text);
  node.append(...children);
  return node;
}

function code(value) {
  return make("pre", typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

function resolve(document, value) {
  if (!value || !value.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((at, key) => at[key], document);
}

function nameOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.oneOf || schema.anyOf) return (schema.oneOf || schema.anyOf).map(nameOf).join(" or ");
  if (schema.type === "array") return "list of " + (nameOf(schema.items) || "anything");
  if (schema.enum) return schema.enum.join(", ");
  return schema.type || "anything";
}

function rangeOf(schema) {
  const parts = [];
  for (const key of ["minimum", "maximum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems", "default"])
    if (key in schema) parts.push(key + " " + schema[key]);
  return parts.join(", ");
}

function table(head, rows) {
  const body = make("tbody");
  for (const row of rows) body.append(make("tr", "", ...row.map((cell) => make("td", cell))));
  return make("table", "", make("thead", "", make("tr", "", ...head.map((cell) => make("th", cell)))), body);
}

function showParameters(parameters) {
  return table(["parameter", "in", "type", ""], parameters.map((p) => [
    p.name + (p.required ? " *" : ""), p.in, nameOf(p.schema), [p.description, rangeOf(p.schema)].filter(Boolean).join(" "),
  ]));
}

function showResponses(document, responses) {
  return table(["code", ""], Object.entries(responses).map(([status, r]) => [status, resolve(document, r).description]));
}

async function send(method, path, body, output) {
  const headers = {};
  const token = document.getElementById("token").value;
  if (token) headers.Authorization = "Bearer " + token;
  if (body !== null) headers["Content-Type"] = "application/json";
  output.textContent = "...";
  try {
    const start = performance.now();
    const reply = await fetch(path, { method, headers, body });
    const text = await reply.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* no JSON: as it is */ }
    output.textContent = reply.status + " " + reply.statusText + ", " + Math.round(performance.now() - start) + " ms\n" + shown;
  } catch (error) {
    output.textContent = String(error);
  }
}

/* A field for each parameter, and the body's examples to choose from. */
function showTry(method, path, operation, parameters) {
  const form = make("div");
  const inputs = parameters.filter((p) => p.in !== "header").map((p) => {
    const input = make("input");
    input.value = p.example === undefined ? "" : p.example;
    form.append(make("label", p.name + " ", input), " ");
    return [p, input];
  });
  const examples = operation.requestBody ? operation.requestBody.content["application/json"].examples : null;
  const body = make("textarea");
  if (examples) {
    const choice = make("select", "", ...Object.entries(examples).map(([name, e]) => new Option(e.summary, name)));
    choice.onchange = () => { body.value = JSON.stringify(examples[choice.value].value, null, 2); };
    choice.onchange();
    form.append(make("p", "", choice), body);
  }
  const output = make("pre");
  const button = make("button", "Send");
  button.onclick = () => {
    const query = new URLSearchParams();
    let target = path;
    for (const [p, input] of inputs) {
      if (p.in === "path") target = target.replace("{" + p.name + "}", encodeURIComponent(input.value));
      else if (input.value) query.set(p.name, input.value);
    }
    const text = query.toString();
    send(method.toUpperCase(), target + (text ? "?" + text : ""), examples ? body.value : null, output);
  };
  form.append(make("p", "", button), output);
  return form;
}

function showOperation(document, path, method, operation) {
  const parameters = (operation.parameters || []).map((p) => resolve(document, p));
  const verb = make("span", method.toUpperCase());
  verb.className = "method";
  const details = make("details", "", make("summary", "", verb, make("code", path), " " + operation.summary));
  details.id = operation.operationId;
  if (operation.description) details.append(make("p", operation.description));
  if (parameters.length) details.append(showParameters(parameters));
  if (operation.requestBody) details.append(make("p", "Body: " + nameOf(operation.requestBody.content["application/json"].schema)));
  details.append(make("h3", "Replies"), showResponses(document, operation.responses));
  const good = operation.responses[200].content;
  if (good && good["application/json"] && good["application/json"].example) details.append(code(good["application/json"].example));
  details.append(make("h3", "Try it"), showTry(method, path, operation, parameters));
  return details;
}

function showSchema(name, schema) {
  const details = make("details", "", make("summary", name), make("p", schema.description || ""));
  const required = schema.required || [];
  if (schema.properties)
    details.append(table(["field", "type", ""], Object.entries(schema.properties).map(([key, p]) => [
      key + (required.includes(key) ? " *" : ""), nameOf(p), [p.description, rangeOf(p)].filter(Boolean).join(" "),
    ])));
  else details.append(code(schema));
  return details;
}

async function show() {
  const api = await (await fetch("/openapi.json")).json();
  const main = document.getElementById("operations");
  document.getElementById("title").textContent = api.info.title + ": API " + api.info.version;
  fill(document.getElementById("summary"), api.info.summary + " " + api.info.description);
  for (const tag of api.tags) {
    main.append(make("h2", tag.name), make("p", tag.description));
    for (const [path, item] of Object.entries(api.paths))
      for (const [method, operation] of Object.entries(item))
        if (operation.tags.includes(tag.name)) main.append(showOperation(api, path, method, operation));
  }
  for (const r of Object.values(api.components.responses))
    for (const [name, e] of Object.entries(r.content["application/problem+json"].examples))
      document.getElementById("problems").append(make("details", "", make("summary", e.value.status + " " + name), make("p", r.description), code(e.value)));
  for (const [name, schema] of Object.entries(api.components.schemas))
    document.getElementById("schemas").append(showSchema(name, schema));
}

show().catch((error) => { document.getElementById("operations").textContent = String(error); });
