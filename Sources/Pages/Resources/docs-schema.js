// The document: what refers to what, and a schema as a list of its fields.

const deepest = 6;

let root = {};

export function setDocument(document) {
  root = document;
}

/** The object behind a reference, or the object itself. */
export function resolve(object) {
  let found = object;
  for (let steps = 0; found?.$ref && steps < 10; steps += 1) {
    found = found.$ref.slice(2).split("/").reduce((part, name) => part?.[name], root);
  }
  return found ?? {};
}

const nameOf = (object) => (object?.$ref ? object.$ref.split("/").at(-1) : "");

/** A few words for a type: integer 1–100, "A" | "B", list of Menu. */
export function typeOf(schema) {
  const name = nameOf(schema);
  const found = resolve(schema);
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" | ");
  const some = found.anyOf ?? found.oneOf;
  if (some && !found.type) return some.map(typeOf).join(" | ");
  const types = [found.type ?? "any"].flat();
  const words = types.map((type) => (type === "array" ? `list of ${typeOf(found.items ?? {})}` : type));
  if (name) words[0] = `${name}`;
  let result = words.join(" | ");
  if (found.format && found.format !== "int64") result += ` (${found.format})`;
  const least = found.minimum ?? found.minLength ?? found.minItems;
  const most = found.maximum ?? found.maxLength ?? found.maxItems;
  const isFar = (number) => number === undefined || Math.abs(number) > Number.MAX_SAFE_INTEGER;
  if (!isFar(least) || !isFar(most)) result += ` ${isFar(least) ? "" : least}…${isFar(most) ? "" : most}`;
  return result;
}

/** Every field below a schema: [{ path, type, text, isRequired }]. */
export function fieldsOf(schema, path = "", depth = 0, seen = []) {
  const found = resolve(schema);
  const name = nameOf(schema);
  if (depth > deepest || (name && seen.includes(name))) return [];
  const names = name ? [...seen, name] : seen;
  const rows = [];
  for (const part of [...(found.allOf ?? []), ...(found.anyOf ?? [])]) rows.push(...fieldsOf(part, path, depth, names));
  if (found.items) rows.push(...fieldsOf(found.items, `${path}[]`, depth + 1, names));
  for (const [key, value] of Object.entries(found.properties ?? {})) {
    const place = path ? `${path}.${key}` : key;
    rows.push({
      path: place,
      type: typeOf(value),
      text: value.description ?? resolve(value).description ?? "",
      isRequired: (found.required ?? []).includes(key),
    });
    rows.push(...fieldsOf(value, place, depth + 1, names));
  }
  return rows;
}

/** Every operation in the order of the document: [{ method, path, tag, operation }]. */
export function operationsOf(document) {
  const found = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      found.push({ method: method.toUpperCase(), path, tag: operation.tags?.[0] ?? "", operation });
    }
  }
  return found;
}

/** The content types of a reply or a body. */
export const typesOf = (object) => Object.keys(resolve(object).content ?? {});

/** Whether the operation answers with a stream of events. */
export const isStream = (operation) =>
  Object.values(operation.responses).some((reply) => typesOf(reply).includes("text/event-stream"));
