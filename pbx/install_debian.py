"""Makes a root folder with Debian's Asterisk in it, all of its mounts in a private mount namespace."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pbx.errors import AsteriskMissing
from pbx.install_sources import Source, debian_source, parse_sources

Say = Callable[[str], None]

#: Another process may hold apt's lock for a while (unattended upgrades on a fresh machine).
APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "-q")
#: Five voices for the simulated network, music for callers who wait, openssl for the phones' certificate.
PACKAGES = (
    "asterisk",
    "asterisk-modules",
    *(f"asterisk-core-sounds-{language}-gsm" for language in ("en", "ru", "fr", "it", "es")),
    "asterisk-moh-opsound-gsm",
    "openssl",
)
#: Nothing reads these in a root folder that only runs Asterisk; they are half of its size.
_NOT_NEEDED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "var/lib/apt/lists")
OWN_ASTERISK = (
    "Or use an Asterisk of your own: TRUNKLINE_ASTERISK=<program or root folder>, or AMI_HOST, AMI_PORT, "
    "AMI_USERNAME and AMI_SECRET of a PBX that runs elsewhere."
)


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs the commands of an installation; their output goes into one log file."""

    log: Path
    env: Mapping[str, str]

    def run(self, what: str, command: Sequence[str]) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            try:
                done = subprocess.run(command, stdout=output, stderr=output, env=dict(self.env), check=False)
            except OSError as error:
                raise AsteriskMissing(f"{what}: {error}. {OWN_ASTERISK}") from error
        if done.returncode != 0:
            raise AsteriskMissing(f"{what} failed:\n{last_lines(self.log)}\n(all of it: {self.log})\n{OWN_ASTERISK}")


def last_lines(path: Path, count: int = 12) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log)"


def machine_source(env: Mapping[str, str], etc: Path = Path("/etc")) -> Source:
    """The mirror this machine uses; TRUNKLINE_DEBIAN_MIRROR names another."""
    if named := env.get("TRUNKLINE_DEBIAN_MIRROR"):
        return Source(named, ("sid",), ("main",), None)
    release = _os_release(etc / "os-release")
    files = [*sorted((etc / "apt/sources.list.d").glob("*.sources")), etc / "apt/sources.list"]
    files += sorted((etc / "apt/sources.list.d").glob("*.list"))
    sources = [source for file in files if file.exists() for source in parse_sources(file.name, file.read_text())]
    found = debian_source(sources, release.get("VERSION_CODENAME", "")) if release.get("ID") == "debian" else None
    if found is None:
        name = release.get("PRETTY_NAME", "this system")
        raise AsteriskMissing(
            f"{name} has no package of Asterisk 22.10 or later and names no Debian mirror. "
            f"Set TRUNKLINE_DEBIAN_MIRROR to one. {OWN_ASTERISK}"
        )
    return Source(_first_mirror(found.uri), found.suites, found.components, found.signed_by)


def make_root(folder: Path, source: Source, shell: Shell, say: Say) -> None:
    """Fill the folder: Debian's smallest system of the sid suite, then Asterisk in it."""
    if shutil.which("debootstrap") is None:
        say("Asterisk: installing debootstrap")
        shell.run("apt-get update", [*APT, "update"])
        shell.run("installing debootstrap", [*APT, "install", "-y", "--no-install-recommends", "debootstrap"])
    say("Asterisk: 1/3 a small Debian sid in a folder of its own (about 35 s)")
    keyring = [f"--keyring={source.signed_by}"] if source.signed_by and Path(source.signed_by).exists() else []
    command = ["debootstrap", "--variant=minbase", *keyring, "sid", str(folder), source.uri]
    shell.run("debootstrap", private_mounts(command))
    _no_services(folder)
    say("Asterisk: 2/3 Asterisk and its sounds in it (about 35 s)")
    # No `apt-get update` here: debootstrap has fetched and verified the package lists a moment ago, and a mirror
    # that stands still would refuse a second time by its Valid-Until date.
    packages = [*APT, "install", "-y", "--no-install-recommends", *PACKAGES]
    shell.run("installing Asterisk", private_mounts(_in_root(folder, packages)))
    say("Asterisk: 3/3 tidying up")
    shell.run("tidying up", private_mounts(_in_root(folder, ["apt-get", "clean"])))
    for name in _NOT_NEEDED:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("hosts", "resolv.conf"):  # each instance puts its own in their place
        (folder / "etc" / name).unlink(missing_ok=True)
        (folder / "etc" / name).touch()


def private_mounts(command: Sequence[str]) -> list[str]:
    """Whatever the command mounts, the machine never sees, and the kernel unmounts when it ends."""
    return ["unshare", "--mount", "--propagation", "private", *command]


def architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def _in_root(folder: Path, command: Sequence[str]) -> list[str]:
    script = 'mount --bind /proc "$0/proc" && mount --bind /dev "$0/dev" && exec chroot "$0" "$@"'
    return ["sh", "-c", script, str(folder), *command]


def _no_services(folder: Path) -> None:
    """Packages must not start their daemons while being installed (invoke-rc.d(8))."""
    policy = folder / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)


def _os_release(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines() if path.exists() else []
    return {key: value.strip("\"'") for key, sign, value in (line.partition("=") for line in lines) if sign}


def _first_mirror(uri: str) -> str:
    """Cloud images name a file that lists mirrors: mirror+file:/etc/apt/mirrors/debian.list."""
    if not uri.startswith("mirror+file:"):
        return uri
    lines = Path(uri.removeprefix("mirror+file:")).read_text().split("\n")
    return next(line.split()[0] for line in lines if line.strip() and not line.startswith("#"))


def install_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Apt asks nothing, and debootstrap goes through apt's proxy if one is configured."""
    ours = {**os.environ, **env, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    if "http_proxy" not in ours and shutil.which("apt-config"):
        answer = subprocess.run(
            ["apt-config", "dump", "--format", "%v%n", "Acquire::http::Proxy"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        if answer.startswith("http"):
            ours["http_proxy"] = answer
    return ours
