/** What the store's event stream says, and what tells whether its session holds. */
export const feed = {
  events: ["message", "order-status", "order-acknowledged", "store-settings", "store-menu", "push"],
  probe: "api/store-user/me",
};
