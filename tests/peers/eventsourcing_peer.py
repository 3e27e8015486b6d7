"""The peer of row P6: the Python library `eventsourcing` with SQLite, which keeps Daybook's events and folds them into sums in memory.

    eventsourcing_peer.py store EVENTS DATABASE     keeps lines [envelope,payload,seal] as stored events, once
    eventsourcing_peer.py fold DATABASE COUNT       folds the first so many; prints one line of JSON
"""

import json
import sys
import time
from uuid import NAMESPACE_URL, uuid5

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

BATCH = 2_000


def recorder(path):
    datastore = SQLiteDatastore(path)
    found = SQLiteApplicationRecorder(datastore)
    found.create_table()
    return found


def store(events, path):
    into, versions, batch = recorder(path), {}, []
    with open(events, "rb") as lines:
        for line in lines:
            envelope = json.loads(line)[0]
            stream = envelope["stream"]
            version = versions[stream] = versions.get(stream, 0) + 1
            identity = uuid5(NAMESPACE_URL, stream)
            batch.append(StoredEvent(identity, version, envelope["type"], line.rstrip(b"\n")))
            if len(batch) == BATCH:
                into.insert_events(batch)
                batch = []
    into.insert_events(batch)


def fold(path, count):
    source = recorder(path)
    began = time.perf_counter()
    days, tenders, stock, products = {}, {}, {}, {}
    documents = total = read = 0
    while read < count:
        found = source.select_notifications(read + 1, min(BATCH, count - read))
        if not found:
            break
        for notification in found:
            envelope, payload = json.loads(notification.state)[:2]
            kind = notification.topic
            if kind == "sale.completed":
                documents += 1
                money = payload["totals"]["total_minor"]
                total += money
                key = (payload["store"], envelope.get("day"))
                days[key] = days.get(key, 0) + money
                for tender in payload["tenders"]:
                    name = tender["tender_type"]
                    tenders[name] = tenders.get(name, 0) + tender["amount_minor"]
                for line in payload["lines"]:
                    entered = line["entered"]
                    product = entered.get("product")
                    stock[product] = stock.get(product, 0) - entered["quantity"]
            elif kind == "product.created":
                products[payload["product"]] = payload
        read += len(found)
    seconds = time.perf_counter() - began
    print(json.dumps({"events": read, "seconds": seconds, "documents": documents, "total_minor": total}))


if sys.argv[1] == "store":
    store(sys.argv[2], sys.argv[3])
else:
    fold(sys.argv[2], int(sys.argv[3]))
