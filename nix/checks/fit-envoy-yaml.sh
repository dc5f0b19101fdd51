#!/usr/bin/env bash
# Before 1.40, Envoy takes the list of capabilities beside vm_config and not in it: k8s/envoy/envoy.yaml says how to write it
# then. Does so in the current directory when the Envoy on PATH is older.
set -euo pipefail
minor=$(envoy --version | grep -oE '/1\.[0-9]+\.' | tr -dc '0-9.' | cut -d . -f 2)
[ "$minor" -ge 40 ] || sed -i '/^ *capability_restriction_config:/,/^ *- name:/{/- name:/!s/^  //}' k8s/envoy/envoy.yaml
