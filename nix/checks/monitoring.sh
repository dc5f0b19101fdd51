#!/usr/bin/env bash
# Checks k8s/monitoring in the current directory: rules that fire when they should, a dashboard whose expressions parse, and no
# metric that a real Envoy with the filter does not export.
set -euo pipefail
here=k8s/monitoring
fail() {
  echo "$here: $*" >&2
  exit 1
}

promtool check rules $here/rules.yaml
promtool test rules $here/rules-test.yaml
sed -n 's/^ *- alert: //p' $here/rules.yaml > alerts
while read -r alert; do
  # A test in which it fires: `exp_alerts` stands on the line after its name.
  grep -A 1 "alertname: $alert\$" $here/rules-test.yaml | grep -q exp_alerts || fail "rules-test.yaml has no test in which $alert fires"
  grep -q "alertname: $alert }" $here/rules-test.yaml || fail "rules-test.yaml has no test in which $alert is silent"
done < alerts
[ -s alerts ] || fail "rules.yaml has no alert"

# Grafana's variables stand for durations and matchers; JSON is YAML.
jq '{groups: [{name: "dashboard", rules: [.panels[].targets[].expr
  | {record: "panel", expr: gsub("\\$__(rate_interval|range)"; "5m")}]}]}' $here/dashboard.json > dashboard-rules.yaml
promtool check rules --lint=none dashboard-rules.yaml
jq --exit-status '([.panels[].id] | length >= 8 and length == (unique | length)) and ([.panels[].gridPos | .x + .w <= 24] | all)' \
  $here/dashboard.json > answer || fail "dashboard.json: panels have the same id, or no room"

envoy --config-path k8s/envoy/envoy.yaml > envoy.log 2>&1 &
trap 'kill $!; wait' EXIT
for ((left = 150; left > 0; left--)); do
  if curl --silent --fail 'http://127.0.0.1:9901/stats/prometheus?filter=http_trace_filter' > stats && grep -q ^http_trace_filter_streams stats; then
    break
  fi
  sleep 0.2
done
grep -oE '^http_trace_filter_[a-z_]+' stats | sort -u > exported
[ -s exported ] || { tail envoy.log && fail "Envoy exports no metric of the filter"; }
grep -ohE 'http_trace_filter_[a-z_]*[a-z]\b' $here/*.yaml $here/dashboard.json | sort -u > used
unknown=$(comm -23 used exported)
[ -z "$unknown" ] || fail "Envoy does not export $unknown"
echo "$(wc -l < used) of $(wc -l < exported) metrics are used"
