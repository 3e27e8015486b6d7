-- Read models: what people ask about, projected from the log. Everything here can be dropped and rebuilt to equal rows.
CREATE TABLE progress (
    only      INTEGER PRIMARY KEY CHECK (only = 1),
    position  INTEGER NOT NULL,             -- of the log, up to which events are projected
    origin    BLOB,                         -- the event at that position: what ties this file to its log
    seq       INTEGER,
    hash      BLOB,
    told      INTEGER NOT NULL,             -- number of the record of a snapshot up to which these are taken in, at a till
    revisions INTEGER NOT NULL              -- the revision before the first: the name of this file in its upper 21 bits
) STRICT;
INSERT INTO progress VALUES (1, 0, NULL, NULL, NULL, 0, abs(random() % 2097152) << 32);

-- The events that documents, lines and tenders stand in, numbered as they come: what they share is kept once, and every new row lies behind
-- the others. Keyed by their hash, each would touch another page of a long past.
CREATE TABLE sale_events (
    number   INTEGER PRIMARY KEY,
    hash     BLOB    NOT NULL UNIQUE,
    document BLOB    NOT NULL,              -- id of the completing event, which may be another one
    sale     BLOB    NOT NULL
) STRICT;
CREATE INDEX sale_events_sale ON sale_events (sale);

CREATE TABLE documents_by_event (
    event               INTEGER PRIMARY KEY,
    at                  INTEGER NOT NULL,
    origin              BLOB    NOT NULL,
    seq                 INTEGER NOT NULL,
    store               BLOB    NOT NULL,
    till                BLOB    NOT NULL,
    shift               BLOB    NOT NULL,
    day                 TEXT    NOT NULL,   -- empty where the event names none
    wall                INTEGER NOT NULL,
    begun_as            TEXT    NOT NULL,
    series              TEXT    NOT NULL,
    number              INTEGER NOT NULL,
    currency            TEXT    NOT NULL,
    exponent            INTEGER NOT NULL,
    lines               INTEGER NOT NULL,
    gross_sales_minor   INTEGER NOT NULL,
    gross_returns_minor INTEGER NOT NULL,
    reductions_minor    INTEGER NOT NULL,
    net_minor           INTEGER NOT NULL,
    tax_minor           INTEGER NOT NULL,
    total_minor         INTEGER NOT NULL,
    rounding_minor      INTEGER NOT NULL,
    customer            BLOB,
    actor               BLOB,
    approver            BLOB,
    local_time          TEXT    NOT NULL,
    parts               INTEGER NOT NULL,
    from_parked         BLOB,
    voids               BLOB
) STRICT;
CREATE INDEX documents_day    ON documents_by_event (store, day, till);
CREATE INDEX documents_chain  ON documents_by_event (origin, seq, total_minor, wall);
CREATE INDEX documents_newest ON documents_by_event (store, at);
CREATE INDEX documents_number ON documents_by_event (origin, series, number);
CREATE INDEX documents_parked ON documents_by_event (from_parked) WHERE from_parked IS NOT NULL;

CREATE VIEW documents AS SELECT
    s.hash, d.at, d.origin, d.seq, s.document, s.sale, d.store, d.till, d.shift, d.day, d.wall, d.begun_as, d.series, d.number,
    d.currency, d.exponent, d.lines, d.gross_sales_minor, d.gross_returns_minor, d.reductions_minor, d.net_minor, d.tax_minor,
    d.total_minor, d.rounding_minor, d.customer, d.actor, d.approver, d.local_time, d.parts, d.from_parked, d.voids
    FROM documents_by_event d JOIN sale_events s ON s.number = d.event;

CREATE TABLE lines_by_event (
    event               INTEGER NOT NULL,
    line                INTEGER NOT NULL,
    direction           TEXT    NOT NULL,
    kind                TEXT    NOT NULL,
    product             BLOB,
    sku                 TEXT    NOT NULL,
    name                TEXT    NOT NULL,
    department          TEXT,
    quantity_thousandths INTEGER NOT NULL,
    extended_minor      INTEGER NOT NULL,
    extended_from       TEXT    NOT NULL,
    reductions_minor    INTEGER NOT NULL,
    net_minor           INTEGER NOT NULL,
    tax_minor           INTEGER NOT NULL,
    prices              TEXT    NOT NULL,
    reductions          TEXT,               -- JSON, by source
    cost                INTEGER,            -- of one unit, in ten-thousandths of a minor unit
    PRIMARY KEY (event, line)
) STRICT, WITHOUT ROWID;

