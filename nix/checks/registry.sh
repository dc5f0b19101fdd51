# shellcheck shell=bash
# A registry on this machine, which ends with the check: `address` is where it listens. CONFIGURATION names its configuration.
registry serve "$CONFIGURATION" > log 2>&1 &
registry=$!
trap 'kill $registry' EXIT
address=
for _ in $(seq 600); do
  address=$(sed -n '/listening on 127\.0\.0\.1:/{s/.*listening on \(127\.0\.0\.1:[1-9][0-9]*\).*/\1/p;q;}' log)
  [ -z "$address" ] || break
  sleep 0.1
done
[ -n "$address" ] || {
  cat log
  echo "the registry does not listen"
  exit 1
}
