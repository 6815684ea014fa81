"""Writes a site's Asterisk configuration: the shipped files as they are, the site's own parts beside them."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from pbx.site import PbxSite, check_site

#: The shipped configuration, beside the packages.
SHIPPED = Path(__file__).resolve().parent.parent / "asterisk_conf"
#: Files of the administrator, included by the shipped ones and never written by us.
LOCAL_SUFFIX = "_local.conf"

_HEADER = "; Written by `trunkline pbx up`: changes made here are lost.\n"


def render(site: PbxSite) -> Path:
    """Write the complete configuration into the site's folder and return the path of asterisk.conf."""
    check_site(site)
    for folder in ("etc/asterisk/trunkline", "lib", "log/cdr-custom", "spool", "run", "cache", "keys"):
        (site.folder / folder).mkdir(parents=True, exist_ok=True)
    site.recordings.mkdir(parents=True, exist_ok=True)
    for shipped in sorted((SHIPPED / site.name).glob("*.conf")):
        if not shipped.name.endswith(LOCAL_SUFFIX):
            shutil.copyfile(shipped, site.config / shipped.name)
    # While it reads its first file Asterisk does not know its folder yet: that one include must be a full path.
    first = site.main_config.read_text()
    site.main_config.write_text(first.replace('"trunkline/', f'"{site.config}/trunkline/'))
    for name, text in {**_common_parts(site), **_parts_by_name(site)}.items():
        _write(site.config / "trunkline" / name, _HEADER + text)
    _write(site.folder / "etc" / "hosts", _hosts())
    _write(site.folder / "etc" / "resolv.conf", "")
    return site.main_config


def _write(path: Path, text: str) -> None:
    """Replace the file in one step; nobody else may read it, secrets are in some."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    os.replace(fresh, path)


def _hosts() -> str:
    """The machine's own name must be found without a name server, or every call waits for one."""
    return f"127.0.0.1 localhost {socket.gethostname()}\n::1 localhost\n"


def _common_parts(site: PbxSite) -> Mapping[str, str]:
    return {
        "directories.conf": _directories(site),
        "pjsip_media.conf": _media(site),
        "pjsip_transports.conf": _transports(site),
        "manager_bind.conf": f"port = {site.ports.ami}\nbindaddr = 127.0.0.1\n",
        "manager_secret.conf": f"secret = {site.ami_secret}\n",
        "rtp_site.conf": _rtp(site),
    }


def _parts_by_name(site: PbxSite) -> Mapping[str, str]:
    if site.name == "network":
        return {
            "pjsip_pbx.conf": _pbx_peer(site),
            "pjsip_phones.conf": _played_phones(site),
            "websocket_client_callers.conf": _media_client(site, "callers", site.callers_port),
        }
    return {
        "globals.conf": _globals(site),
        "websocket_client_bot.conf": _media_client(site, "bot", site.bot_websocket_port),
        "pjsip_trunks.conf": _network_trunk(site),
        "pjsip_operators.conf": _operators(site),
        "http_tls.conf": _tls(site),
    }


def _globals(site: PbxSite) -> str:
    text = f"TL_AGI = {site.agi_url}\n"
    if not site.bot_secret:
        return text
    # The AudioSocket has no log-in: a call is known by an id that only the holder of the secret can work out.
    address = f"{site.agi_host}:{site.bot_audiosocket_port}"
    return text + f"TL_BOT_MEDIA = {site.bot_media}\nTL_BOT_SOCKET = {address}\nTL_BOT_SECRET = {site.bot_secret}\n"


def _media_client(site: PbxSite, name: str, port: int) -> str:
    if not site.bot_secret:
        return f"; no {name}\n"
    return (
        f"[trunkline-{name}](trunkline-media)\n"
        f"uri = ws://{site.agi_host}:{port}/media\n"
        f"username = trunkline\npassword = {site.bot_secret}\n"
    )


def _directories(site: PbxSite) -> str:
    """Everything that is written to; modules and sounds stay where the package has them."""
    folders = {
        "astetcdir": site.config,
        "astvarlibdir": site.folder / "lib",
        "astdbdir": site.folder / "lib",
        "astkeydir": site.folder,  # Asterisk adds keys/ itself
        "astcachedir": site.folder / "cache",
        "astspooldir": site.folder / "spool",
        "astrundir": site.run_folder,
        "astlogdir": site.log_folder,
    }
    return "[directories]\n" + "".join(f"{name} => {path}\n" for name, path in folders.items())