CREATE VIEW document_lines AS SELECT
    s.hash, l.line, s.document, s.sale, l.direction, l.kind, l.product, l.sku, l.name, l.department, l.quantity_thousandths,
    l.extended_minor, l.extended_from, l.reductions_minor, l.net_minor, l.tax_minor, l.prices, l.reductions, l.cost
    FROM lines_by_event l JOIN sale_events s ON s.number = l.event;

CREATE TABLE tenders_by_event (
    event        INTEGER NOT NULL,
    tender       INTEGER NOT NULL,
    tender_type  TEXT    NOT NULL,
    class        TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL,
    given_minor  INTEGER,
    change_minor INTEGER,
    to_verify    INTEGER NOT NULL,
    PRIMARY KEY (event, tender)
) STRICT, WITHOUT ROWID;

CREATE VIEW tenders AS SELECT
    s.hash, t.tender, t.tender_type, t.class, t.amount_minor, t.given_minor, t.change_minor, t.to_verify
    FROM tenders_by_event t JOIN sale_events s ON s.number = t.event;

-- What return lines took of earlier lines.
CREATE TABLE claims (
    hash         BLOB    NOT NULL,
    by_line      INTEGER NOT NULL,
    place        INTEGER NOT NULL,          -- among the line's references
    at           INTEGER NOT NULL,
    origin       BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    by_sale      BLOB    NOT NULL,
    sale         BLOB    NOT NULL,
    line         INTEGER NOT NULL,
    quantity_thousandths INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    taxes        TEXT,
    PRIMARY KEY (hash, by_line, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_line ON claims (sale, line);

-- Goods in and out, in canonical order per product and store.
CREATE TABLE stock_moves (
    store    BLOB    NOT NULL,
    product  BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    origin   BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    line     INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    quantity_thousandths INTEGER NOT NULL,
    tracked  INTEGER NOT NULL,
    shown_thousandths    INTEGER,
    PRIMARY KEY (store, product, at, origin, seq, hash, line)
) STRICT, WITHOUT ROWID;

-- Folded from stock_moves: the baseline and what moved since.
CREATE TABLE stock_levels (
    store       BLOB    NOT NULL,
    product     BLOB    NOT NULL,
    base_at     INTEGER,
    base_origin BLOB,
    base_seq    INTEGER,
    base_thousandths  INTEGER,
    counted     INTEGER NOT NULL,
    moved_thousandths INTEGER NOT NULL,
    PRIMARY KEY (store, product)
) STRICT, WITHOUT ROWID;

CREATE TABLE days (
    store               BLOB    NOT NULL,
    origin              BLOB    NOT NULL,
    day                 TEXT    NOT NULL,
    documents           INTEGER NOT NULL,
    lines               INTEGER NOT NULL,
    gross_sales_minor   INTEGER NOT NULL,
    gross_returns_minor INTEGER NOT NULL,
    reductions_minor    INTEGER NOT NULL,
    net_minor           INTEGER NOT NULL,
    tax_minor           INTEGER NOT NULL,
    total_minor         INTEGER NOT NULL,
    rounding_minor      INTEGER NOT NULL,
    refunds_minor       INTEGER NOT NULL,
    adjustments         INTEGER NOT NULL,
    adjusted_lines      INTEGER NOT NULL,
    PRIMARY KEY (store, origin, day)
) STRICT, WITHOUT ROWID;

-- The journal, summed per account and day: debits positive, credits negative; zero over all accounts.
CREATE TABLE accounts (
    store        BLOB    NOT NULL,
    origin       BLOB    NOT NULL,
    day          TEXT    NOT NULL,
    account      TEXT    NOT NULL,
    currency     TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL,
    PRIMARY KEY (store, origin, day, account, currency)
) STRICT, WITHOUT ROWID;

-- Postings that bring wholly returned lines to zero; folded again with every claim.
CREATE TABLE remainders (
    sale         BLOB    NOT NULL,
    line         INTEGER NOT NULL,
    account      TEXT    NOT NULL,
    currency     TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL,
    PRIMARY KEY (sale, line, account, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE shifts (
    hash        BLOB    PRIMARY KEY,
    at          INTEGER NOT NULL,
    origin      BLOB    NOT NULL,
    seq         INTEGER NOT NULL,
    shift       BLOB    NOT NULL,
    store       BLOB    NOT NULL,
    till        BLOB    NOT NULL,
    day         TEXT    NOT NULL,
    currency    TEXT    NOT NULL,
    float_minor INTEGER,                    -- of an opening
    closed      TEXT                        -- the Z, as JSON, of a closing
) STRICT, WITHOUT ROWID;
CREATE INDEX shifts_shift ON shifts (shift);
CREATE INDEX shifts_closed ON shifts (origin, at) WHERE closed IS NOT NULL;

-- Edits of shared descriptions, and what each subject folds to. Products and prices stand in tables of their own below, and what else is asked
-- of them, which is seldom, is folded when it is asked.
CREATE TABLE edits (
    subject TEXT    NOT NULL,
    hash    BLOB    NOT NULL,
    at      INTEGER NOT NULL,
    origin  BLOB    NOT NULL,
    seq     INTEGER NOT NULL,
    base    TEXT    NOT NULL,               -- JSON list of hashes
    fields  TEXT    NOT NULL,               -- JSON object
    PRIMARY KEY (subject, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE subjects (
    subject TEXT PRIMARY KEY,
    heads   TEXT NOT NULL,                  -- JSON list of hashes: the base of the next edit
    fields  TEXT NOT NULL                   -- JSON object of the values that show
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    product      BLOB    PRIMARY KEY,
    sku          TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    department   TEXT,
    kind         TEXT    NOT NULL,
    tax_class    TEXT    NOT NULL,
    tracked      INTEGER NOT NULL,
    discountable INTEGER NOT NULL,
    unit         TEXT,
    price        INTEGER,                   -- ten-thousandths of a minor unit
    price_set_by BLOB,
    cost         INTEGER,                   -- ten-thousandths of a minor unit
    archived     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX products_shelf ON products (archived, department, name, product);
CREATE INDEX products_name  ON products (archived, name, product);

-- SKU and barcodes; a code on two products is possible and shows as two rows.
CREATE TABLE product_codes (
    code    TEXT NOT NULL,
    product BLOB NOT NULL,
    PRIMARY KEY (code, product)
) STRICT, WITHOUT ROWID;
CREATE INDEX product_codes_product ON product_codes (product);

-- What products are found by. The indexes below know them by number and hold no text of their own: an old text is taken out of them
-- by its number and its words, without looking through the others.
CREATE TABLE product_texts (
    number  INTEGER PRIMARY KEY,
    product BLOB    NOT NULL UNIQUE,
    text    TEXT    NOT NULL
) STRICT;

-- Search: trigrams from three letters on (also inside words and numbers), word prefixes below that.
CREATE VIRTUAL TABLE product_trigrams USING fts5 (text, content = 'product_texts', content_rowid = 'number',
    tokenize = 'trigram remove_diacritics 1');
CREATE VIRTUAL TABLE product_prefixes USING fts5 (text, content = 'product_texts', content_rowid = 'number',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2');

-- Prices of price lists and stores, each in force from a moment on.
CREATE TABLE prices (
    subject    TEXT    PRIMARY KEY,
    product    BLOB    NOT NULL,
    list       TEXT    NOT NULL,
    store      BLOB,
    price      INTEGER NOT NULL,            -- ten-thousandths of a minor unit
    valid_from INTEGER NOT NULL,            -- microseconds
    set_by     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX prices_product ON prices (product);

CREATE TABLE staff (
    staff  BLOB    PRIMARY KEY,
    number TEXT    NOT NULL,
    role   TEXT    NOT NULL,
    store  BLOB,
    active INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Logs that were opened: names of tills, series, parents.
CREATE TABLE origins (
    hash       BLOB    PRIMARY KEY,
    origin     BLOB    NOT NULL,
    role       TEXT    NOT NULL,
    store      BLOB,
    till       BLOB,
    name       TEXT    NOT NULL,
    series     TEXT    NOT NULL,
    parent     BLOB,
    parent_seq INTEGER,
    reason     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX origins_origin ON origins (origin);

CREATE TABLE answers (
    hash     BLOB    PRIMARY KEY,
    at       INTEGER NOT NULL,
    origin   BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    actor    BLOB,
    conflict TEXT    NOT NULL,
    evidence BLOB    NOT NULL,
    choice   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_conflict ON answers (conflict);

-- Kept, but not understood.
CREATE TABLE quarantine (
    hash    BLOB    PRIMARY KEY,
    origin  BLOB    NOT NULL,
    seq     INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    reason  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Judged by head office. `revision` grows with every change of any conflict: the lane that tills follow.
CREATE TABLE conflicts (
    id       TEXT    PRIMARY KEY,
    kind     TEXT    NOT NULL,
    store    BLOB,
    subject  TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    state    TEXT    NOT NULL,
    answer   TEXT,
    evidence BLOB    NOT NULL,
    conflict TEXT    NOT NULL               -- JSON
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX conflicts_revision ON conflicts (revision);
CREATE INDEX        conflicts_subject  ON conflicts (subject);
