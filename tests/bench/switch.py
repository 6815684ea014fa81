"""The PBX under load: our Asterisk, its trunk leading to SIPp, and agents' phones that SIPp plays."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pbx.control import down, up
from pbx.control_process import ProcessMark
from pbx.install import install
from pbx.site import PbxSite, pbx_site
from tests.asterisk.asterisk import reserved_ports
from tests.bench.sipp import answering


@dataclass(frozen=True, slots=True)
class Switch:
    """A running PBX. Its `phones` are answered by SIPp; its trunk by nobody, until `network` is entered."""

    site: PbxSite
    phones: tuple[str, ...]
    network_port: int
    folder: Path

    @property
    def pid(self) -> int:
        mark = ProcessMark.read(self.site.pid_file)
        if mark is None:
            raise RuntimeError("Asterisk ended while it was measured")
        return mark.pid

    def network(self, scenario: str = "callee.xml") -> AbstractAsyncContextManager[int]:
        """The telephone network: everybody behaves as the scenario says."""
        return answering(self.network_port, self.folder, scenario)


@asynccontextmanager
async def running_switch(folder: Path, phones: int = 0) -> AsyncIterator[Switch]:
    """Start the PBX in `folder` on free ports with `phones` static phones op1, op2, …; stop all at the end."""
    os.makedirs(folder, mode=0o755, exist_ok=True)
    names = tuple(f"op{number}" for number in range(1, phones + 1))
    asterisk = await asyncio.to_thread(install)
    async with AsyncExitStack() as stack:
        ports = stack.enter_context(reserved_ports())
        site = pbx_site(folder / "pbx", ports=ports.pbx, network_ports=ports.network, agi_port=ports.agi)
        # Phones that do not register: this file is the administrator's, Asterisk includes it and nobody rewrites it.
        phone_port = ports.network.ami
        site.config.mkdir(parents=True, exist_ok=True)
        (site.config / "pjsip_local.conf").write_text("".join(_phone(name, phone_port) for name in names))
        if names:
            await stack.enter_async_context(answering(phone_port, folder, "phone.xml"))
        await asyncio.to_thread(up, site, asterisk)
        stack.push_async_callback(asyncio.to_thread, down, site)
        yield Switch(site, names, ports.network.sip, folder)


def _phone(name: str, port: int) -> str:
    """SIPp sends no sound, which must not end the leg."""
    return (
        f"[{name}](trunkline-operator)\naors = {name}\nrtp_timeout = 0\n"
        f"[{name}](trunkline-operator-aor)\ncontact = sip:{name}@127.0.0.1:{port}\n"
    )
