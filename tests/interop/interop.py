"""Shows that docs/PROTOCOL.md is enough to write a client in another language: two tills in Python over a real head office.

    interop.py PROGRAM PROTOCOL     PROGRAM is the built daybook-server, PROTOCOL the page, whose vectors are looked at first

Each line it prints is a law that held. It ends with 0 when all of them did, and with 1 at the first that does not.
"""

import datetime
import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain import ZERO, Broken, compact, new_id, spell, unspell, verify_certificates
from client import Client
from office import Office
from road import Got, Problem, Sent, digest, signed
from story import open_books, sell

STORE = "High Street"
SOLD_BY_FIRST, SOLD_BY_SECOND = 3, 600


class Law(Exception):
    """A law that did not hold."""


def law(text: str, holds: bool = True) -> None:
    if not holds:
        raise Law(text)
    print(f"  held: {text}", flush=True)


def refused(text: str, code: str, act: Callable[[], object]) -> None:
    try:
        act()
    except Problem as problem:
        law(f"{text}: {code}", problem.code == code or print(f"  said: {problem}", file=sys.stderr) is not None)
    else:
        raise Law(text)


def noticed(text: str, act: Callable[[], object]) -> None:
    try:
        act()
    except Broken:
        law(text)
    else:
        raise Law(text)


def vectors(page: str) -> None:
    """The page's own vectors: what no exchange with today's server shows by itself."""
    blocks = {name: dict(re.findall(r"^(\S+) = (.*)$", text, re.M)) for name, text in re.findall(r"```vector (\S+)\n(.*?)```", page, re.S)}
    keys = blocks["keys"]
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(keys["till.seed"]))
    for name, method, target in (("request", "POST", "/v1/push"), ("request-without-body", "GET", "/v1/feed?")):
        block = blocks[name]
        body = "".join(f"{text}\n" for part, text in block.items() if part.startswith("body."))
        origin = re.search(r'keyid="([^"]+)"', block["signature-input"])
        sent = Sent(method, (target + block.get("query", "")), {}, body.encode())
        sent = signed(key, origin[1] if origin else "", sent, block["daybook-request"], int(block["created"]), block.get("nonce"))
        law(f"the page's vector {name!r} is signed as it stands there", all(block[part] == value for part, value in sent.headers.items()))
    signed_texts = blocks["certificate"]
    family = [{"certificate": signed_texts[f"{who}.text"], "signature": signed_texts[f"{who}.signature"]} for who in ("child", "till")]
    organisation = json.loads(family[0]["certificate"])["organisation"]
    root = unspell(keys["root.public"], 32)
    verify_certificates(family, root, organisation, {})
    law("the page's certificates hold up to the root")
    renamed = [family[0], {**family[1], "certificate": family[1]["certificate"].replace("Till 1", "Till 2")}]
    noticed("a changed certificate does not", lambda: verify_certificates(renamed, root, organisation, {}))
    noticed("a child's certificate without its parent's proves nothing", lambda: verify_certificates(family[:1], root, organisation, {}))


def over(network: Callable[[Sent], Got], till: Client, act: Callable[[], object]) -> object:
    """Does something while another network carries it."""
    till.network = network
    try:
        return act()
    finally:
        till.network = till.exchange


def tips(till: Client) -> list[dict[str, Any]]:
    """What head office holds of this till."""
    held: list[dict[str, Any]] = till.handshake()["tips"][till.log.origin]
    return held


def enrolling(office: Office) -> tuple[Client, Client]:
    first, second = Client(office.host, office.port), Client(office.host, office.port)
    code = office.enrol_code(STORE, "Till 1")
    refused("a wrong code enrols nobody", "enrolment_refused", lambda: first.enrol("00000-00000", "Till 1"))
    first.enrol(code, "Till 1")
    law("head office proves that it knows the code; its certificate and the till's end at the root", first.me["store_name"] == STORE)
    refused("the code enrols nobody else", "enrolment_refused", lambda: second.enrol(code, "Till 1"))
    second.enrol(office.enrol_code(STORE, "Till 2"), "Till 2")
    law("a handshake is answered; head office holds nothing of either yet", tips(first) == tips(second) == [])
    return first, second


