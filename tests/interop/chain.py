"""Texts, hashes, seals and certificates of docs/PROTOCOL.md, sections 1 to 3, written from that page alone.

What is wrong raises Broken. Nothing here asks the network.
"""

import base64
import hashlib
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ZERO = bytes(32)
SKELETON = re.compile(r'"[A-Za-z0-9_-]{86}"')
FIELD = 2**255 - 19
EIGHTH = 2707385501144840649318225287225658788936804267575313519463743609750303402022
SMALL_ORDER = {0, 1, FIELD - 1, FIELD, FIELD + 1, EIGHTH, FIELD - EIGHTH}
CERTIFICATE_MEMBERS = {"v", "organisation", "origin", "role", "name", "series", "public_key", "issued_wall"}
CERTIFICATE_MAY_HAVE = {"store", "store_name", "till", "parent"}


class Broken(Exception):
    """Something does not hold that the page says must."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def spell(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unspell(text: str, length: int) -> bytes:
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(data) != length or spell(data) != text:
        raise Broken(f"not {length} bytes in base64url: {text!r}")
    return data


def new_id() -> str:
    """A UUID of version 7."""
    bits = (time.time_ns() // 1_000_000) << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(UUID(int=bits))


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def verify(key: bytes, signature: bytes, text: bytes) -> None:
    """Strictly, as section 1 asks: no point of small order, and the library itself refuses a scalar that is not canonical."""
    for point in (key, signature[:32]):
        if int.from_bytes(point, "little") % 2**255 in SMALL_ORDER:
            raise Broken("a point of small order signs nothing")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except (InvalidSignature, ValueError) as error:
        raise Broken("a signature does not hold") from error


def texts(line: str) -> list[str]:
    """The texts of a JSON array as they stand; white space around its commas is refused."""
    found, at = [], 1
    while line[:1] == "[":
        try:
            _, end = json.JSONDecoder().raw_decode(line, at)
        except ValueError as error:
            raise Broken("a line is not JSON") from error
        found.append(line[at:end])
        if line[end:] == "]":
            return found
        if line[end : end + 1] != ",":
            break
        at = end + 1
    raise Broken("a line is not an array")


def link(previous: bytes, skeleton: bytes) -> bytes:
    return sha256(b"daybook/event/1\0" + previous + skeleton)


def sealed_bytes(origin: str, seq: int, hash: str) -> bytes:
    return b"daybook/seal/1\0" + UUID(origin).bytes + seq.to_bytes(8, "big") + bytes.fromhex(hash)


@dataclass(frozen=True)
class Event:
    """An event as it stands in a line, read no further than its chain needs."""

    envelope: dict[str, Any]
    payload: str
    skeleton: bytes
    seal: str | None

    @staticmethod
    def read(line: str) -> "Event":
        parts = texts(line)
        if len(parts) != 3 or not (parts[2] == "null" or SKELETON.fullmatch(parts[2])):
            raise Broken("a line is not an event")
        skeleton = sha256(parts[0].encode()) + sha256(parts[1].encode())
        return Event(json.loads(parts[0]), parts[1], skeleton, json.loads(parts[2]))

    def check_seal(self, key: bytes, event_hash: bytes) -> None:
        if self.seal is not None:
            verify(key, unspell(self.seal, 64), sealed_bytes(self.envelope["origin"], self.envelope["seq"], event_hash.hex()))


@dataclass
class Log:
    """A log of one's own: lines as first written, and the hash of each."""

    origin: str
    key: Ed25519PrivateKey
    lines: list[str] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=lambda: [ZERO])
    revisions: dict[str, int] = field(default_factory=dict)
    at: int = 0

    def append(self, stream: str, kind: str, version: int, payload: dict[str, Any], sealed: bool = False, **more: str) -> None:
        wall = time.time_ns() // 1000
        self.at = max(wall, self.at + 1)
        self.revisions[stream] = self.revisions.get(stream, 0) + 1
        seq = len(self.lines) + 1
        envelope = {"id": new_id(), "origin": self.origin, "seq": seq, "at": self.at, "wall": wall, "offset": 0}
        envelope |= {"stream": stream, "rev": self.revisions[stream], "type": kind, "v": version, **more}
        said, told = compact(envelope), compact(payload)
        self.hashes.append(link(self.hashes[-1], sha256(said.encode()) + sha256(told.encode())))
        self.lines.append(f"[{said},{told},{compact(self.seal(seq) if sealed else None)}]")

    def seal(self, seq: int) -> str:
        return spell(self.key.sign(sealed_bytes(self.origin, **self.tip(seq))))

    def tip(self, seq: int) -> dict[str, Any]:
        return {"seq": seq, "hash": self.hashes[seq].hex()}


def once_each(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(members)) != len(members):
        raise Broken("a certificate names a member twice")
    return dict(members)


def verify_certificates(presented: list[dict[str, str]], root: bytes, organisation: str, verified: dict[str, Any]) -> None:
    """Adds the certificates that hold by section 3 to those verified before; one that does not raises."""
    if len(presented) > 16:
        raise Broken("too many certificates")
    waiting: dict[str, tuple[dict[str, Any], str, bytes]] = {}
    for signed in presented:
        text = signed["certificate"]
        said = json.loads(text, object_pairs_hook=once_each)
        members, is_till = set(said), said["role"] == "till"
        if len(text.encode()) > 65_536 or said["origin"] in waiting or said["v"] != 1 or said["organisation"] != organisation:
            raise Broken("a certificate that cannot be taken")
        if CERTIFICATE_MEMBERS - members or members - CERTIFICATE_MEMBERS - CERTIFICATE_MAY_HAVE:
            raise Broken("a certificate lacks a member or has one that nobody knows")
        if is_till != {"store", "till"}.issubset(members) or (not is_till and members & {"store", "till", "store_name"}):
            raise Broken("a certificate's store and till do not go with its role")
        if not all(1 <= len(said.get(name, "-")) <= most for name, most in (("name", 200), ("store_name", 200), ("series", 128))):
            raise Broken("a certificate's names are too short or too long")
        waiting[said["origin"]] = (said, text, unspell(signed["signature"], 64))
    while waiting:
        ready = [origin for origin, (said, _, _) in waiting.items() if said.get("parent") is None or said["parent"] in verified]
        if not ready:
            raise Broken("a certificate's parents do not lead to the root")
        for said, text, signature in map(waiting.pop, ready):
            parent = verified.get(said.get("parent") or "")
            if parent and any(said.get(name) != parent.get(name) for name in ("role", "store", "till")):
                raise Broken("a child is somebody else than its parent")
            issuer = unspell(parent["public_key"], 32) if parent else root
            verify(issuer, signature, b"daybook/certificate/1\0" + text.encode())
            verified[said["origin"]] = said
