import SQLite

/// The tables of the database file that both services share. A version, once released, is never changed: a change is a
/// further migration.
package enum Schema {
    package static let migrations: [Migration] = [
        Migration(1, script: first),
        Migration(2, script: instances),
        Migration(3, script: process),
        Migration(4, script: speed),
    ]

    /// Times are milliseconds since 1970, amounts are won. Ids that name a place in a sequence (orders, feed, outbox) are
    /// AUTOINCREMENT: an id is never used twice, also after its row is gone.
    private static let first = """
        CREATE TABLE store (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          name TEXT NOT NULL UNIQUE,
          address TEXT NOT NULL,
          status TEXT NOT NULL,
          category TEXT NOT NULL,
          star REAL NOT NULL,
          thumbnail_url TEXT NOT NULL,
          minimum_amount INTEGER NOT NULL,
          minimum_delivery_amount INTEGER NOT NULL,
          phone_number TEXT NOT NULL
        ) STRICT;
        CREATE INDEX store_search ON store(status, category, star DESC, id);
        CREATE INDEX store_best ON store(status, star DESC, id);

        CREATE TABLE store_menu (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          store_id INTEGER NOT NULL REFERENCES store(id),
          name TEXT NOT NULL,
          amount INTEGER NOT NULL,
          status TEXT NOT NULL,
          thumbnail_url TEXT NOT NULL,
          like_count INTEGER NOT NULL,
          sequence INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX store_menu_store ON store_menu(store_id, sequence, id);

        CREATE TABLE customer (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          name TEXT NOT NULL,
          email TEXT NOT NULL UNIQUE,
          address TEXT NOT NULL,
          password TEXT NOT NULL,
          status TEXT NOT NULL,
          registered_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE store_user (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          store_id INTEGER NOT NULL REFERENCES store(id),
          email TEXT NOT NULL UNIQUE,
          password TEXT NOT NULL,
          status TEXT NOT NULL,
          role TEXT NOT NULL,
          registered_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX store_user_store ON store_user(store_id);

        -- kind: ACCESS and REFRESH belong to customers, SESSION to store users.
        CREATE TABLE token (
          hash BLOB PRIMARY KEY,
          kind TEXT NOT NULL,
          owner_id INTEGER NOT NULL,
          expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX token_expiry ON token(expires_at);

        CREATE TABLE user_order (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          customer_id INTEGER NOT NULL REFERENCES customer(id),
          store_id INTEGER NOT NULL REFERENCES store(id),
          status TEXT NOT NULL,
          amount INTEGER NOT NULL,
          ordered_at INTEGER NOT NULL,
          note TEXT,
          acknowledged_at INTEGER,
          closed_at INTEGER
        ) STRICT;
        CREATE INDEX user_order_customer_open ON user_order(customer_id, id) WHERE closed_at IS NULL;
        CREATE INDEX user_order_customer_closed ON user_order(customer_id, id) WHERE closed_at IS NOT NULL;
        CREATE INDEX user_order_store_open ON user_order(store_id, id) WHERE closed_at IS NULL;
        CREATE INDEX user_order_store_closed ON user_order(store_id, id) WHERE closed_at IS NOT NULL;

        -- Name and price are as they were when it was ordered: a menu that changes or goes leaves its orders readable.
        CREATE TABLE user_order_item (
          order_id INTEGER NOT NULL REFERENCES user_order(id),
          position INTEGER NOT NULL,
          store_menu_id INTEGER NOT NULL,
          name TEXT NOT NULL,
          amount INTEGER NOT NULL,
          quantity INTEGER NOT NULL,
          PRIMARY KEY (order_id, position)
        ) STRICT, WITHOUT ROWID;

        -- A row lives until the broker has confirmed its message.
        CREATE TABLE outbox (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          message_id TEXT NOT NULL,
          exchange TEXT NOT NULL,
          routing_key TEXT NOT NULL,
          type TEXT NOT NULL,
          body BLOB NOT NULL,
          trace_parent TEXT,
          created_at INTEGER NOT NULL,
          attempts INTEGER NOT NULL DEFAULT 0,
          last_error TEXT
        ) STRICT;

        -- new_order_id: an order has at most one event that announces it, ever.
        CREATE TABLE feed_event (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          topic TEXT NOT NULL,
          name TEXT NOT NULL,
          data BLOB NOT NULL,
          new_order_id INTEGER,
          trace_parent TEXT,
          created_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX feed_event_topic ON feed_event(topic, id);
        CREATE UNIQUE INDEX feed_event_new_order ON feed_event(new_order_id) WHERE new_order_id IS NOT NULL;

        -- How far something that goes over a table in pieces has come.
        CREATE TABLE progress (
          name TEXT PRIMARY KEY,
          value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- What was answered to a customer's Idempotency-Key.
        CREATE TABLE idempotency_key (
          customer_id INTEGER NOT NULL,
          key TEXT NOT NULL,
          request_hash BLOB NOT NULL,
          order_id INTEGER NOT NULL,
          created_at INTEGER NOT NULL,
          PRIMARY KEY (customer_id, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_key_age ON idempotency_key(created_at);
        """
}
