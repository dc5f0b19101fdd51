# Runs Envoy with the given arguments in an OCI container: read-only root, no capabilities, own user, mount, pid, ipc and
# uts namespaces. It sees the system's programs (/nix/store; /usr and the like where they exist) and its writable
# folder, $TMPDIR. Ends with Envoy; killing it ends Envoy.
writable=$(realpath "${TMPDIR:-/tmp}")
bundle=$(mktemp -d "$writable/envoy-container.XXXXXX")
trap 'rm -rf "$bundle"' EXIT

# bubblewrap's part: an empty /sys, because crun looks for cgroups there, and a user namespace in which this user is root.
sandbox=(bwrap --die-with-parent --unshare-user --unshare-pid --uid 0 --gid 0 --bind / / --proc /proc --dev /dev
  --tmpfs /sys --dir /sys/fs/cgroup)
if ! reason=$("${sandbox[@]}" true 2>&1); then
  echo "envoy-in-container: no container can be made here: $reason" >&2
  echo "It needs unprivileged user namespaces. Ubuntu 24.04 forbids them unless" >&2
  echo "sysctl kernel.apparmor_restrict_unprivileged_userns=0 is set." >&2
  exit 125
fi

mounts=()
for path in /nix/store /usr /bin /lib /lib64; do
  if [ -d "$path" ]; then
    mkdir -p "$bundle/rootfs$path"
    mounts+=("$(jq -n --arg path "$path" '{destination: $path, type: "none", source: $path, options: ["rbind", "ro"]}')")
  fi
done
mkdir -p "$bundle/rootfs/proc" "$bundle/rootfs/dev" "$bundle/rootfs$writable"
mounts+=("$(jq -n --arg path "$writable" '{destination: $path, type: "none", source: $path, options: ["rbind", "rw"]}')")
printf '%s\n' "${mounts[@]}" | jq -s --slurpfile config "$OCI_CONFIG" \
  '. as $mounts | $config[0] | .mounts += $mounts | .process.args += $ARGS.positional' --args -- "$@" > "$bundle/config.json"

"${sandbox[@]}" crun --cgroup-manager=disabled --root "$bundle/crun" run --bundle "$bundle" "envoy-$$" &
container=$!
# crun hands these on to Envoy, which then ends in its own way.
trap 'kill -TERM "$container" 2> /dev/null || true' TERM INT
wait "$container" || status=$?
# A signal ends the first wait before the container has ended.
while kill -0 "$container" 2> /dev/null; do
  status=0
  wait "$container" || status=$?
done
exit "${status:-0}"
