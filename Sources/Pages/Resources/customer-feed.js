/** What the customer's event stream says, and what tells whether its session holds. */
export const feed = {
  events: ["order-status"],
  probe: "api/user/me",
};
