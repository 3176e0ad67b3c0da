// One call: from the form's values to a request, to curl, and to the reply.

const deadline = 30_000;

/** Where the service is, without a slash at its end: what the document says, seen from where it lies. */
export function baseAddress(document) {
  const server = document.servers?.[0]?.url ?? ".";
  return new URL(server, new URL("openapi.json", location.href)).href.replace(/\/$/, "");
}

/** { method, url, headers, body } of a call. values: { path, query, header } by name; empty texts are left out. */
export function requestOf(base, { method, path }, values, body, token) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values.path[name] ?? ""));
  const query = Object.entries(values.query).filter(([, value]) => value !== "");
  const search = query.length > 0 ? `?${new URLSearchParams(query)}` : "";
  const headers = Object.fromEntries(Object.entries(values.header).filter(([, value]) => value !== ""));
  if (token) headers["authorization-token"] = token;
  if (body && body.content !== "") headers["Content-Type"] = body.type;
  const content = body && body.content !== "" ? encode(body) : undefined;
  return { method, url: `${base}${filled}${search}`, headers, body: content };
}

function encode({ type, content }) {
  if (type !== "application/x-www-form-urlencoded") return content;
  return new URLSearchParams(Object.entries(JSON.parse(content))).toString();
}

const quote = (value) => `'${value.replaceAll("'", `'\\''`)}'`;

/** The same call for a shell. */
export function curlOf({ method, url, headers, body }, { isStream, usesCookie, setsCookie }) {
  const parts = ["curl"];
  if (isStream) parts.push("-N");
  if (method !== "GET") parts.push("-X", method);
  if (usesCookie) parts.push("-b", "cookies.txt");
  if (setsCookie) parts.push("-c", "cookies.txt");
  for (const [name, value] of Object.entries(headers)) parts.push("-H", quote(`${name}: ${value}`));
  if (body !== undefined) parts.push("--data-raw", quote(body.replace(/\n\s*/g, " ")));
  parts.push(quote(url));
  return parts.join(" ");
}

/** Sends a request. Gives { status, reason, headers, body, time, size }; throws when there is no reply. */
export async function send(request) {
  const start = performance.now();
  const response = await fetch(request.url, { ...options(request), signal: AbortSignal.timeout(deadline) });
  const octets = new Uint8Array(await response.arrayBuffer());
  return {
    status: response.status,
    reason: response.statusText,
    isOK: response.ok,
    headers: [...response.headers],
    type: response.headers.get("Content-Type") ?? "",
    body: new TextDecoder().decode(octets),
    time: Math.round(performance.now() - start),
    size: octets.length,
  };
}

/** What fetch is given: the page's cookies, no cache, and redirects followed as a browser does. */
export const options = ({ method, headers, body }) =>
  ({ method, headers, body, cache: "no-store", credentials: "same-origin" });

/** A body for people: JSON with indentation, anything else as it is. */
export function pretty(body, type) {
  if (!type.includes("json")) return body;
  try {
    return written(JSON.parse(body));
  } catch {
    return body;
  }
}

/** JSON with indentation, in which what is short stays on its line. */
export function written(value, indent = "") {
  const line = oneLine(value);
  if (value === null || typeof value !== "object" || line.length + indent.length <= 60) return line;
  const more = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((element) => written(element, more))
    : Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${written(member, more)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${parts.map((part) => more + part).join(",\n")}\n${indent}${close}`;
}

function oneLine(value) {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${oneLine(member)}`).join(", ")}}`;
}
