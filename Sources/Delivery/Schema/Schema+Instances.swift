extension Schema {
    /// Several instances on one file, messages that end a process, and users who belong to no store.
    static let instances = """
        -- A process that puts rows into the outbox. It is alive as long as it holds the lock on its own file beside the
        -- database; its rows are taken over when it does not.
        CREATE TABLE instance (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          service TEXT NOT NULL,
          started_at INTEGER NOT NULL
        ) STRICT;

        -- Rows of the version before belong to an instance that is not alive.
        INSERT INTO instance(id, service, started_at) SELECT 0, 'api', 0 WHERE EXISTS (SELECT 1 FROM outbox);
        ALTER TABLE outbox ADD COLUMN instance_id INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX outbox_instance ON outbox(instance_id);

        -- How often work on a redelivered message was begun: counted in a commit of its own, before the work.
        CREATE TABLE delivery_attempt (
          message TEXT PRIMARY KEY,
          attempts INTEGER NOT NULL,
          first_seen_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX delivery_attempt_age ON delivery_attempt(first_seen_at);

        -- Operators and riders belong to no store.
        CREATE TABLE store_user_next (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          store_id INTEGER REFERENCES store(id),
          email TEXT NOT NULL UNIQUE,
          password TEXT NOT NULL,
          status TEXT NOT NULL,
          role TEXT NOT NULL,
          registered_at INTEGER NOT NULL,
          CHECK (store_id IS NOT NULL OR role IN ('OPERATOR', 'RIDER'))
        ) STRICT;
        INSERT INTO store_user_next SELECT id, store_id, email, password, status, role, registered_at FROM store_user;
        DROP TABLE store_user;
        ALTER TABLE store_user_next RENAME TO store_user;
        CREATE INDEX store_user_store ON store_user(store_id);

        -- All sessions of a user end together when their password changes.
        CREATE INDEX token_session ON token(owner_id) WHERE kind = 'SESSION';
        """
}
