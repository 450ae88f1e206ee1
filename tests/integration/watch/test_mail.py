"""Alerts as mail, to a real mail server on loopback: what arrives, encrypted or not, and what a server may answer."""

from __future__ import annotations

import datetime
import email
import ipaddress
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from made_alerts import NOW, alert, notice_event

from portopt.adapters.notices.mail import Mail, read_server
from portopt.domain.errors import EventRefused, InvalidValue, OutsideError
from portopt.domain.watch import Told

EVENT = notice_event(alert(), "mail")
FROM, TO = "portopt@desk.example", "anna@desk.example"


class Mailbox:
    """What arrived. answer: given by the server to each message's data; rejected: receivers that it does not know."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.encrypted: list[bool] = []
        self.answer, self.rejected = "250 OK", set[str]()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.rejected:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer.startswith("250"):
            self.messages.append(email.message_from_bytes(envelope.content, policy=default))
            self.encrypted.append(session.ssl is not None)
        return self.answer


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def serve(mailbox: Mailbox) -> Iterator[Callable[..., str]]:
    """serve(**options): host and port of a server with that mailbox."""
    running: list[Controller] = []

    def start(controller: type[Controller] = Controller, **options: object) -> str:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        running.append(controller(mailbox, hostname="127.0.0.1", port=port, **options))
        running[-1].start()
        return f"127.0.0.1:{port}"

    yield start
    for one in running:
        one.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, signed by itself; the key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("mail") / "certificate.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@pytest.fixture
def at_server(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def test_a_message_says_what_since_when_how_bad_and_where_to_read_on(mailbox: Mailbox, serve: Callable[..., str]) -> None:
    Mail(f"smtp://{serve()}", FROM, [TO, "bert@desk.example"]).deliver(EVENT)
    (message,) = mailbox.messages
    assert message["Subject"] == "[page] P1 drifts by 7 %"
    assert message["To"] == f"{TO}, bert@desk.example"
    assert message["From"] == FROM
    assert message["Message-ID"] == f"<{EVENT.body['notice_id']}@portopt>"
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    words = message.get_content().splitlines()
    assert "of: portfolio P1" in words
    assert "since: 2026-11-20T12:00:00Z" in words
    assert "value: 0.07" in words
    assert "limit: 0.05" in words
    assert "runbook: book-drift" in words
    assert json.loads(words[-1]) == EVENT.body


def test_a_repeat_is_the_same_message_by_its_id(mailbox: Mailbox, serve: Callable[..., str]) -> None:
    mail = Mail(f"smtp://{serve()}", FROM, [TO])
    for event in (EVENT, EVENT, notice_event(alert(), "mail", Told.RESOLVED)):
        mail.deliver(event)
    ids = [message["Message-ID"] for message in mailbox.messages]
    assert ids[0] == ids[1] != ids[2]


def test_where_the_server_offers_encryption_it_is_used(
    mailbox: Mailbox, serve: Callable[..., str], at_server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    where = serve(tls_context=at_server)
    Mail(f"smtp://{where}", FROM, [TO], trusted=trusting).deliver(EVENT)
    assert mailbox.encrypted == [True]
    with pytest.raises(OutsideError, match="SSLCertVerificationError"):  # a server that nobody vouches for
        Mail(f"smtp://{where}", FROM, [TO]).deliver(EVENT)
    assert len(mailbox.messages) == 1


def test_a_server_that_is_encrypted_from_the_first_byte(
    mailbox: Mailbox, serve: Callable[..., str], at_server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    class Encrypted(Controller):
        def factory(self) -> SMTP:
            return SMTP(self.handler)

    where = serve(Encrypted, ssl_context=at_server)
    Mail(f"smtps://{where}", FROM, [TO], trusted=trusting).deliver(EVENT)
    assert len(mailbox.messages) == 1


def test_a_password_is_given_where_it_is_asked_for_and_a_wrong_one_holds_up_everything_alike(
    mailbox: Mailbox, serve: Callable[..., str], at_server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    def check(server, session, envelope, mechanism, data) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"portopt", b"s3:cret@")
        return AuthResult(success=right, handled=False)

    where = serve(authenticator=check, auth_required=True, tls_context=at_server)
    Mail(f"smtp://portopt:s3%3Acret%40@{where}", FROM, [TO], trusted=trusting).deliver(EVENT)
    assert len(mailbox.messages) == 1
    with pytest.raises(OutsideError, match="SMTPAuthenticationError 535") as caught:
        Mail(f"smtp://portopt:wrong@{where}", FROM, [TO], trusted=trusting).deliver(EVENT)
    assert "wrong" not in str(caught.value.problem())
    with pytest.raises(OutsideError, match="SMTPSenderRefused 530"):  # none at all
        Mail(f"smtp://{where}", FROM, [TO], trusted=trusting).deliver(EVENT)


@pytest.mark.parametrize(
    ("answer", "error"), [("554 no", EventRefused), ("552 too big", EventRefused), ("451 later", OutsideError)]
)
def test_what_the_server_says_of_a_message_decides_whether_it_is_tried_again(
    mailbox: Mailbox, serve: Callable[..., str], answer: str, error: type[Exception]
) -> None:
    mailbox.answer = answer
    with pytest.raises(error):
        Mail(f"smtp://{serve()}", FROM, [TO]).deliver(EVENT)


def test_one_unknown_receiver_keeps_the_message_from_nobody_else(mailbox: Mailbox, serve: Callable[..., str]) -> None:
    mailbox.rejected = {"gone@desk.example"}
    where = serve()
    Mail(f"smtp://{where}", FROM, ["gone@desk.example", TO]).deliver(EVENT)
    assert len(mailbox.messages) == 1
    with pytest.raises(EventRefused, match="550"):
        Mail(f"smtp://{where}", FROM, ["gone@desk.example"]).deliver(EVENT)


def test_where_nobody_listens_the_notice_waits() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(OutsideError, match="did not take the message"):
            Mail(f"smtp://127.0.0.1:{taken.getsockname()[1]}", FROM, [TO]).deliver(EVENT)


def test_no_text_of_a_notice_becomes_a_header(mailbox: Mailbox, serve: Callable[..., str]) -> None:
    from dataclasses import replace

    body = {**EVENT.body, "text": "drift\r\nBcc: mallory@evil.example\r\n\r\nhello"}
    Mail(f"smtp://{serve()}", FROM, [TO]).deliver(replace(EVENT, body=body))
    (message,) = mailbox.messages
    assert message["Bcc"] is None
    assert message["Subject"] == "[page] drift Bcc: mallory@evil.example hello"


def test_a_server_s_address_is_read_with_its_password_and_never_repeats_it() -> None:
    found = read_server("smtp://anna%40desk:p%2Fw@mail.example:587")
    assert (found.host, found.port, found.is_tls, found.user, found.password) == (
        "mail.example",
        587,
        False,
        "anna@desk",
        "p/w",
    )
    assert (read_server("smtps://mail.example").port, read_server("smtp://mail.example").port) == (465, 25)
    ends = ("http://mail.example", "smtp://:secret@", "smtp://u:secret@host:port", "smtp://u:secret@host/inbox", "mail.example")
    for wrong in ends:
        with pytest.raises(InvalidValue) as caught:
            read_server(wrong)
        assert "secret" not in str(caught.value.problem())


@pytest.mark.parametrize("address", ["anna", "anna@", "@desk.example", "anna@desk.example, bert", "anna@x\r\nBcc: y@z"])
def test_what_is_no_mail_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidValue):
        Mail("smtp://127.0.0.1", FROM, [address])
