extension Schema {
    /// The whole process of a delivery: who changed an order and when, money, stores' settings, riders, and what other parts
    /// of the system make of the events.
    static let process = """
        -- address: where to. deadline_at: when the system itself changes the order, if nobody does before.
        ALTER TABLE user_order ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE user_order ADD COLUMN status_changed_at INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE user_order ADD COLUMN paid_at INTEGER;
        ALTER TABLE user_order ADD COLUMN address TEXT NOT NULL DEFAULT '';
        ALTER TABLE user_order ADD COLUMN prep_minutes INTEGER;
        ALTER TABLE user_order ADD COLUMN ready_at INTEGER;
        ALTER TABLE user_order ADD COLUMN reason TEXT;
        ALTER TABLE user_order ADD COLUMN reason_note TEXT;
        ALTER TABLE user_order ADD COLUMN rider_id INTEGER;
        ALTER TABLE user_order ADD COLUMN deadline_at INTEGER;
        -- What was visible to its store counts as paid. When nobody can say when an order ended, it did so at once. Orders that
        -- wait for their store go on waiting: before, none could be accepted.
        UPDATE user_order SET closed_at = ordered_at
          WHERE closed_at IS NULL AND status IN ('RECEIVE', 'REJECT', 'CANCEL', 'EXPIRED');
        UPDATE user_order SET status_changed_at = ifnull(closed_at, ordered_at),
          paid_at = CASE WHEN status NOT IN ('REGISTERED', 'PAYMENT_PENDING') THEN ordered_at END,
          deadline_at = CASE status WHEN 'REGISTERED' THEN ordered_at + 1800000 WHEN 'PAYMENT_PENDING' THEN ordered_at + 1800000
            WHEN 'DELIVERED' THEN ordered_at + 86400000 END,
          address = (SELECT address FROM customer WHERE id = customer_id);
        -- Nothing reaches the store before it is paid.
        DROP INDEX user_order_store_open;
        DROP INDEX user_order_store_closed;
        CREATE INDEX user_order_store_open ON user_order(store_id, id)
          WHERE closed_at IS NULL AND paid_at IS NOT NULL;
        CREATE INDEX user_order_store_closed ON user_order(store_id, id)
          WHERE closed_at IS NOT NULL AND paid_at IS NOT NULL;
        CREATE INDEX user_order_store_time ON user_order(store_id, ordered_at) WHERE paid_at IS NOT NULL;
        CREATE INDEX user_order_deadline ON user_order(deadline_at) WHERE deadline_at IS NOT NULL;
        CREATE INDEX user_order_cooked ON user_order(status_changed_at) WHERE status = 'COOKED' AND rider_id IS NULL;
        -- What a rider carries now: a few rows of all that they ever brought.
        CREATE INDEX user_order_carried ON user_order(rider_id, id)
          WHERE rider_id IS NOT NULL AND status IN ('COOKED', 'DELIVERY');

        -- Every change of an order, with who made it. body: the message about it, from which views can be built again.
        CREATE TABLE order_event (
          id INTEGER PRIMARY KEY,
          order_id INTEGER NOT NULL REFERENCES user_order(id),
          version INTEGER NOT NULL,
          action TEXT NOT NULL,
          status TEXT NOT NULL,
          actor TEXT NOT NULL,
          actor_id INTEGER,
          at INTEGER NOT NULL,
          body BLOB NOT NULL,
          UNIQUE (order_id, version)
        ) STRICT;
        CREATE INDEX order_event_completed ON order_event(actor_id, at) WHERE action = 'COMPLETE';
        INSERT INTO order_event(order_id, version, action, status, actor, actor_id, at, body)
          SELECT o.id, 1, 'PLACE', o.status, 'CUSTOMER', o.customer_id, o.status_changed_at, CAST(json_object(
            'tx_id', lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8'
              || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
            'version', '1.0', 'order_id', o.id, 'order_version', 1, 'action', 'PLACE', 'status', o.status,
            'changed_at', strftime('%Y-%m-%dT%H:%M:%fZ', o.status_changed_at / 1000.0, 'unixepoch'), 'actor', 'CUSTOMER',
            'customer_id', o.customer_id, 'store_id', o.store_id, 'store_name', s.name, 'amount', o.amount,
            'ordered_at', strftime('%Y-%m-%dT%H:%M:%fZ', o.ordered_at / 1000.0, 'unixepoch'),
            'paid_at', strftime('%Y-%m-%dT%H:%M:%fZ', o.paid_at / 1000.0, 'unixepoch'), 'address', o.address,
            'items', (SELECT group_concat(name || ' ' || quantity, ', ') FROM user_order_item WHERE order_id = o.id)
          ) AS BLOB)
          FROM user_order o JOIN store s ON s.id = o.store_id ORDER BY o.id;
        INSERT INTO progress(name, value)
          SELECT 'announced_order_events', e.id FROM progress p JOIN order_event e ON e.order_id = p.value
          WHERE p.name = 'announced_orders';
        DELETE FROM progress WHERE name = 'announced_orders';

        -- Won that came from (CHARGE, positive) and went back to (REFUND, negative) the customer: each once an order.
        CREATE TABLE ledger_entry (
          order_id INTEGER NOT NULL REFERENCES user_order(id),
          kind TEXT NOT NULL CHECK (kind IN ('CHARGE', 'REFUND')),
          amount INTEGER NOT NULL,
          at INTEGER NOT NULL,
          reference TEXT,
          PRIMARY KEY (order_id, kind)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO ledger_entry(order_id, kind, amount, at)
          SELECT id, 'CHARGE', amount, paid_at FROM user_order WHERE paid_at IS NOT NULL;
        INSERT INTO ledger_entry(order_id, kind, amount, at)
          SELECT id, 'REFUND', -amount, closed_at FROM user_order WHERE status IN ('REJECT', 'CANCEL', 'EXPIRED');

        -- What is known of a payment at the gateway, and when it is looked at next. Orders that were paid without a gateway
        -- have none.
        CREATE TABLE payment (
          order_id INTEGER PRIMARY KEY REFERENCES user_order(id),
          state TEXT NOT NULL CHECK (
            state IN ('WAITING', 'APPROVING', 'APPROVED', 'DECLINED', 'CANCEL_WANTED', 'CANCELLED')),
          amount INTEGER NOT NULL,
          attempts INTEGER NOT NULL DEFAULT 0,
          next_attempt_at INTEGER,
          claimed_until INTEGER,
          claimed_by INTEGER,
          payment_id TEXT,
          last_error TEXT,
          updated_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX payment_due ON payment(next_attempt_at) WHERE next_attempt_at IS NOT NULL;

        -- The gateway to try against keeps its books here, apart from everything else.
        CREATE TABLE sandbox_payment (
          order_id INTEGER PRIMARY KEY,
          payment_id TEXT,
          status TEXT NOT NULL,
          amount INTEGER NOT NULL,
          approvals INTEGER NOT NULL,
          cancels INTEGER NOT NULL,
          at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE sandbox_setting (
          name TEXT PRIMARY KEY,
          value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE store_setting (
          store_id INTEGER PRIMARY KEY REFERENCES store(id),
          auto_accept INTEGER NOT NULL DEFAULT 0,
          default_prep_minutes INTEGER NOT NULL DEFAULT 20,
          busy_minutes INTEGER NOT NULL DEFAULT 0,
          paused_until INTEGER,
          area_codes TEXT NOT NULL DEFAULT '[]'
        ) STRICT;
        ALTER TABLE store_menu ADD COLUMN sold_out_until INTEGER;

        CREATE TABLE rider (
          user_id INTEGER PRIMARY KEY REFERENCES store_user(id),
          name TEXT NOT NULL,
          area_codes TEXT NOT NULL DEFAULT '[]'
        ) STRICT;

        -- day: YYYY-MM-DD in Korean time. A refund has the amount and the fee of its sale, negative.
        CREATE TABLE settlement_entry (
          order_id INTEGER NOT NULL,
          kind TEXT NOT NULL CHECK (kind IN ('SALE', 'REFUND')),
          store_id INTEGER NOT NULL,
          day TEXT NOT NULL,
          amount INTEGER NOT NULL,
          fee INTEGER NOT NULL,
          at INTEGER NOT NULL,
          PRIMARY KEY (order_id, kind)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX settlement_entry_day ON settlement_entry(store_id, day, at, order_id, kind);

        -- Where an order is: fed by its events alone.
        CREATE TABLE order_view (
          order_id INTEGER PRIMARY KEY,
          version INTEGER NOT NULL,
          status TEXT NOT NULL,
          is_open INTEGER NOT NULL,
          customer_id INTEGER NOT NULL,
          store_id INTEGER NOT NULL,
          store_name TEXT NOT NULL,
          amount INTEGER NOT NULL,
          items TEXT NOT NULL,
          address TEXT NOT NULL,
          prep_minutes INTEGER,
          ready_at INTEGER,
          rider_id INTEGER,
          rider_name TEXT,
          ordered_at INTEGER NOT NULL,
          paid_at INTEGER,
          changed_at INTEGER NOT NULL
        ) STRICT;
        INSERT INTO order_view(order_id, version, status, is_open, customer_id, store_id, store_name, amount, items, address,
            ordered_at, paid_at, changed_at)
          SELECT o.id, 1, o.status, o.closed_at IS NULL, o.customer_id, o.store_id, s.name, o.amount,
            (SELECT group_concat(name || ' ' || quantity, ', ') FROM user_order_item WHERE order_id = o.id), o.address,
            o.ordered_at, o.paid_at, o.status_changed_at
          FROM user_order o JOIN store s ON s.id = o.store_id;
        CREATE INDEX order_view_customer ON order_view(customer_id, order_id);
        CREATE INDEX order_view_store ON order_view(store_id, order_id) WHERE is_open = 1 AND paid_at IS NOT NULL;
        CREATE INDEX order_view_cooked ON order_view(changed_at) WHERE status = 'COOKED' AND rider_id IS NULL;
        CREATE INDEX order_view_rider ON order_view(rider_id, order_id) WHERE rider_id IS NOT NULL;

        -- Where a customer wants to be told of their orders. failures: in a row. not_before: somebody is sending until then,
        -- or it failed just now. due_at: when the next notification can be sent; null while none waits.
        CREATE TABLE webhook (
          customer_id INTEGER PRIMARY KEY REFERENCES customer(id),
          url TEXT NOT NULL,
          secret TEXT NOT NULL,
          created_at INTEGER NOT NULL,
          failures INTEGER NOT NULL DEFAULT 0,
          not_before INTEGER NOT NULL DEFAULT 0,
          due_at INTEGER
        ) STRICT;
        CREATE INDEX webhook_due ON webhook(due_at) WHERE due_at IS NOT NULL;
        -- body is empty once it is not sent any more.
        CREATE TABLE notification (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          message_id TEXT NOT NULL UNIQUE,
          customer_id INTEGER NOT NULL,
          order_id INTEGER NOT NULL,
          order_version INTEGER NOT NULL,
          status TEXT NOT NULL,
          body BLOB NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('PENDING', 'DELIVERED', 'GIVEN_UP')),
          attempts INTEGER NOT NULL DEFAULT 0,
          next_attempt_at INTEGER,
          last_attempt_at INTEGER,
          last_error TEXT,
          created_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX notification_customer ON notification(customer_id, id);
        CREATE INDEX notification_waiting ON notification(customer_id, next_attempt_at, id)
          WHERE next_attempt_at IS NOT NULL;
        """
}
