# [--only VERSION[,VERSION…]] [TEST…]: runs the end-to-end tests, or those whose names have TEST in them, in each Envoy
# of $ENVOYS ("VERSION PROGRAM PROGRAM-IN-A-CONTAINER" a line), and prints a table. Status 1 if one fails.
usage() {
  echo "matrix: $1" >&2
  echo "It takes [--only VERSION[,VERSION...]] [TEST...]; versions here: $(cut -d ' ' -f 1 "$ENVOYS" | paste -sd ' ')" >&2
  exit 2
}

only=
while [ $# -gt 0 ]; do
  case $1 in
  --only) [ $# -ge 2 ] || usage "--only: got nothing, takes versions"; only=$2; shift 2 ;;
  --) shift; break ;;
  -*) usage "got $1" ;;
  *) break ;;
  esac
done

# A line of $ENVOYS for each version asked for: the whole one, or its beginning, such as 1.38.
rows=$(cat "$ENVOYS")
if [ -n "$only" ]; then
  rows=
  IFS=, read -ra versions <<< "$only"
  for version in "${versions[@]}"; do
    row=$(grep -E "^${version//./\\.}(\.[0-9]+)* " "$ENVOYS") || usage "--only: got $version"
    rows+=$row$'\n'
  done
fi

logs=$(mktemp -d)
failed=()
printf '%-10s %-10s %s\n' Envoy as tests
while read -r version process container; do
  log=$logs/$version
  as=container ENVOY=$container
  if ! reason=$("$container" --version 2>&1); then
    echo "matrix: no container for Envoy $version, a process instead: $(tail -n 1 <<< "$reason")" >&2
    as=process ENVOY=$process
  fi
  status=0
  ENVOY=$ENVOY timeout --kill-after 10 900 "$TESTS" --test-threads 4 "$@" > "$log" 2>&1 < /dev/null || status=$?
  # test result: ok. 74 passed; 0 failed; 0 ignored; …
  read -r passed broken <<< "$(sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed;.*/\1 \2/p' "$log")"
  if [ "$status" = 0 ] && [ "${passed:-0}" -gt 0 ]; then
    printf '%-10s %-10s passed %s\n' "$version" "$as" "$passed"
  elif [ "$status" = 0 ]; then
    printf '%-10s %-10s FAILED: no test has that name\n' "$version" "$as"
    failed+=("$version")
  elif [ -n "${broken:-}" ]; then
    printf '%-10s %-10s FAILED %s of %s\n' "$version" "$as" "$broken" "$((passed + broken))"
    failed+=("$version")
  else
    printf '%-10s %-10s FAILED: the tests ended with status %s and no result\n' "$version" "$as" "$status"
    failed+=("$version")
  fi
done < <(grep . <<< "$rows")

if [ ${#failed[@]} = 0 ]; then
  rm -r "$logs"
  exit 0
fi
for version in "${failed[@]}"; do
  echo
  echo "Envoy $version, the end of $logs/$version:"
  tail -n 40 "$logs/$version"
done
exit 1
