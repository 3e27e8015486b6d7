"""Signed requests and answers that count: docs/PROTOCOL.md, sections 4 and 5, written from that page alone.

Where the server hands out nonces a request is signed with the newest one; where none ever came, without.
"""

import base64
import gzip
import http.client
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain import Broken, Log, new_id, sha256, unspell, verify, verify_certificates

UNPACKED = 8_388_608
SIGNED_IN_REQUESTS = '("@method" "@path" "@query" "content-digest" "daybook-request")'
ANSWER = re.compile(
    r'daybook=(\("@status" "content-digest" "daybook-request"\);created=(?:0|[1-9]\d{0,14});'
    r'keyid="([0-9a-f-]{36})";alg="ed25519";tag="daybook-answer-1")'
)
SIGNATURE = re.compile(r"daybook=:([A-Za-z0-9+/]{86}==):")
PACKERS: dict[str, Callable[[bytes], bytes]] = {"zstd": zstandard.ZstdCompressor().compress, "gzip": gzip.compress}


class Problem(Exception):
    """Head office said no; `code` is what to branch on."""

    def __init__(self, said: dict[str, Any]) -> None:
        super().__init__(said["code"], said["message"])
        self.code: str = said["code"]


@dataclass
class Sent:
    """A request as it goes out, signed."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Got:
    """An answer as it came in, not yet believed."""

    status: int
    headers: dict[str, str]
    body: bytes


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(sha256(body)).decode()}:"


def unpacked(got: Got) -> bytes:
    if got.headers.get("content-encoding") != "zstd":
        return got.body
    body: bytes = zstandard.ZstdDecompressor(max_window_size=UNPACKED).stream_reader(got.body).read(UNPACKED + 1)
    if len(body) > UNPACKED:
        raise Broken("an answer that is too large")
    return body


def signed(key: Ed25519PrivateKey, origin: str, sent: Sent, request: str, created: int, nonce: str | None) -> Sent:
    """Adds what section 4 wants of a request."""
    path, _, query = sent.target.partition("?")
    parameters = f'{SIGNED_IN_REQUESTS};created={created};keyid="{origin}";alg="ed25519";tag="daybook-request-1"'
    if nonce:
        parameters += f';nonce="{nonce}"'
    base = [
        f'"@method": {sent.method}',
        f'"@path": {path}',
        f'"@query": ?{query}',
        f'"content-digest": {digest(sent.body)}',
        f'"daybook-request": {request}',
        f'"@signature-params": {parameters}',
    ]
    signature = base64.b64encode(key.sign("\n".join(base).encode())).decode()
    proof = {"daybook-request": request, "content-digest": digest(sent.body)}
    proof |= {"signature-input": f"daybook={parameters}", "signature": f"daybook=:{signature}:"}
    return Sent(sent.method, sent.target, sent.headers | proof, sent.body)


@dataclass
class Road:
    """The way from one till to one head office, and what the till goes by to believe an answer."""

    host: str
    port: int
    log: Log = field(default_factory=lambda: Log(new_id(), Ed25519PrivateKey.generate()))
    nonce: str | None = None
    organisation: str = ""
    root: bytes = b""
    verified: dict[str, dict[str, Any]] = field(default_factory=dict)
    epoch: str | None = None
    # What carries a request. Whoever wants to see what a bad network does puts another one in its place.
    network: Callable[[Sent], Got] = field(init=False)

    def __post_init__(self) -> None:
        self.network = self.exchange

    def exchange(self, sent: Sent) -> Got:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request(sent.method, sent.target, sent.body or None, sent.headers)
            answer = connection.getresponse()
            return Got(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def ask(self, method: str, target: str, body: bytes = b"", encoding: str | None = None) -> Got:
        """Sends a request, once more where it was refused for its nonce; gives the answer unpacked, believed or raised."""
        headers = {"accept-encoding": "zstd"}
        if encoding:
            headers["content-encoding"] = encoding
            body = PACKERS[encoding](body)
        request = new_id()
        for is_last in (False, True):
            sent = signed(self.log.key, self.log.origin, Sent(method, target, headers, body), request, int(time.time()), self.nonce)
            got = self.network(sent)
            self.nonce = got.headers.get("daybook-nonce", self.nonce)
            said = self.believed(request, got, target)
            if is_last or got.status == 200 or said.get("code") != "use_nonce":
                break
        if got.status != 200:
            raise Problem(said)
        return got

    def believed(self, request: str, got: Got, target: str) -> dict[str, Any]:
        """Section 5: only a signed answer to this very request counts. Unpacks it; gives its first line."""
        if got.headers.get("content-digest") != digest(got.body) or got.headers.get("daybook-request") != request:
            raise Broken("an answer to something else, or changed on the way")
        try:
            if target == "/v1/handshake" and got.status == 200:
                office = json.loads(unpacked(got))["head_office"]["certificate"]
                verify_certificates([office], self.root, self.organisation, self.verified)
            if target != "/v1/enrol":
                self.check_signature(request, got)
            got.body = unpacked(got)
            said: dict[str, Any] = json.loads(got.body.split(b"\n")[0])
            if said.get("request", request) != request:
                raise Broken("an answer to another request")
        except (KeyError, TypeError, ValueError, zstandard.ZstdError) as error:
            raise Broken("an answer that cannot be read") from error
        if target != "/v1/handshake" and said.get("epoch", self.epoch) != self.epoch:
            raise Broken("an answer of another epoch: shake hands first")
        return said

    def check_signature(self, request: str, got: Got) -> None:
        parameters = ANSWER.fullmatch(got.headers.get("signature-input", ""))
        signature = SIGNATURE.fullmatch(got.headers.get("signature", ""))
        signer = self.verified.get(parameters[2]) if parameters else None
        if not parameters or not signature or not signer or signer["role"] != "head_office":
            raise Broken("an answer that nobody known signed")
        base = [
            f'"@status": {got.status}',
            f'"content-digest": {digest(got.body)}',
            f'"daybook-request": {request}',
            f'"@signature-params": {parameters[1]}',
        ]
        verify(unspell(signer["public_key"], 32), base64.b64decode(signature[1]), "\n".join(base).encode())