def _media(site: PbxSite) -> str:
    template = "trunkline-media" if site.name == "pbx" else "network-media"
    if site.bind in ("0.0.0.0", "::"):
        return f"[{template}](!)\n"
    return f"[{template}](!)\nmedia_address = {site.bind}\nbind_rtp_to_media_address = yes\n"


def _transports(site: PbxSite) -> str:
    text = f"[transport-udp]\ntype = transport\nprotocol = udp\nbind = {site.bind}:{site.ports.sip}\n"
    if site.ports.wss is not None:
        # The port of a websocket transport is the HTTP server's; `bind` is required and unused.
        text += f"\n[transport-wss]\ntype = transport\nprotocol = wss\nbind = {site.bind}\n"
        text += f"\n[transport-ws]\ntype = transport\nprotocol = ws\nbind = {site.bind}\n"
    return text


def _rtp(site: PbxSite) -> str:
    ice = "no" if site.ports.wss is None else "yes"
    text = f"rtpstart = {site.ports.rtp_first}\nrtpend = {site.ports.rtp_last}\nicesupport = {ice}\n"
    if site.ice_host_candidates:
        pairs = "".join(f"{ours} => {shown}\n" for ours, shown in site.ice_host_candidates)
        text += f"\n[ice_host_candidates]\n{pairs}"
    return text


def _network_trunk(site: PbxSite) -> str:
    """A trunk without authentication to the simulated network: the pattern for a carrier that knows our address."""
    if site.peer_port is None:
        return "; no trunk to a simulated network\n"
    return (
        "[network](trunkline-trunk)\naors = network\n\n"
        f"[network](trunkline-trunk-aor)\ncontact = sip:{site.bind}:{site.peer_port}\n\n"
        f"[network-identify](trunkline-trunk-identify)\nendpoint = network\nmatch = {site.bind}\n"
    )


def _operators(site: PbxSite) -> str:
    return "\n".join(
        f"[{phone.name}](trunkline-operator)\nauth = {phone.name}\naors = {phone.name}\n"
        f"[{phone.name}](trunkline-operator-auth)\nusername = {phone.name}\npassword = {phone.secret}\n"
        f"[{phone.name}](trunkline-operator-aor)\n"
        for phone in site.phones
    )


def _tls(site: PbxSite) -> str:
    certificate = site.folder / "keys" / "wss.pem"
    if site.ports.ws is None:
        return "; no browser phones\nenabled = no\n"
    plain = f"enabled = yes\nbindaddr = 127.0.0.1\nbindport = {site.ports.ws}\n"
    if not certificate.exists():
        return f"{plain}; no certificate\ntlsenable = no\n"
    return (
        f"{plain}tlsenable = yes\ntlsbindaddr = {site.bind}:{site.ports.wss}\n"
        f"tlscertfile = {certificate}\ntlsprivatekey = {certificate}\n"
    )


def _pbx_peer(site: PbxSite) -> str:
    return (
        f"[pbx]\ntype = aor\ncontact = sip:{site.bind}:{site.peer_port}\n\n"
        f"[pbx-identify]\ntype = identify\nendpoint = pbx\nmatch = {site.bind}\n"
    )


def _played_phones(site: PbxSite) -> str:
    """Registrations at the PBX; `outbound_auth` also answers when the PBX challenges a call of the phone."""
    server = f"sip:{site.bind}:{site.peer_port}"
    return "\n".join(
        f"[{phone.name}](phone-registration)\nserver_uri = {server}\n"
        f"client_uri = sip:{phone.name}@{site.bind}:{site.peer_port}\n"
        f"contact_user = {phone.name}\nendpoint = {phone.name}\noutbound_auth = {phone.name}-auth\n"
        f"[{phone.name}](phone)\nfrom_user = {phone.name}\noutbound_auth = {phone.name}-auth\n"
        f"[{phone.name}-auth]\ntype = auth\nauth_type = digest\nusername = {phone.name}\npassword = {phone.secret}\n"
        for phone in site.phones
    )