def pushing(till: Client, day: str) -> None:
    shift = open_books(till, day)
    for number in range(1, SOLD_BY_FIRST + 1):
        sell(till, shift, day, number)
    till.push(1, 3)
    law("events sent as they are become durable", tips(till) == [till.log.tip(3)])
    till.push(4, 4, "zstd")
    law("events packed with zstd become durable", tips(till) == [till.log.tip(4)])
    refused("events that follow nothing known are not taken", "unknown_previous", lambda: till.push(6, 6))
    law("they left no trace", tips(till) == [till.log.tip(4)])
    till.push(5, 5, "gzip")
    law("events packed with gzip become durable", tips(till) == [till.log.tip(5)])
    till.push(6, 6)
    again = [till.push(1, 6, "zstd"), till.push(2, 4), till.push(6, 6)]
    law("sent again, in other portions too, nothing is there twice and no fork is seen", not any(said["forked"] for said in again))
    law("the tip is the last event", tips(till) == [till.log.tip(6)])


def pushing_much(till: Client, day: str) -> None:
    shift = open_books(till, day)
    for number in range(1, SOLD_BY_SECOND + 1):
        sell(till, shift, day, number)
    refused("more events than a push may hold are not taken", "too_large", lambda: till.push(1, 501, "zstd"))
    till.push(1, 500, "zstd")
    till.push(501, len(till.log.lines), "zstd")
    law(f"{len(till.log.lines)} events become durable in two pushes", tips(till) == [till.log.tip(len(till.log.lines))])


def reading(till: Client, other: Client) -> list[str]:
    """Reads all scopes; gives the lines of the sales as they came."""
    pages: list[Got] = []

    def kept(sent: Sent) -> Got:
        pages.append(till.exchange(sent))
        return pages[-1]

    sales = f"sales:{till.me['store']}"
    for scope in till.handshake()["scopes"]:
        if scope == sales:
            over(kept, till, lambda: till.read(sales))
        elif not scope.startswith("conflicts:") and scope != "credentials":
            till.read(scope)
    till.handshake()
    vouched = till.check()
    office = next(origin for origin, said in till.verified.items() if said["role"] == "head_office")
    law("every chain of the feed closes and every seal holds; head office's log among them", vouched[office] > 0)
    for whose, log in (("its own", till.log), ("the other till's", other.log)):
        read = [tip for event, tip in till.taken if event.envelope["origin"] == log.origin]
        law(f"{whose} events come back, each once, with the hashes they were written with", read == [log.hashes[1], *log.hashes[3:]])
        law(f"{whose} seals vouch for all of them; what travels nowhere is there as a skeleton", vouched[log.origin] == len(log.lines))
    law("a scope that is longer than a page comes in several", len(pages) > 1)
    return [line for page in pages for line in page.body.decode().removesuffix("\n").split("\n")[1:]]


def counting(till: Client, day: str) -> None:
    """Head office's read models follow behind its answers, so it is asked until they are there."""
    sold = [("Till 1", SOLD_BY_FIRST), ("Till 2", SOLD_BY_SECOND)]
    for _ in range(300):
        report = json.loads(till.ask("GET", f"/v1/report?store={till.me['store']}&from={day}&to={day}").body)
        counted = sorted((row["till"], row["receipts"]) for row in report["days"])
        if counted == sold:
            break
        time.sleep(0.1)
    law(f"head office's report counts what was sold: {counted}", counted == sold)
    law("it understands every event, and its postings balance", report["quarantined"] == 0 and report["balanced"])


