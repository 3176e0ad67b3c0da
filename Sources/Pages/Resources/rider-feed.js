/** What the riders' event stream says, and what tells whether its session holds. */
export const feed = {
  events: ["delivery-changed"],
  probe: "api/store-user/me",
};
