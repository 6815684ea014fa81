"""The certificate of the browser phones' secure websocket: self-signed, made once per site."""

from __future__ import annotations

import shutil
import subprocess

from pbx.install_find import Asterisk
from pbx.site import PbxSite

_DAYS = 3650


def make_certificate(site: PbxSite, asterisk: Asterisk) -> bool:
    """Make keys/wss.pem if it is not there. False if there is no openssl: browser phones then stay off."""
    pem = site.folder / "keys" / "wss.pem"
    if site.ports.wss is None or pem.exists():
        return pem.exists()
    program = _openssl(asterisk)
    if program is None:
        return False
    pem.parent.mkdir(parents=True, exist_ok=True)
    command = [*program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", "-", "-out", "-", "-days", str(_DAYS), "-subj", "/CN=localhost"]
    command += ["-addext", f"subjectAltName=DNS:localhost,IP:{'127.0.0.1' if site.bind == '0.0.0.0' else site.bind}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0 or "BEGIN CERTIFICATE" not in done.stdout:
        return False
    fresh = pem.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(done.stdout)
    fresh.replace(pem)
    return True


def _openssl(asterisk: Asterisk) -> list[str] | None:
    if asterisk.root is not None and (asterisk.root / "usr/bin/openssl").exists():
        return ["chroot", str(asterisk.root), "/usr/bin/openssl"]
    found = shutil.which("openssl")
    return None if found is None else [found]
