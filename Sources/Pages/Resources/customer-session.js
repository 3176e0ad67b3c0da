// Who is logged in at this page, and every call that needs that.

import { Failure, call, exchange } from "./page-api.js";

const channel = "BroadcastChannel" in self ? new BroadcastChannel("customer-session") : null;
const listeners = new Set();

/** The customer, or null while nobody is logged in. */
export let me = null;

/** Whether somebody was logged in whose session ended without their doing. */
export let expired = false;

/** Calls back when somebody has logged in or out, in this tab or another one. */
export const onSession = (callback) => listeners.add(callback);

const changed = () => listeners.forEach((callback) => callback());

/** Learns who is logged in; throws Failure, also when nobody is. */
export async function identify() {
  me = await call("GET", "api/user/me");
  expired = false;
}

export async function signIn(email, password) {
  await call("POST", "login", { email, password });
  await identify();
  channel?.postMessage("signed-in");
  changed();
}

export async function register(person) {
  await call("POST", "open-api/user/register", person);
  await signIn(person.email, person.password);
}

export async function signOut() {
  await call("POST", "logout", {});
  channel?.postMessage("signed-out");
  ended({ wanted: true });
}

/** The session is over, whoever found out. */
export function ended({ wanted = false } = {}) {
  if (me === null) return;
  me = null;
  expired = !wanted;
  changed();
}

/** Sends a request and gives the body of the envelope; throws Failure. */
export const ask = async (...request) => (await askAll(...request)).body;

/** The same with the whole envelope. */
export async function askAll(...request) {
  try {
    return await exchange(...request);
  } catch (failure) {
    if (failure instanceof Failure && failure.kind === "unauthorized") ended();
    throw failure;
  }
}

if (channel) {
  channel.onmessage = ({ data }) => {
    if (data === "signed-out") ended({ wanted: true });
    // Who it is now must not see what was shown before.
    else location.reload();
  };
}
