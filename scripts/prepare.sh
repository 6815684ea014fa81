#!/bin/sh
# Makes .venv with the pinned packages and this project in it. A second run does nothing while setup.cfg stands unchanged.
set -eu
cd "$(dirname "$0")/.."
stamp=.venv/.prepared
want=$(cat setup.cfg requirements.lock | cksum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && exit 0

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "Trunkline needs Python 3.11 or later. Install it, or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing python3-venv ..."
    apt-get -qq -o DPkg::Lock::Timeout=300 update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends python3-venv >/dev/null
  else
    echo "Python's venv module is missing. On Debian: apt-get install python3-venv (as root)" >&2; exit 1
  fi
fi
echo "Making .venv ..."
"$python" -m venv .venv
PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/pip install -q -c requirements.lock -e '.[dev,bot]'
printf '%s' "$want" > "$stamp"
