"""What is written for a site, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.doctor_config import read_file
from pbx.errors import BadSite
from pbx.site import NETWORK_PORTS, PBX_PORTS, PbxSite, Phone, check_site, kept_phones, network_site, pbx_site
from pbx.site_files import SHIPPED, render


@pytest.fixture
def site(tmp_path: Path) -> PbxSite:
    return pbx_site(tmp_path / "pbx", phones=[Phone("op1", "secret1")])


def test_secrets_never_print(site: PbxSite) -> None:
    assert site.ami_secret not in repr(site)
    assert "secret1" not in repr(site)


def test_secrets_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = kept_phones(tmp_path, ["a", "b"])
    assert kept_phones(tmp_path, ["b", "a"]) == (first[1], first[0])
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_every_include_of_both_sites_is_there_and_every_file_can_be_read(tmp_path: Path, site: PbxSite) -> None:
    network = network_site(tmp_path / "network", phones=site.phones)
    for rendered in (site, network):
        render(rendered)
        for file in sorted(rendered.config.glob("*.conf")):
            read_file(rendered.config, file.name)


def test_sip_phones_get_the_operators_template(site: PbxSite) -> None:
    render(site)
    assert "[op1](trunkline-operator)" in (site.config / "trunkline/pjsip_operators.conf").read_text()


def test_a_switch_without_browsers_has_neither_ice_nor_websockets(site: PbxSite) -> None:
    texts = {}
    for ports in (site.ports, replace(site.ports, wss=None)):
        render(replace(site, ports=ports))
        parts = ("rtp_site.conf", "http_tls.conf", "pjsip_transports.conf")
        texts[ports.wss] = "".join((site.config / "trunkline" / part).read_text() for part in parts)
    assert "icesupport = yes" in texts[site.ports.wss]
    assert f"bindaddr = 127.0.0.1\nbindport = {site.ports.ws}" in texts[site.ports.wss]
    assert "icesupport = no" in texts[None]
    assert "enabled = no" in texts[None]
    assert "protocol = ws" not in texts[None]


def test_nothing_of_ours_is_readable_by_others_where_secrets_are(site: PbxSite) -> None:
    render(site)
    for name in ("manager_secret.conf", "pjsip_operators.conf"):
        assert (site.config / "trunkline" / name).stat().st_mode & 0o077 == 0


def test_the_administrators_own_files_survive(site: PbxSite) -> None:
    render(site)
    own = site.config / "pjsip_local.conf"
    own.write_text("; mine\n")
    render(site)
    assert own.read_text() == "; mine\n"


def test_shipped_files_say_what_they_are() -> None:
    files = sorted(SHIPPED.glob("*/*.conf"))
    assert len(files) > 30
    assert [file.name for file in files if not file.read_text().startswith("; ")] == []


@given(st.text(min_size=1, max_size=12).filter(lambda text: not text.replace("-", "").replace(".", "").isalnum()))
def test_names_that_could_change_the_configuration_are_refused(name: str) -> None:
    site = PbxSite("pbx", Path("/x"), PBX_PORTS, "secret", Path("/y"), phones=(Phone(name, "s"),))
    if set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.~-") and name[0].isalnum():
        return
    with pytest.raises(BadSite):
        check_site(site)


@pytest.mark.parametrize(
    "changed",
    [
        {"folder": Path("/tmp/with space")},
        {"folder": Path("/" + "long/" * 25)},
        {"ami_secret": "a;b"},
        {"recordings": Path("/tmp/a,b")},
        {"phones": (Phone("op1", "a"), Phone("op1", "b"))},
        {"phones": (Phone("network", "a"),)},
    ],
)
def test_sites_that_cannot_work_are_refused(site: PbxSite, changed: dict[str, object]) -> None:
    with pytest.raises(BadSite):
        check_site(replace(site, **changed))  # type: ignore[arg-type]


def test_shifted_ports_never_overlap() -> None:
    used: set[int] = set()
    for by in (100, 200, 300, 400):
        for ports in (PBX_PORTS.shifted(by), NETWORK_PORTS.shifted(by)):
            numbers = {ports.sip, ports.ami, *range(ports.rtp_first, ports.rtp_last + 1)}
            numbers |= {ports.wss} if ports.wss else set()
            assert not used & numbers
            used |= numbers


def test_the_bot_is_known_to_the_switch_and_its_secret_to_nobody_else(site: PbxSite) -> None:
    render(site)
    client = site.config / "trunkline" / "websocket_client_bot.conf"
    assert f"ws://127.0.0.1:{site.bot_websocket_port}/media" in client.read_text()
    assert f"password = {site.bot_secret}" in client.read_text()
    variables = site.config / "trunkline" / "globals.conf"
    assert f"TL_BOT_SOCKET = 127.0.0.1:{site.bot_audiosocket_port}" in variables.read_text()
    assert (client.stat().st_mode | variables.stat().st_mode) & 0o077 == 0
    assert site.bot_secret not in repr(site)


def test_a_switch_without_a_bot_connects_nowhere(site: PbxSite) -> None:
    render(replace(site, bot_secret=""))
    assert "uri" not in (site.config / "trunkline" / "websocket_client_bot.conf").read_text()
    assert "TL_BOT" not in (site.config / "trunkline" / "globals.conf").read_text()
    with pytest.raises(BadSite, match="bot"):
        check_site(replace(site, bot_secret="a;b"))


def test_the_network_knows_who_plays_its_callers_and_keeps_the_secret(tmp_path: Path) -> None:
    network = network_site(tmp_path / "network")
    render(network)
    client = network.config / "trunkline/websocket_client_callers.conf"
    assert f"uri = ws://127.0.0.1:{network.callers_port}/media" in client.read_text()
    assert f"password = {network.bot_secret}" in client.read_text()
    assert client.stat().st_mode & 0o077 == 0
    ours = {PBX_PORTS.sip, PBX_PORTS.ami, PBX_PORTS.wss, NETWORK_PORTS.sip, NETWORK_PORTS.ami}
    assert network.callers_port not in ours
