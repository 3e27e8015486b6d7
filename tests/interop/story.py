"""What a small till writes, by docs/EVENTS.md and schemas/: its books are opened, and cups of tea are sold."""

import secrets

from chain import new_id
from client import Client

CURRENCY = {"code": "EUR", "exponent": 2}


def open_books(till: Client, day: str) -> str:
    """The first events of a log: who writes, that the till was started (which no other till hears of), and that a shift began."""
    me, shift = till.me, new_id()
    mine = {name: me[name] for name in ("organisation", "role", "store", "till", "name", "series", "public_key")}
    till.log.append("origin", "origin.opened", 1, mine | {"reason": "enrolled"}, sealed=True)
    till.log.append("origin", "till.started", 1, {"run": secrets.token_hex(16), "version": "interop"})
    opened = {"shift": shift, "store": me["store"], "till": me["till"], "day": day, "currency": CURRENCY, "float_minor": 20_000}
    till.log.append(f"shift/{shift}", "shift.opened", 1, opened, day=day, actor=new_id())
    return shift


def sell(till: Client, shift: str, day: str, number: int) -> None:
    """A cup of tea for 3.50, paid in cash; the document is begun, and it stands alone."""
    me, sale, actor = till.me, new_id(), new_id()
    place = {"sale": sale, "store": me["store"], "till": me["till"], "shift": shift}
    terms = {"currency": CURRENCY, "prices": "inclusive", "tax_rounding": "document"}
    entered = {"line": 1, "direction": "sale", "kind": "service", "sku": "TEA", "name": "Čaj — tea", "quantity": 1000}
    entered |= {"unit_price": 3_500_000, "extended_minor": 350, "extended_from": "unit"}
    totals = {"lines": 1, "gross_sales_minor": 350, "gross_returns_minor": 0, "reductions_minor": 0}
    totals |= {"net_minor": 350, "tax_minor": 0, "total_minor": 350, "rounding_minor": 0}
    tender = {"tender": 1, "tender_type": "cash", "class": "cash", "amount_minor": 350, "given_minor": 500, "change_minor": 150}
    document = place | {"begun_as": "sale", "number": {"series": me["series"], "number": number}, "terms": terms}
    document |= {"local_time": f"{day}T10:17:41", "utc_offset_minutes": 60, "totals": totals, "tenders": [tender]}
    document |= {"lines": [{"entered": entered, "net_minor": 350}]}
    till.log.append(f"sale/{sale}", "sale.completed", 1, document, sealed=True, day=day, actor=actor)
