"""Credentials of every kind that the corpus needs, by the test cluster's own authority."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

PASSPHRASE = "passphrase-of-the-corpus"


def openssl(*words: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


class Credentials:
    """Files in `folder`; `NAME.crt` and `NAME.key`."""

    def __init__(self, folder: Path, ca: Path) -> None:
        self.folder = folder
        self.ca = ca
        ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        rsa = ["-newkey", "rsa:2048"]
        for name, key in (("alice", ec), ("bob", rsa)):
            self.issue(name, key)
        self.issue("expired", ec, ("20200101000000Z", "20200102000000Z"))
        self.issue("gateway", ec, san="IP:127.0.0.1")
        self.gateway = (folder / "gateway.crt", folder / "gateway.key")
        openssl("req", "-x509", *ec, "-nodes", "-subj", "/CN=other authority", "-days", "2", "-keyout",
                folder / "other-ca.key", "-out", folder / "other-ca.crt")
        self.issue("stranger", ec, ca=folder / "other-ca.crt")
        openssl("ec", "-in", folder / "alice.key", "-out", folder / "alice-sec1.key")
        openssl("rsa", "-in", folder / "bob.key", "-traditional", "-out", folder / "bob-pkcs1.key")
        openssl("pkcs8", "-topk8", "-in", folder / "alice.key", "-passout", f"pass:{PASSPHRASE}", "-out",
                folder / "alice-encrypted.key")
        openssl("rsa", "-in", folder / "bob.key", "-traditional", "-aes128", "-passout", f"pass:{PASSPHRASE}", "-out",
                folder / "bob-encrypted.key")

    def issue(self, name: str, key: list[str], dates: tuple[str, str] | None = None, ca: Path | None = None,
              san: str = "") -> None:
        base = self.folder / name
        ca = ca or self.ca
        subject = f"/O=corpus/CN={name}"
        openssl("req", "-new", *key, "-nodes", "-subj", subject, "-keyout", f"{base}.key", "-out", f"{base}.csr")
        if dates:  # `openssl x509` of this version cannot date a certificate; `openssl ca` can
            database = self.folder / f"{name}.database"
            database.mkdir()
            (database / "index.txt").touch()
            (database / "openssl.cnf").write_text(
                f"[ca]\ndefault_ca = d\n[d]\ndatabase = {database}/index.txt\nnew_certs_dir = {database}\nrand_serial = yes\n"
                "default_md = sha256\npolicy = p\n[p]\norganizationName = optional\ncommonName = supplied\n"
            )
            openssl("ca", "-batch", "-config", database / "openssl.cnf", "-cert", ca, "-keyfile", ca.with_suffix(".key"),
                    "-in", f"{base}.csr", "-out", f"{base}.crt", "-notext", "-startdate", dates[0], "-enddate", dates[1])
        else:
            extensions = self.folder / f"{name}.extensions"
            extensions.write_text(f"subjectAltName={san}\n" if san else "")
            openssl("x509", "-req", "-extfile", extensions, "-in", f"{base}.csr", "-CA", ca, "-CAkey", ca.with_suffix(".key"), "-CAcreateserial",
                    "-CAserial", f"{base}.serial", "-days", "2", "-out", f"{base}.crt")

    def data(self, name: str) -> str:
        return encoded(self.folder / name)
