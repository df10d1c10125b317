"""Calling out: whom the portal calls, and whom it refuses to call, over real connections."""

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lib import outbound
from lib.outbound_guard import is_allowed
from tests.worlds.receivers import Answer, Receiver, drip, drop, garbage, hang, receiving

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
FORBIDDEN = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
]
NAME = "receiver.example"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def allowed(settings: Any) -> None:
    settings.OUTBOUND_ALLOW = [ip_network("127.0.0.0/8")]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Have ``NAME`` lead to one of the given addresses after the other, and count the look-ups."""
    real = socket.getaddrinfo

    def lead(*addresses: str) -> list[str]:
        asked: list[str] = []

        def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            if host != NAME:
                return real(host, port, *args, **kwargs)
            asked.append(addresses[min(len(asked), len(addresses) - 1)])
            return real(asked[-1], port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return lead


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called(address: str) -> None:
    assert is_allowed(address)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_the_operator_may_allow_a_network(settings: Any, address: str) -> None:
    settings.OUTBOUND_ALLOW = [ip_network("10.1.0.0/16")]
    assert is_allowed(address)
    assert not is_allowed("10.2.0.1")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "127.1"]
)
def test_our_own_machine_is_not_called(receiver: Receiver, host: str) -> None:
    with pytest.raises(outbound.Refused):
        outbound.post(f"http://{host}:{receiver.port}/", content=b"{}")
    assert receiver.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "http:///path",
        "https://user:secret@example.com/",
        "http://exa\x00mple.com/",
        "http://[::1/",
        "http://example.com:port/",
    ],
)
def test_what_is_not_a_web_address_is_refused(url: str) -> None:
    with pytest.raises(outbound.Refused):
        outbound.post(url, content=b"{}")


def test_an_allowed_receiver_gets_what_was_posted(allowed: None, receiver: Receiver) -> None:
    receiver.answers = lambda request: Answer(202, {"X-Said": "hello"}, b"thanks")
    answer = outbound.post(receiver.url, content=b'{"a": 1}', headers={"X-Asked": "yes"})
    assert (answer.status_code, answer.headers["x-said"], answer.text) == (202, "hello", "thanks")
    (request,) = receiver.requests
    assert (request.path, request.body, request.headers["x-asked"]) == (
        "/events",
        b'{"a": 1}',
        "yes",
    )


def test_a_redirect_is_not_followed(allowed: None, receiver: Receiver) -> None:
    receiver.answers = lambda request: Answer(307, {"Location": receiver.url})
    assert outbound.post(receiver.url, content=b"{}").status_code == 307
    assert len(receiver.requests) == 1


def test_no_proxy_of_the_environment_is_used(
    allowed: None, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert outbound.post(receiver.url, content=b"{}").is_success


def test_only_the_beginning_of_an_answer_is_read(allowed: None, receiver: Receiver) -> None:
    receiver.answers = lambda request: Answer(500, {}, b"x" * 5_000_000)
    with outbound.Client() as client:
        for _ in range(2):
            answer = client.post(receiver.url, content=b"{}")
            assert answer.content == b"x" * outbound.ANSWER_BYTES


def test_a_client_keeps_its_connection(allowed: None, receiver: Receiver) -> None:
    with outbound.Client() as client:
        for _ in range(3):
            client.post(receiver.url, content=b"{}")
    assert len({request.connection for request in receiver.requests}) == 1


@pytest.mark.parametrize("instead", [drop, garbage, hang(1), drip])
def test_no_answer_in_time_is_no_answer(
    allowed: None, receiver: Receiver, instead: Callable[[Any], None]
) -> None:
    receiver.answers = lambda request: Answer(instead=instead)
    with pytest.raises(outbound.Unreachable):
        outbound.post(receiver.url, content=b"{}", timeout=0.3)


def test_a_closed_port_and_an_unknown_name_are_no_answer(allowed: None) -> None:
    for url in ("http://127.0.0.1:9/", "http://nobody.invalid/"):
        with pytest.raises(outbound.Unreachable):
            outbound.post(url, content=b"{}", timeout=5)


def test_a_name_that_leads_inside_is_refused(
    receiver: Receiver, names: Callable[..., list[str]]
) -> None:
    names("127.0.0.1")
    with pytest.raises(outbound.Refused):
        outbound.post(f"http://{NAME}:{receiver.port}/", content=b"{}")
    assert receiver.requests == []


def test_a_name_that_changes_after_it_was_judged_gains_nothing(
    settings: Any, receiver: Receiver, names: Callable[..., list[str]]
) -> None:
    settings.OUTBOUND_ALLOW = [ip_network("192.0.2.0/24")]
    asked = names("192.0.2.1", "127.0.0.1")
    with pytest.raises(outbound.Unreachable):
        outbound.post(f"http://{NAME}:{receiver.port}/", content=b"{}", timeout=0.3)
    assert (asked, receiver.requests) == (["192.0.2.1"], [])


def test_the_look_up_that_was_judged_is_the_only_one(
    allowed: None, receiver: Receiver, names: Callable[..., list[str]]
) -> None:
    asked = names("127.0.0.1", "192.0.2.1")
    assert outbound.post(f"http://{NAME}:{receiver.port}/", content=b"{}").is_success
    assert asked == ["127.0.0.1"]
    assert receiver.requests[0].headers["host"] == f"{NAME}:{receiver.port}"


def certificate(folder: Path, name: str) -> Path:
    """Write a key and a certificate for ``name`` that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now() - timedelta(days=1)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A certificate for ``NAME`` that our client trusts."""
    path = certificate(tmp_path, NAME)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    outbound._certificates.cache_clear()
    yield path
    outbound._certificates.cache_clear()


def test_tls_is_held_against_the_name(
    allowed: None, receiver: Receiver, names: Callable[..., list[str]], trusted: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    names("127.0.0.1")
    url = f"https://{NAME}:{receiver.port}/"
    assert outbound.post(url, content=b"{}").is_success
    with pytest.raises(outbound.Unreachable, match="(?i)certificate"):
        outbound.post(f"https://127.0.0.1:{receiver.port}/", content=b"{}")
