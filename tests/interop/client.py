"""A till's side of docs/PROTOCOL.md, sections 6 to 10, written from that page, docs/EVENTS.md and schemas/ alone.

It enrols, shakes hands, pushes its log and reads the feed. Everything is kept in memory.
"""

import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

from chain import ZERO, Broken, Event, compact, link, sealed_bytes, sha256, spell, texts, unspell, verify, verify_certificates
from road import Road


@dataclass
class Client(Road):
    """One till: what it pinned, its log, and what it holds of others."""

    certificate: dict[str, str] = field(default_factory=dict)
    word: dict[str, Any] = field(default_factory=dict)
    known: dict[tuple[str, int], set[bytes]] = field(default_factory=dict)
    awaited: list[tuple[str, int, bytes]] = field(default_factory=list)
    taken: list[tuple[Event, bytes]] = field(default_factory=list)

    @property
    def me(self) -> dict[str, Any]:
        return self.verified[self.log.origin]

    def enrol(self, code: str, till_name: str) -> None:
        """Section 6."""
        code_key = sha256(b"daybook/enrol-code/1\0" + code.replace("-", "").encode())
        public_key, nonce = self.log.key.public_key().public_bytes_raw(), secrets.token_bytes(32)
        # The last stands for the key of a TLS certificate; here everything is on one machine, in the clear.
        fields = [UUID(self.log.origin).bytes, public_key, till_name.encode(), nonce, b""]

        def proof(domain: bytes) -> bytes:
            return hmac.digest(code_key, domain + b"".join(len(each).to_bytes(8, "big") + each for each in fields), "sha256")

        body = {"origin": self.log.origin, "public_key": spell(public_key), "till_name": till_name, "nonce": spell(nonce)}
        said = json.loads(self.ask("POST", "/v1/enrol", compact(body | {"proof": spell(proof(b"daybook/enrol-till/1\0"))}).encode()).body)
        text = said["certificate"]["certificate"].encode()
        fields += [UUID(said["organisation"]).bytes, unspell(said["root"], 32), sha256(text)]
        if not hmac.compare_digest(unspell(said["proof"], 32), proof(b"daybook/enrol-server/1\0")):
            raise Broken("whoever answered does not know the code")
        self.organisation, self.root, self.certificate = said["organisation"], unspell(said["root"], 32), said["certificate"]
        verify_certificates([*said["head_office"], said["certificate"]], self.root, self.organisation, self.verified)
        if self.me["role"] != "till" or self.me["public_key"] != spell(public_key):
            raise Broken("a certificate of somebody else")

    def handshake(self) -> dict[str, Any]:
        """Section 8; gives the answer, whose certificates and word about head office itself were verified."""
        held: dict[str, dict[int, set[bytes]]] = {}
        for (origin, seq), hashes in self.known.items():
            held.setdefault(origin, {})[seq] = hashes
        tips = {origin: [{"seq": max(log), "hash": each.hex()} for each in log[max(log)]] for origin, log in held.items()}
        if self.log.lines:
            tips[self.log.origin] = [self.log.tip(len(self.log.lines))]
        body: dict[str, Any] = {"origin": self.log.origin, "wall": time.time_ns() // 1000, "tips": tips}
        body |= {"begins": True, "certificates": [self.certificate]} if self.epoch is None else {"head_office": self.word}
        body["unproved"] = sorted(held.keys() - self.verified.keys())[:16]
        said: dict[str, Any] = json.loads(self.ask("POST", "/v1/handshake", compact(body).encode()).body)
        word = said["head_office"]
        signer = json.loads(word["certificate"]["certificate"])
        if signer["role"] != "head_office":
            raise Broken("a word about head office by somebody else")
        verify(unspell(signer["public_key"], 32), unspell(word["seal"], 64), sealed_bytes(signer["origin"], **word["tip"]))
        verify_certificates(said.get("certificates", []), self.root, self.organisation, self.verified)
        self.epoch, self.word = said["epoch"], word
        return said

    def push(self, first: int, last: int, encoding: str | None = None) -> dict[str, Any]:
        """Section 9: the events of the own log with these numbers; what comes back is that they are durable."""
        head = {"origin": self.log.origin, "previous": self.log.tip(first - 1), "seal": self.log.seal(last)}
        body = "".join(f"{line}\n" for line in [compact(head), *self.log.lines[first - 1 : last]])
        said: dict[str, Any] = json.loads(self.ask("POST", "/v1/push", body.encode(), encoding).body)
        if said["origin"] != self.log.origin or said["durable"] != self.log.tip(last):
            raise Broken("an acknowledgement of something else")
        return said

    def read(self, scope: str) -> list[Event]:
        """Section 10: a whole scope from its beginning, page by page. Nothing of it is vouched for before `check`."""
        events: list[Event] = []
        target, more = f"/v1/feed?scope={scope}", True
        while more:
            head, *lines = self.ask("GET", target).body.decode().removesuffix("\n").split("\n")
            said = json.loads(head)
            if said["scope"] != scope or said["entries"] != len(lines):
                raise Broken("a page of something else, or cut short")
            for line in lines:
                events.append(self.take(line, len(events) + 1))
            target, more = f"/v1/feed?scope={scope}&cursor={quote(said['cursor'], safe='')}", said["more"]
        return events

    def take(self, line: str, place: int) -> Event:
        """Computes the hash of an entry's event over the skeletons before it."""
        position, before, skeletons, text = texts(line)
        event, running = Event.read(text), bytes.fromhex(json.loads(before))
        origin, between = event.envelope["origin"], [unspell(each, 64) for each in json.loads(skeletons)]
        start = event.envelope["seq"] - 1 - len(between)
        if int(position) != place or start < 0 or (start == 0) != (running == ZERO):
            raise Broken("an entry in the wrong place")
        self.awaited.append((origin, start, running))
        for seq, skeleton in enumerate([*between, event.skeleton], start + 1):
            running = link(running, skeleton)
            self.known.setdefault((origin, seq), set()).add(running)
        self.taken.append((event, running))
        return event

    def check(self) -> dict[str, int]:
        """Holds everything read so far together; gives up to which event each origin's seals vouch for its log."""
        vouched: dict[str, int] = {}
        for origin, seq, tip in self.awaited:
            if seq and tip not in self.known.get((origin, seq), ()):
                raise Broken(f"event {seq} of {origin} is missing")
        for event, tip in self.taken:
            origin, seq = event.envelope["origin"], event.envelope["seq"]
            if origin not in self.verified:
                raise Broken(f"nobody says who {origin} is")
            if event.seal:
                event.check_seal(unspell(self.verified[origin]["public_key"], 32), tip)
                vouched[origin] = max(seq, vouched.get(origin, 0))
        return vouched
