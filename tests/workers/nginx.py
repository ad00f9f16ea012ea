"""A real nginx with ``deploy/``'s configuration: only places, ports and a certificate put in."""

import ipaddress
import os
import shutil
import signal
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from getpass import getuser
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.apt import install
from tests.site import WAIT_SECONDS, free_port
from tests.workers.servers import wait_until
from whipround.embedded import PROJECT_ROOT

DEPLOY: Final = PROJECT_ROOT / "deploy"
NAME: Final = "localhost"
SOCKETS: Final = ("pages", "giving", "door")

_HTTP2_IN_LISTEN_UNTIL: Final = (1, 25, 1)


@cache
def find_nginx() -> str | None:
    """The path of nginx; None when there is none to be had."""
    if _on_path() is None:
        install("nginx")
    return _on_path()


def _on_path() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class Nginx:
    """Nginx in front of live processes on two ports, and of workers on sockets in ``folder``.

    Args:
        folder: Short, since a socket's name may have 107 bytes.
        live_ports: Two.
        static: The folder that holds ``static/``.
    """

    def __init__(self, folder: Path, *, live_ports: list[int], static: Path) -> None:
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://{NAME}:{self.port}"
        self.certificate = folder / "fullchain.pem"
        self.main = folder / "nginx.conf"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        key = folder / "privkey.pem"
        _make_certificate(self.certificate, key)
        first, second = live_ports
        site = _filled_in(
            DEPLOY / "nginx.conf",
            {
                "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
                "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
                "listen [::]:443 ssl http2;": "",
                "listen [::]:80;": "",
                "give.example.org;": f"{NAME};",
                "/etc/letsencrypt/live/give.example.org/fullchain.pem": str(self.certificate),
                "/etc/letsencrypt/live/give.example.org/privkey.pem": str(key),
                "/var/log/nginx/": f"{folder}/",
                "/run/whipround/": f"{folder}/",
                "/srv/whipround/var;": f"{static};",
                "127.0.0.1:8001": f"127.0.0.1:{first}",
                "127.0.0.1:8002": f"127.0.0.1:{second}",
            },
        )
        (folder / "whipround.conf").write_text(_for_this_version(site))
        main = {
            # Only root may choose.
            "user www-data;": f"user {getuser()};" if os.geteuid() == 0 else "",
            "/run/nginx.pid": f"{folder}/nginx.pid",
            "/var/log/nginx/": f"{folder}/",
            "/etc/nginx/conf.d/": f"{folder}/",
            "worker_rlimit_nofile 65536;": "",  # a test may not be given as many
            "worker_connections 32768;": "worker_connections 1024;",
        }
        self.main.write_text(_filled_in(DEPLOY / "nginx-main.conf", main))

    def socket(self, name: str) -> Path:
        """Where the workers of this name listen."""
        return self._folder / f"{name}.sock"

    def check(self) -> str:
        """What ``nginx -t`` says."""
        return subprocess.run(
            [*self._command(), "-t"], capture_output=True, text=True, check=False
        ).stderr

    def trust(self) -> ssl.SSLContext:
        """Trusts this server's certificate, and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def _command(self) -> list[str]:
        program = find_nginx()
        assert program is not None
        return [program, "-c", str(self.main), "-p", str(self._folder), "-g", "daemon off;"]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command())
        wait_until((self._folder / "nginx.pid").exists, why=self.check)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=WAIT_SECONDS)


def _filled_in(file: Path, places: dict[str, str]) -> str:
    """The configuration with these put in. Each must stand in it, or it is not what is tried."""
    text = file.read_text()
    for stands, put in places.items():
        assert stands in text, f"{file.name} has no {stands!r}"
        text = text.replace(stands, put)
    return text


def _for_this_version(site: str) -> str:
    """As the comment in the file says, where nginx is newer."""
    program = find_nginx()
    assert program is not None
    told = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    version = tuple(int(part) for part in told.split("/")[1].split()[0].split("."))
    if version < _HTTP2_IN_LISTEN_UNTIL:
        return site
    return site.replace(" ssl http2;", " ssl; http2 on;")


def _make_certificate(certificate: Path, key: Path) -> None:
    """Signed by itself, for a day."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName(NAME),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
