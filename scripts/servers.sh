#!/bin/sh
# Installs what the tests start themselves: PostgreSQL, Redis, SIPp, Chromium, and voices: espeak-ng, which is the bot's,
# and flite, which plays callers. Nothing of it is started or set to start at boot.
# With the word "demo" the voices alone; with "bench" also those that only the measurement of hearing plays. A second run
# does nothing.
set -eu
packages=""
if [ "${1:-}" != demo ]; then
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || packages="$packages postgresql"
  command -v redis-server >/dev/null || packages="$packages redis-server"
  command -v sipp >/dev/null || packages="$packages sip-tester"
  command -v chromium >/dev/null || packages="$packages chromium"
fi
command -v espeak-ng >/dev/null || packages="$packages espeak-ng libespeak-ng1"
command -v flite >/dev/null || packages="$packages flite"
if [ "${1:-}" = bench ]; then
  command -v text2wave >/dev/null || packages="$packages festival"
  for voice in festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts pocketsphinx-testdata; do
    dpkg -s "$voice" >/dev/null 2>&1 || packages="$packages $voice"
  done
fi
[ -z "$packages" ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "These are needed and this script can install them only as root on Debian:$packages" >&2
  echo "Install them (on Debian: apt-get install$packages) so that initdb (in /usr/lib/postgresql/*/bin or on the PATH)," >&2
  echo "redis-server, sipp, chromium, espeak-ng and flite are found, and run this again." >&2
  exit 1
fi

# No cluster, no running service: PostgreSQL's own switch for the first, Debian's policy-rc.d for the second.
case "$packages" in *postgresql*)
  mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/trunkline.conf ;;
esac
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
fi
echo "Installing$packages ..."
apt-get -qq -o DPkg::Lock::Timeout=300 update
# shellcheck disable=SC2086  # a list of words
DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $packages >/dev/null
case "$packages" in *redis-server*)
  command -v systemctl >/dev/null && systemctl disable redis-server >/dev/null 2>&1 || true ;;
esac
