-- A shop system without events, as a careful developer writes one for SQLite: one row for each thing as it is now, keys that tills can make
-- while they are offline, who wrote a row and when, and an index for every screen that is opened daily. It holds what head office's reports,
-- its history, its stock and its returns answer from, and nothing of how it came about: no carts, no proof, nothing of what was changed.
CREATE TABLE stores (id BLOB PRIMARY KEY, name TEXT NOT NULL, currency TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE tills (
    id         BLOB    PRIMARY KEY,
    store_id   BLOB    NOT NULL REFERENCES stores (id),
    name       TEXT    NOT NULL,
    series     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE TABLE staff (
    id         BLOB    PRIMARY KEY,
    number     TEXT    NOT NULL UNIQUE,
    role       TEXT    NOT NULL,
    active     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE products (
    id           BLOB    PRIMARY KEY,
    sku          TEXT    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    department   TEXT,
    kind         TEXT    NOT NULL,
    tax_class    TEXT    NOT NULL,
    unit         TEXT,
    price        INTEGER,
    cost         INTEGER,
    tracked      INTEGER NOT NULL,
    discountable INTEGER NOT NULL,
    archived     INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    updated_by   BLOB    REFERENCES staff (id)
);
CREATE INDEX products_name ON products (name);
CREATE INDEX products_department ON products (department, name);
CREATE TABLE product_codes (
    code       TEXT NOT NULL,
    product_id BLOB NOT NULL REFERENCES products (id),
    PRIMARY KEY (code, product_id)
) WITHOUT ROWID;
CREATE INDEX product_codes_product ON product_codes (product_id);
CREATE TABLE prices (
    id         BLOB    PRIMARY KEY,
    product_id BLOB    NOT NULL REFERENCES products (id),
    store_id   BLOB    REFERENCES stores (id),
    list       TEXT    NOT NULL,
    price      INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB    REFERENCES staff (id)
);
CREATE INDEX prices_product ON prices (product_id);

CREATE TABLE shifts (
    id               BLOB    PRIMARY KEY,
    store_id         BLOB    NOT NULL REFERENCES stores (id),
    till_id          BLOB    NOT NULL REFERENCES tills (id),
    day              TEXT    NOT NULL,
    number           INTEGER,
    currency         TEXT    NOT NULL,
    float_minor      INTEGER,
    expected_minor   INTEGER,
    counted_minor    INTEGER,
    over_short_minor INTEGER,
    opened_at        INTEGER NOT NULL,
    closed_at        INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
);
CREATE INDEX shifts_day ON shifts (store_id, day);
CREATE TABLE cash_movements (
    id           BLOB    PRIMARY KEY,
    shift_id     BLOB    NOT NULL REFERENCES shifts (id),
    kind         TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL,
    reason       TEXT,
    created_at   INTEGER NOT NULL,
    created_by   BLOB    REFERENCES staff (id)
);
CREATE INDEX cash_movements_shift ON cash_movements (shift_id);

CREATE TABLE documents (
    id                  BLOB    PRIMARY KEY,
    store_id            BLOB    NOT NULL REFERENCES stores (id),
    till_id             BLOB    NOT NULL REFERENCES tills (id),
    shift_id            BLOB    NOT NULL REFERENCES shifts (id),
    customer_id         BLOB,
    voids_id            BLOB    REFERENCES documents (id),
    kind                TEXT    NOT NULL,
    series              TEXT    NOT NULL,
    number              INTEGER NOT NULL,
    day                 TEXT    NOT NULL,
    local_time          TEXT    NOT NULL,
    currency            TEXT    NOT NULL,
    lines               INTEGER NOT NULL,
    gross_sales_minor   INTEGER NOT NULL,
    gross_returns_minor INTEGER NOT NULL,
    discounts_minor     INTEGER NOT NULL,
    net_minor           INTEGER NOT NULL,
    tax_minor           INTEGER NOT NULL,
    total_minor         INTEGER NOT NULL,
    rounding_minor      INTEGER NOT NULL,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    created_by          BLOB    REFERENCES staff (id),
    approved_by         BLOB    REFERENCES staff (id)
);
CREATE UNIQUE INDEX documents_number ON documents (till_id, series, number);
CREATE INDEX documents_day   ON documents (store_id, day, till_id);
CREATE INDEX documents_time  ON documents (store_id, created_at);
CREATE INDEX documents_shift ON documents (shift_id);

CREATE TABLE document_lines (
    id               BLOB    PRIMARY KEY,
    document_id      BLOB    NOT NULL REFERENCES documents (id),
    line             INTEGER NOT NULL,
    direction        TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    product_id       BLOB    REFERENCES products (id),
    sku              TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    department       TEXT,
    quantity_thousandths INTEGER NOT NULL,
    unit_price       INTEGER,
    gross_minor      INTEGER NOT NULL,
    discounts_minor  INTEGER NOT NULL,
    net_minor        INTEGER NOT NULL,
    tax_class        TEXT,
    tax_rate         TEXT,
    tax_minor        INTEGER NOT NULL,
    unit_cost        INTEGER,
    returned_line_id BLOB    REFERENCES document_lines (id),
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
);
CREATE INDEX document_lines_document ON document_lines (document_id, line);
CREATE INDEX document_lines_product ON document_lines (product_id);
CREATE INDEX document_lines_returned ON document_lines (returned_line_id) WHERE returned_line_id IS NOT NULL;

CREATE TABLE payments (
    id           BLOB    PRIMARY KEY,
    document_id  BLOB    NOT NULL REFERENCES documents (id),
    place        INTEGER NOT NULL,
    tender_type  TEXT    NOT NULL,
    class        TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL,
    given_minor  INTEGER,
    change_minor INTEGER,
    to_verify    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
);
CREATE INDEX payments_document ON payments (document_id, place);

CREATE TABLE stock_movements (
    id         BLOB    PRIMARY KEY,
    store_id   BLOB    NOT NULL REFERENCES stores (id),
    product_id BLOB    NOT NULL REFERENCES products (id),
    line_id    BLOB    REFERENCES document_lines (id),
    kind       TEXT    NOT NULL,
    quantity_thousandths INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB    REFERENCES staff (id)
);
CREATE INDEX stock_movements_product ON stock_movements (store_id, product_id, created_at);
CREATE TABLE stock_levels (
    store_id   BLOB    NOT NULL REFERENCES stores (id),
    product_id BLOB    NOT NULL REFERENCES products (id),
    on_hand_thousandths INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, product_id)
) WITHOUT ROWID;

-- The same shop, from its read models. Times are milliseconds; keys that events do not have are drawn.
INSERT INTO stores SELECT DISTINCT store, 'High Street', 'EUR', 1772442000000, 1772442000000 FROM views.origins WHERE store IS NOT NULL;
INSERT INTO tills SELECT till, store, min(name), min(series), 1772442000000, 1772442000000 FROM views.origins WHERE till IS NOT NULL GROUP BY 1;
INSERT INTO staff SELECT staff, number, role, active, 1772442000000, 1772442000000 FROM views.staff;
INSERT INTO products SELECT product, sku, name, department, kind, tax_class, unit, price, cost, tracked, discountable, archived,
    1772442000000, 1772442000000, (SELECT min(id) FROM staff) FROM views.products;
INSERT INTO product_codes SELECT code, product FROM views.product_codes;
INSERT INTO prices SELECT randomblob(16), product, store, list, price, valid_from / 1000, valid_from / 1000, (SELECT min(id) FROM staff)
    FROM views.prices;
INSERT INTO shifts SELECT o.shift, o.store, o.till, o.day, json_extract(c.closed, '$.number'), o.currency, o.float_minor,
    json_extract(c.closed, '$.tenders[0].expected_minor'), json_extract(c.closed, '$.tenders[0].counted_minor'),
    json_extract(c.closed, '$.over_short_minor'), o.at / 1000, c.at / 1000, o.at / 1000, coalesce(c.at, o.at) / 1000
    FROM views.shifts o LEFT JOIN views.shifts c ON c.shift = o.shift AND c.closed IS NOT NULL WHERE o.closed IS NULL GROUP BY o.shift;
INSERT INTO documents SELECT sale, store, till, shift, customer, voids, begun_as, series, number, day, local_time, currency, lines,
    gross_sales_minor, gross_returns_minor, reductions_minor, net_minor, tax_minor, total_minor, rounding_minor, at / 1000, at / 1000,
    actor, approver FROM views.documents ORDER BY at;
INSERT INTO document_lines SELECT randomblob(16), l.sale, l.line, l.direction, l.kind, l.product, l.sku, l.name, l.department,
    l.quantity_thousandths, p.price, l.extended_minor, l.reductions_minor, l.net_minor, p.tax_class,
    CASE p.tax_class WHEN 'standard' THEN '19' ELSE '7' END, l.tax_minor, l.cost, NULL, d.created_at, d.created_at
    FROM documents d JOIN views.document_lines l ON l.sale = d.id LEFT JOIN products p ON p.id = l.product ORDER BY d.rowid, l.line;
INSERT INTO payments SELECT randomblob(16), v.sale, t.tender, t.tender_type, t.class, t.amount_minor, t.given_minor, t.change_minor,
    t.to_verify, d.created_at, d.created_at
    FROM documents d JOIN views.documents v ON v.sale = d.id JOIN views.tenders t ON t.hash = v.hash ORDER BY d.rowid, t.tender;
INSERT INTO stock_movements SELECT randomblob(16), d.store_id, l.product_id, l.id, CASE l.direction WHEN 'sale' THEN 'sold' ELSE 'returned' END,
    -l.quantity_thousandths, d.created_at, d.created_by
    FROM documents d JOIN document_lines l ON l.document_id = d.id JOIN products p ON p.id = l.product_id WHERE p.tracked ORDER BY d.rowid, l.line;
INSERT INTO stock_movements SELECT randomblob(16), store, product, NULL, kind, quantity_thousandths, at / 1000, (SELECT min(id) FROM staff)
    FROM views.stock_moves WHERE kind NOT IN ('sold', 'returned');
INSERT INTO stock_levels SELECT store, product, coalesce(base_thousandths, 0) + moved_thousandths, 1772442000000 FROM views.stock_levels;
