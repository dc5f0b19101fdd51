# What the READMEs say is true: the configuration reference, the examples, and the Envoy configuration in a real Envoy.
{
  pkgs,
  ctl,
  filter,
  sources,
}:
let
  inherit (pkgs) lib;
  all = sources.readme;
in
{
  readme-reference = pkgs.runCommand "readme-reference" { nativeBuildInputs = [ pkgs.diffutils ]; } ''
    sed '1,/<!-- configuration -->/d; /<!-- end -->/,$d; /^$/d' ${all}/k8s/README.md > written
    ${ctl}/bin/http-trace-ctl reference > true
    diff --unified written true || {
      echo "k8s/README.md's configuration reference is out of date: put what 'http-trace-ctl reference' prints between"
      echo "<!-- configuration --> and <!-- end -->"
      exit 1
    }
    touch $out
  '';

  readme-capabilities =
    pkgs.runCommand "readme-capabilities" { nativeBuildInputs = [ pkgs.diffutils ]; }
      ''
        sed -n '/^```yaml capabilities/,/^```$/s/^ *\(proxy_[a-z_]*\): {}$/\1/p' ${all}/k8s/README.md > written
        diff --unified written ${../../k8s/ctl/src/overlay/capabilities.txt} || {
          echo "k8s/README.md does not list what the filter's VM must be allowed (k8s/ctl/src/overlay/capabilities.txt: +)"
          exit 1
        }
        touch $out
      '';

  # Every configuration that they show.
  readme-validate = pkgs.runCommand "readme-validate" { nativeBuildInputs = [ pkgs.gawk ]; } ''
    awk '
      /^```json configuration$/ { inside = 1; count++; next }
      /^```$/ { inside = 0 }
      inside { print > ("configuration-" count ".json") }
    ' ${all}/README.md ${all}/k8s/README.md
    [ -s configuration-7.json ] || { echo "the READMEs have too few examples of a configuration"; exit 1; }
    for configuration in configuration-*.json; do
      echo "$configuration:"
      ${ctl}/bin/http-trace-ctl validate "$configuration" || { cat "$configuration"; exit 1; }
    done
    touch $out
  '';
}
// lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux {
  readme-envoy = pkgs.runCommand "readme-envoy" { nativeBuildInputs = [ pkgs.envoy-bin ]; } ''
    sed -n '/^```yaml$/,/^```$/p' ${all}/README.md | sed '1d;$d' > filters.yaml
    grep -q http_trace_filter filters.yaml || { echo "README.md has no http_filters"; exit 1; }
    sed -i 's|/var/local/lib/wasm-filters/http-trace-filter.wasm|${filter}/lib/http-trace-filter.wasm|' filters.yaml
    {
      cat ${./readme-envoy.yaml}
      sed 's/^/                /' filters.yaml
    } > envoy.yaml
    envoy --mode validate --config-path envoy.yaml > log 2>&1 || { cat log; exit 1; }
    tail -n 1 log
    touch $out
  '';
}