def tampering(till: Client, lines: list[str]) -> None:
    page = Sent("GET", "/v1/feed?scope=catalogue", {}, b"")
    earlier = till.exchange(signed(till.log.key, till.log.origin, page, new_id(), int(time.time()), till.nonce))
    page_digest = digest(page.body)
    changes: dict[str, Callable[[Got], Got]] = {
        "a changed byte": lambda got: replace(got, body=got.body[:-9] + bytes([got.body[-9] ^ 1]) + got.body[-8:]),
        "a changed status": lambda got: replace(got, status=201),
        "a lost end": lambda got: replace(got, body=got.body[:-1]),
        "an answer to an earlier request": lambda got: earlier,
        "another digest": lambda got: replace(got, headers={**got.headers, "content-digest": page_digest}),
        "another request's id": lambda got: replace(got, headers={**got.headers, "daybook-request": new_id()}),
        "an answer without a signature": lambda got: replace(got, headers={**got.headers, "signature": ""}),
    }
    for what, change in changes.items():

        def pushed(change: Callable[[Got], Got] = change) -> None:
            over(lambda sent: change(till.exchange(sent)), till, lambda: till.push(1, 6))

        noticed(f"{what} is noticed, and the answer does not count", pushed)
    for number in (*range(9), len(lines) - 1):
        line = lines[number]
        changed = [*lines[:number], line.replace('"store":"', '"store":"f', 1), *lines[number + 1 :]]

        def read(changed: list[str] = changed) -> None:
            reader = Client(till.host, till.port, verified=till.verified)
            for place, each in enumerate(changed, 1):
                reader.take(each, place)
            reader.check()

        noticed(f"a changed payload in line {number + 1} of {len(lines)} is noticed by the chain or a seal", read)


def forging(till: Client) -> None:
    before, thief = tips(till), Ed25519PrivateKey.generate()
    sell(till, new_id(), "2026-03-02", 4)
    body = "\n".join([compact({"origin": till.log.origin, "previous": till.log.tip(6), "seal": till.log.seal(7)}), till.log.lines[6]])
    push = Sent("POST", "/v1/push", {}, body.encode())

    def told(sent: Sent) -> Callable[[], object]:
        def tell() -> None:
            said = json.loads(till.exchange(sent).body)
            raise Problem(said) if "code" in said else Law("a forged request was done")

        return tell

    honest = signed(till.log.key, till.log.origin, push, new_id(), int(time.time()), till.nonce)
    refused("a request signed by another key", "unauthenticated", told(signed(thief, till.log.origin, push, new_id(), 0, till.nonce)))
    refused("a body changed after signing", "unauthenticated", told(replace(honest, body=body.replace("TEA", "TEE").encode())))
    refused("a signature moved to another route", "unauthenticated", told(replace(honest, target="/v1/handshake")))
    refused("a changed event, honestly carried", "malformed", lambda: till.ask("POST", "/v1/push", body.replace("TEA", "TEE").encode()))
    stranger = Client(till.host, till.port, nonce=till.nonce, organisation=till.organisation, root=till.root, verified=dict(till.verified))
    text = compact(till.me | {"origin": stranger.log.origin, "public_key": spell(stranger.log.key.public_key().public_bytes_raw())})
    stranger.certificate = {"certificate": text, "signature": spell(thief.sign(b"daybook/certificate/1\0" + text.encode()))}
    refused("a stranger with a certificate of its own making", "unknown_origin", stranger.handshake)
    law("nothing of it had an effect", tips(till) == before)
    for _ in range(2):
        till.exchange(honest)
    law("the honest request, played twice, counts once", tips(till) == [till.log.tip(7)])


def freshness(till: Client) -> None:
    if not till.nonce:
        print("  left out: this head office hands out no nonces")
        return
    for what, nonce in (("without a nonce", None), ("with a nonce that nobody handed out", spell(ZERO))):
        went: list[str] = []

        def counted(sent: Sent, went: list[str] = went) -> Got:
            went.append(sent.headers["daybook-request"])
            return till.exchange(sent)

        till.nonce = nonce
        over(counted, till, till.handshake)
        law(f"a request {what} is sent once more, as the same request, and then done", len(went) == 2 and len(set(went)) == 1)


def main() -> int:
    program, page = Path(sys.argv[1]), Path(sys.argv[2])
    day = datetime.date.today().isoformat()
    try:
        print("The page's vectors")
        vectors(page.read_text())
        with Office(program) as office:
            print("Enrolment")
            first, second = enrolling(office)
            print("Pushing")
            pushing(first, day)
            pushing_much(second, day)
            print("Reading")
            lines = reading(first, second)
            reading(second, first)
            counting(first, day)
            print("Tampering")
            tampering(first, lines)
            print("Forging")
            forging(first)
            print("Freshness")
            freshness(first)
    except (Law, Broken, Problem) as failure:
        print(f"  DID NOT HOLD: {type(failure).__name__}: {failure}", file=sys.stderr)
        return 1
    print("A client in another language can be written from the page.")
    return 0


sys.exit(main())
