# Runs Envoy with the given arguments in an OCI container: read-only root, no capabilities, user, mount, pid, ipc and uts
# namespaces of its own. It sees the system's programs (/nix/store; /usr and the like where they exist) and its writable
# folder, $TMPDIR. Ends with Envoy; killing it ends Envoy.
writable=$(realpath "${TMPDIR:-/tmp}")
bundle=$(mktemp -d "$writable/envoy-container.XXXXXX")
trap 'rm -rf "$bundle"' EXIT

# bubblewrap's part: an empty /sys, because crun looks for cgroups there; a user namespace in which this user is root, with
# the capabilities that crun needs to make the container; a pid namespace.
sandbox=(bwrap --die-with-parent --unshare-user --unshare-pid --uid 0 --gid 0 --cap-add ALL --bind / / --proc /proc --dev /dev
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
# The end of bubblewrap is the end of everything in it.
trap 'kill -KILL "$container" 2> /dev/null || true' TERM INT
status=0
wait "$container" || status=$?
exit "$status"
