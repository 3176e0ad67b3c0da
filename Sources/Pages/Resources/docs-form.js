// The form of one operation: its parameters and its body, filled with values that work with the demo data.

import { written } from "./docs-call.js";
import { fieldsOf, resolve, typeOf, typesOf } from "./docs-schema.js";
import { label, make, prose } from "./docs-text.js";

let fields = 0;

/** Parameters and body of an operation. { element, values(), body(), changed(callback) } */
export function makeForm(operation) {
  const inputs = [];
  const element = make("div", { class: "form" });
  if (operation.parameters) {
    element.append(label("h3", "parameters"));
    for (const parameter of operation.parameters) element.append(field(parameter, inputs));
  }
  const body = operation.requestBody ? makeBody(operation.requestBody) : null;
  if (body) element.append(body.element);
  return {
    element,
    values() {
      const values = { path: {}, query: {}, header: {} };
      for (const { parameter, input } of inputs) values[parameter.in][parameter.name] = input.value.trim();
      return values;
    },
    body: () => body?.value() ?? null,
  };
}

function field(parameter, inputs) {
  fields += 1;
  const id = `field-${fields}`;
  const schema = resolve(parameter.schema);
  const value = String(parameter.example ?? schema.default ?? "");
  const input = schema.enum ? choice(schema.enum, id, value, parameter.required) : make("input", {
    id, type: "text", value, spellcheck: "false", autocomplete: "off", required: parameter.required ?? false,
  });
  input.setAttribute("aria-describedby", `${id}-text`);
  inputs.push({ parameter, input });
  return make(
    "div", { class: "field" },
    make(
      "label", { for: id }, make("code", {}, parameter.name), " ",
      make("span", { class: "muted" }, `${parameter.in} · ${typeOf(parameter.schema)}`),
      parameter.required ? label("span", "required", { class: "required" }) : null),
    input, prose(parameter.description ?? "", "p", { id: `${id}-text`, class: "muted" }));
}

function choice(values, id, chosen, isRequired) {
  const all = isRequired ? values : ["", ...values.filter((value) => value !== "")];
  return make("select", { id }, ...all.map((value) => make("option", { value, selected: value === chosen }, value)));
}

function makeBody(requestBody) {
  fields += 1;
  const id = `body-${fields}`;
  const types = typesOf(requestBody);
  const { schema, examples = {} } = requestBody.content[types[0]];
  const area = make("textarea", {
    id, rows: 8, spellcheck: "false", autocomplete: "off", autocapitalize: "off",
    required: requestBody.required ?? false,
  });
  const error = make("p", { class: "error", role: "alert", hidden: true });
  const names = Object.keys(examples);
  const fill = (name) => {
    area.value = written(examples[name]?.value ?? {});
    area.rows = Math.min(16, Math.max(3, area.value.split("\n").length));
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const select = make(
    "select", { id: `${id}-example` }, ...names.map((name) => make("option", { value: name }, name)));
  select.addEventListener("change", () => fill(select.value));
  const type = make("select", { id: `${id}-type` }, ...types.map((value) => make("option", { value }, value)));
  const pickers = make("div", { class: "row" });
  if (names.length > 1) {
    pickers.append(make("div", { class: "field" }, label("label", "example", { for: `${id}-example` }), select));
  }
  if (types.length > 1) {
    pickers.append(make("div", { class: "field" }, label("label", "body.type", { for: `${id}-type` }), type));
  }
  if (names.length > 0) fill(names[0]);
  area.addEventListener("input", () => {
    error.hidden = true;
    area.removeAttribute("aria-invalid");
  });
  const element = make(
    "div", { class: "body" },
    make("h3", {}, label("label", "body", { for: id })), pickers, area, error,
    fieldList("body.fields", fieldsOf(schema)));
  return {
    element,
    value: () => ({ type: type.value, content: area.value.trim(), area, error }),
  };
}

/** The fields of a schema, folded. */
export function fieldList(key, rows) {
  if (rows.length === 0) return "";
  const list = make("ul", { class: "fields", lang: "en" });
  for (const row of rows) {
    list.append(make(
      "li", {}, make("code", {}, row.path), " ", make("span", { class: "muted" }, row.type),
      row.isRequired ? " *" : "", row.text ? prose(` ${row.text}`, "span") : ""));
  }
  return make("details", { class: "fold" }, label("summary", key), list);
}
