"""An issuer's key set from a file and over https: what is read, and what bounds it."""

from __future__ import annotations

import datetime
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portopt.adapters.identity import key_sets
from portopt.adapters.identity.key_sets import MOST_BYTES, KeySetAt, KeySetFile
from portopt.domain.errors import DataError, FileNotReadable, InvalidValue, OutsideError, PortoptError

KEYS = b'{"keys": []}'
NAME = "issuer.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an issuer that is called `issuer.example`, signed by itself; the key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("issuer") / "certificate.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


Behaviour = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def issuer(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Behaviour], str]]:
    """issuer(behaviour): the address of an https server on loopback that a name of the outside world leads to."""
    servers: list[ThreadingHTTPServer] = []
    look_up = socket.getaddrinfo

    def answer(host: object, *args: object, **named: object) -> object:
        return look_up("127.0.0.1" if host in (NAME, NAME.encode()) else host, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    def start(behaviour: Behaviour) -> str:
        handler = type("Handler", (BaseHTTPRequestHandler,), {"do_GET": behaviour, "log_message": lambda *_: None})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"https://{NAME}:{server.server_port}/keys"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def says(content: bytes, status: int = 200, **headers: str) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return behave


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(b"1")
    source = KeySetFile(file)
    assert source.read() == b"1"
    file.write_bytes(b"2")
    assert source.read() == b"2"


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable, match=r"keys\.json: No such file"):
        KeySetFile(tmp_path / "keys.json").read()
    (tmp_path / "keys.json").write_bytes(bytes(MOST_BYTES + 1))
    with pytest.raises(DataError, match="larger than"):
        KeySetFile(tmp_path / "keys.json").read()


def test_an_address_is_read_where_its_host_may_be_private(issuer: Callable[[Behaviour], str]) -> None:
    address = issuer(says(KEYS))
    assert KeySetAt(address, [NAME]).read() == KEYS
    with pytest.raises(DataError, match="not an address of the open internet"):
        KeySetAt(address).read()


@pytest.mark.parametrize("address", ["http://issuer.example/keys", "https:///keys", "ftp://x/y", "https://a:b@issuer.example/"])
def test_an_address_that_is_not_plain_https_is_refused(address: str) -> None:
    with pytest.raises(InvalidValue):
        KeySetAt(address)


@pytest.mark.parametrize(
    "behaviour",
    [
        says(b"", 500),
        says(b"", 404),
        says(b"", 302, Location="https://127.0.0.1/keys"),
        lambda handler: handler.wfile.write(b"no"),
    ],
)
def test_an_answer_that_is_none_is_the_outside_worlds_fault_and_no_redirect_is_followed(
    issuer: Callable[[Behaviour], str], behaviour: Behaviour
) -> None:
    with pytest.raises(OutsideError):
        KeySetAt(issuer(behaviour), [NAME]).read()


def test_a_large_answer_and_one_that_unpacks_to_a_large_one_are_refused(issuer: Callable[[Behaviour], str]) -> None:
    for behaviour in (says(bytes(MOST_BYTES + 1)), says(gzip.compress(bytes(64 * MOST_BYTES)), Content_Encoding="gzip")):
        with pytest.raises(DataError, match="larger than"):
            KeySetAt(issuer(behaviour), [NAME]).read()


def test_an_issuer_that_drips_is_given_up(issuer: Callable[[Behaviour], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sets, "SECONDS", 1.0)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.1)

    address, began = issuer(drip), time.monotonic()
    with pytest.raises(OutsideError, match="did not answer"):
        KeySetAt(address, [NAME]).read()
    assert time.monotonic() - began < 5


def test_a_server_with_another_name_is_not_believed(issuer: Callable[[Behaviour], str]) -> None:
    address = issuer(says(KEYS)).replace(NAME, "127.0.0.1")
    with pytest.raises(PortoptError, match="did not answer"):
        KeySetAt(address).read()
