// Calls of the service. Addresses are relative to this file, so that the service may live under any path.

const root = new URL("..", import.meta.url);
const deadline = 10_000;

/** The address of a page or an endpoint, from its path without a leading slash. */
export const address = (path) => new URL(path, root).href;

/** Why a call failed. kind: network, unauthorized, forbidden, limited, refused or server; the description is English. */
export class Failure extends Error {
  constructor(kind, { status = 0, code = 0, retryAfter = 0, description = "" } = {}) {
    super(`${kind} ${status} ${code}`);
    this.kind = kind;
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.description = description;
  }
}

let clockOffset = 0;

/** The server's clock in milliseconds: a tablet's own may be minutes off. */
export const now = () => Date.now() + clockOffset;

/** Learns the server's clock from a date it sent; small differences are only the way that the date took. */
export function learnClock(date) {
  const offset = Date.parse(date) - Date.now();
  if (Number.isFinite(offset)) clockOffset = Math.abs(offset) < 5_000 ? 0 : offset;
}

/** Sends a request and gives the body of the envelope; throws Failure. */
export async function call(method, path, body, fields) {
  return (await exchange(method, path, body, fields)).body;
}

/** Sends a request, with further header fields if there are any, and gives the whole envelope; throws Failure. */
export async function exchange(method, path, body, fields = {}) {
  const headers = { Accept: "application/json", ...fields };
  const request = { method, headers, cache: "no-store", signal: AbortSignal.timeout(deadline) };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  let response;
  let envelope = null;
  try {
    response = await fetch(address(path), request);
    const content = await response.text();
    envelope = parse(content);
  } catch {
    throw new Failure("network");
  }
  if (response.headers.has("Date")) learnClock(response.headers.get("Date"));
  if (response.ok && envelope !== null) return envelope;
  throw new Failure(kindOf(response.status), {
    status: response.status,
    code: envelope?.result?.result_code ?? 0,
    retryAfter: Number(response.headers.get("Retry-After")) || 0,
    description: String(envelope?.result?.result_description ?? ""),
  });
}

/** The HTTP status of a plain GET, 0 when the server was not reached. */
export async function probe(path) {
  try {
    const signal = AbortSignal.timeout(deadline);
    const response = await fetch(address(path), { cache: "no-store", signal });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}

/** A JSON object, or null. */
export function parse(content) {
  try {
    const value = JSON.parse(content);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

function kindOf(status) {
  switch (status) {
    case 401: return "unauthorized";
    case 403: return "forbidden";
    case 429: return "limited";
    default: return status >= 400 && status < 500 ? "refused" : "server";
  }
}
