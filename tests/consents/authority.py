"""A timestamp authority on this machine: real RFC 3161 answers over real HTTP, or a bad day of one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.timestamps import DummyTimeStamper


@cache
def certified() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(9))
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    builder = builder.add_extension(usage, critical=True)
    stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    return key, builder.add_extension(stamping, critical=True).sign(key, hashes.SHA256())


def answer(question: bytes, *, about: bytes | None = None) -> bytes:
    key, certificate = certified()
    authority = DummyTimeStamper(
        asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
    )
    asked = tsp.TimeStampReq.load(question)
    if about:
        asked["message_imprint"]["hashed_message"] = about
    return authority.request_tsa_response(asked).dump()


@contextmanager
def authority(mood: str = "well") -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and every question it was asked. Moods: well, silent, failing, nonsense, another."""
    asked: list[bytes] = []
    over = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(question)
            if mood == "silent":
                over.wait(20)
                return
            body = {"nonsense": lambda: b"no answer", "another": lambda: answer(question, about=b"x" * 32)}.get(
                mood, lambda: answer(question)
            )()
            self.send_response(500 if mood == "failing" else 200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsr", asked
        finally:
            over.set()
            server.shutdown()
            thread.join()
