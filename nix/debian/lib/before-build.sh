#!/usr/bin/env bash
# Nix's pre-build-hook, run in the root, outside the sandbox, before each build: what a build needs of a registry is fetched
# here, when a build first asks for it and once in a root. What the hook says on standard output shows it to the sandbox.
set -euo pipefail
here=${BASH_SOURCE[0]%/*}
case $1 in
  *.whl.drv) exec "$here/wheels.sh" "$1" ;;
  *-go-modules.drv) exec "$here/go-modules.sh" "$1" ;;
esac
