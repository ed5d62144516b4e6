-- The host's durable state. A record of one connection never names another's: every key begins with the connection or the tenant.
-- Times are milliseconds since 1970-01-01T00:00:00Z, money is whole dong, quantities are thousandths.

CREATE TABLE connection (
    id          INTEGER PRIMARY KEY,
    tenant      TEXT NOT NULL,
    connector   TEXT NOT NULL,
    -- First part of every own id at the other side. Never changes, never given twice.
    tag         TEXT NOT NULL UNIQUE,
    -- Random part of the callback address.
    hook        TEXT NOT NULL UNIQUE,
    state       TEXT NOT NULL CHECK (state IN ('draft', 'active', 'paused')),
    pause       TEXT,
    settings    TEXT NOT NULL,
    overrides   TEXT NOT NULL,
    account     TEXT,
    app         TEXT,
    account_id  TEXT,
    events      TEXT,
    created     INTEGER NOT NULL
) STRICT;
CREATE INDEX connection_by_account ON connection (tenant, connector, app, account_id);

CREATE TABLE secret (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    name        TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    PRIMARY KEY (connection, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE pending_login (
    state       BLOB PRIMARY KEY,
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    created     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stream (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    entity      TEXT NOT NULL,
    -- What the merchant chose; absent where nothing was chosen.
    policy      TEXT,
    pause       TEXT,
    last_success INTEGER,
    PRIMARY KEY (connection, entity)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id          INTEGER PRIMARY KEY,
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    entity      TEXT NOT NULL,
    trigger     TEXT NOT NULL,
    scope       TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    cursor      TEXT,
    done        INTEGER NOT NULL DEFAULT 0,
    total       INTEGER,
    tally       TEXT NOT NULL DEFAULT '{}',
    failure     TEXT,
    started     INTEGER NOT NULL,
    ended       INTEGER
) STRICT;
CREATE INDEX run_by_stream ON run (connection, entity, id);

CREATE TABLE link (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    entity      TEXT NOT NULL,
    remote      TEXT NOT NULL,
    nobi        INTEGER,
    -- linked: the pair. tombstone: deleted at Nobi, never brought back. gone: deleted at the other side. waiting: a person chooses.
    state       TEXT NOT NULL CHECK (state IN ('linked', 'tombstone', 'gone', 'waiting')),
    candidates  TEXT,
    since       INTEGER NOT NULL,
    PRIMARY KEY (connection, entity, remote)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_by_nobi ON link (connection, entity, nobi);

CREATE TABLE refused (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    entity      TEXT NOT NULL,
    remote      TEXT NOT NULL,
    failure     TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (connection, entity, remote)
) STRICT, WITHOUT ROWID;

CREATE TABLE warned (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    entity      TEXT NOT NULL,
    remote      TEXT NOT NULL,
    code        TEXT NOT NULL,
    warning     TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (connection, entity, remote, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE parked_stock (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    product     TEXT NOT NULL,
    branch      TEXT NOT NULL,
    level       TEXT NOT NULL,
    provisional INTEGER NOT NULL,
    PRIMARY KEY (connection, product, branch)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (
    id          INTEGER PRIMARY KEY,
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    received    INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    event       TEXT,
    outcome     TEXT NOT NULL,
    -- Kept only while the delivery still has to be worked on.
    body        BLOB
) STRICT;

CREATE TABLE delivery_subject (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    event       TEXT NOT NULL,
    subject     TEXT NOT NULL,
    hash        BLOB NOT NULL,
    PRIMARY KEY (connection, event, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE refresh (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    entity      TEXT NOT NULL,
    remote      TEXT NOT NULL,
    due         INTEGER NOT NULL,
    PRIMARY KEY (connection, entity, remote)
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_by_due ON refresh (due);

CREATE TABLE work (
    id          INTEGER PRIMARY KEY,
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    -- 0: live (deliveries, orders). 1: settling (reconciled orders). 2: bulk (pulls, refreshes). The lowest goes first.
    lane        INTEGER NOT NULL,
    -- Work with the same key never runs twice at once, and waits only once.
    key         TEXT NOT NULL,
    task        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('ready', 'running')),
    due         INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX work_by_due ON work (state, lane, due, id);
CREATE INDEX work_by_key ON work (connection, key, state);

CREATE TABLE order_push (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    order_id    TEXT NOT NULL,
    own_id      TEXT,
    remote      TEXT,
    may_have_arrived INTEGER NOT NULL DEFAULT 0,
    -- The order as it was sent, while it may have arrived: a look-up and a second try must speak of that, not of a later edit.
    sent        TEXT,
    first_sent  INTEGER,
    last_sent   INTEGER,
    empty_lookups INTEGER NOT NULL DEFAULT 0,
    seen_as     TEXT,
    PRIMARY KEY (connection, order_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX order_push_by_own_id ON order_push (connection, own_id);
CREATE INDEX order_push_by_remote ON order_push (connection, remote);

CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY,
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    order_id    TEXT NOT NULL,
    sequence    INTEGER NOT NULL,
    event_id    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    reason      TEXT,
    -- waiting, done, skipped, failed (a person has to look).
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'skipped', 'failed')),
    outcome     TEXT,
    UNIQUE (connection, event_id)
) STRICT;
CREATE INDEX outbox_by_order ON outbox (connection, order_id, sequence);
CREATE INDEX outbox_by_state ON outbox (connection, state);

CREATE TABLE notice (
    id          INTEGER PRIMARY KEY,
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    code        TEXT NOT NULL,
    vi          TEXT NOT NULL,
    en          TEXT NOT NULL,
    -- Times that the same notice came since it was first shown.
    times       INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX notice_by_code ON notice (connection, code);

-- The reference Nobi Pro: what the platform itself keeps, for each of its tenants.

CREATE TABLE nobi_branch (
    id          INTEGER PRIMARY KEY,
    tenant      TEXT NOT NULL,
    code        TEXT,
    name        TEXT NOT NULL,
    phone       TEXT NOT NULL,
    representative TEXT NOT NULL,
    -- Which of the two required fields hold the connection's default: `phone`, `representative`, both or none, as a JSON list.
    defaulted   TEXT NOT NULL,
    address     TEXT
) STRICT;

CREATE TABLE nobi_category (
    id          INTEGER PRIMARY KEY,
    tenant      TEXT NOT NULL,
    -- Known only by its remote id until it arrives.
    parent      INTEGER,
    remote_parent TEXT,
    code        TEXT,
    name        TEXT NOT NULL,
    position    INTEGER NOT NULL,
    hidden      INTEGER NOT NULL
) STRICT;
CREATE INDEX nobi_category_by_remote_parent ON nobi_category (tenant, remote_parent) WHERE remote_parent IS NOT NULL;

CREATE TABLE nobi_product (
    id          INTEGER PRIMARY KEY,
    tenant      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    -- Known only by its remote id until the head of the family arrives; likewise the category.
    parent      INTEGER,
    remote_parent TEXT,
    category    INTEGER,
    remote_category TEXT,
    sku         TEXT,
    sku_key     TEXT,
    barcode     TEXT,
    name        TEXT NOT NULL,
    status      TEXT NOT NULL,
    -- The other fields of the record, as JSON.
    detail      TEXT NOT NULL,
    retail      INTEGER,
    compare_at  INTEGER,
    cost        INTEGER,
    wholesale   INTEGER,
    deleted     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX nobi_product_by_sku ON nobi_product (tenant, sku_key);
CREATE INDEX nobi_product_by_barcode ON nobi_product (tenant, barcode);
CREATE INDEX nobi_product_by_remote_parent ON nobi_product (tenant, remote_parent) WHERE remote_parent IS NOT NULL;
CREATE INDEX nobi_product_by_remote_category ON nobi_product (tenant, remote_category) WHERE remote_category IS NOT NULL;

CREATE TABLE nobi_stock (
    product     INTEGER NOT NULL,
    branch      INTEGER NOT NULL,
    on_hand     INTEGER NOT NULL,
    reserved    INTEGER NOT NULL,
    shipping    INTEGER NOT NULL,
    damaged     INTEGER NOT NULL,
    available   INTEGER NOT NULL,
    provisional INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    PRIMARY KEY (product, branch)
) STRICT, WITHOUT ROWID;

CREATE TABLE nobi_customer (
    id          INTEGER PRIMARY KEY,
    tenant      TEXT NOT NULL,
    name        TEXT NOT NULL,
    phone       TEXT,
    detail      TEXT NOT NULL
) STRICT;
CREATE INDEX nobi_customer_by_phone ON nobi_customer (tenant, phone);

CREATE TABLE nobi_order (
    id          TEXT NOT NULL,
    tenant      TEXT NOT NULL,
    code        TEXT NOT NULL,
    -- The order as the contract writes it, links left out.
    record      TEXT NOT NULL,
    -- Where it stands at the other side.
    remote_status TEXT,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
