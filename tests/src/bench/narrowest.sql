-- A single shop's tables as narrow as they can be: numbered rows with what a receipt shows and a return needs, one index for each question
-- that is asked daily; no keys that a till could make by itself, no stock, no shifts, nobody who wrote a row.
CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL, department TEXT, tax_class TEXT NOT NULL,
    price INTEGER, tracked INTEGER NOT NULL, on_hand INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE sales (id INTEGER PRIMARY KEY, store INTEGER NOT NULL, till INTEGER NOT NULL, shift INTEGER NOT NULL, staff INTEGER,
    number TEXT NOT NULL, day TEXT NOT NULL, local_time TEXT NOT NULL, currency TEXT NOT NULL, gross INTEGER NOT NULL,
    discount INTEGER NOT NULL, tax INTEGER NOT NULL, rounding INTEGER NOT NULL, total INTEGER NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL);
CREATE TABLE sale_lines (id INTEGER PRIMARY KEY, sale INTEGER NOT NULL, line INTEGER NOT NULL, product INTEGER, sku TEXT NOT NULL,
    name TEXT NOT NULL, department TEXT, quantity INTEGER NOT NULL, unit_price INTEGER, gross INTEGER NOT NULL, discount INTEGER NOT NULL,
    net INTEGER NOT NULL, tax_class TEXT, tax INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE payments (id INTEGER PRIMARY KEY, sale INTEGER NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL,
    given INTEGER, change INTEGER, created_at INTEGER NOT NULL);
INSERT INTO products (sku, name, department, tax_class, price, tracked, created_at, updated_at)
    SELECT sku, name, department, tax_class, price, tracked, 1772442000, 1772442000 FROM views.products;
CREATE TEMP TABLE numbers (id INTEGER PRIMARY KEY, hash BLOB UNIQUE);
INSERT INTO numbers (hash) SELECT hash FROM views.documents ORDER BY at;
INSERT INTO sales SELECT n.id, 1, 1, n.id / 1000, 2, d.series || '-' || d.number, d.day, d.local_time, d.currency, d.gross_sales_minor,
    d.reductions_minor, d.tax_minor, d.rounding_minor, d.total_minor, d.wall / 1000000, d.wall / 1000000
    FROM numbers n JOIN views.documents d ON d.hash = n.hash ORDER BY n.id;
INSERT INTO sale_lines (sale, line, product, sku, name, department, quantity, unit_price, gross, discount, net, tax_class, tax,
        created_at, updated_at)
    SELECT n.id, l.line, p.id, l.sku, l.name, l.department, l.quantity_thousandths, p.price, l.extended_minor, l.reductions_minor,
        l.net_minor, p.tax_class, l.tax_minor, 1772442000, 1772442000
    FROM numbers n JOIN views.document_lines l ON l.hash = n.hash LEFT JOIN products p ON p.sku = l.sku ORDER BY n.id, l.line;
INSERT INTO payments (sale, kind, amount, given, change, created_at)
    SELECT n.id, t.tender_type, t.amount_minor, t.given_minor, t.change_minor, 1772442000
    FROM numbers n JOIN views.tenders t ON t.hash = n.hash ORDER BY n.id;
CREATE INDEX sales_day ON sales (day, till);
CREATE INDEX sales_number ON sales (number);
CREATE INDEX sale_lines_sale ON sale_lines (sale);
CREATE INDEX sale_lines_product ON sale_lines (product);
CREATE INDEX payments_sale ON payments (sale);
