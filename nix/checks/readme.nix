# What the READMEs say is true: the configuration reference, the examples, and the commands.
{
  pkgs,
  collector,
  ctl,
  # The flake's outputs for one system.
  project,
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
  # Who has no Nix gets a first record by three commands, which are run as they stand.
  readme-first-record =
    pkgs.runCommand "readme-first-record"
      {
        nativeBuildInputs = [
          pkgs.curl
          pkgs.envoy-bin
          pkgs.gawk
          pkgs.jq
          pkgs.python3
        ];
      }
      ''
        cp -r --no-preserve=mode ${sources.firstRecord} checkout
        cd checkout
        bash ${./fit-envoy-yaml.sh}
        bash ${./first-record.sh} README.md
        touch $out
      '';

  readme-commands =
    let
      flake = {
        apps = lib.attrNames project.apps;
        packages = lib.attrNames project.packages;
        # What they run, without building it.
        checks = lib.mapAttrs (
          _: check: builtins.unsafeDiscardStringContext (check.buildCommand or check.buildPhase or "")
        ) (removeAttrs project.checks [ "readme-commands" ]);
      };
    in
    pkgs.runCommand "readme-commands"
      {
        nativeBuildInputs = [
          pkgs.curl
          pkgs.diffutils
          pkgs.gawk
          pkgs.jq
        ];
      }
      ''
        cp -r --no-preserve=mode ${sources.commands} checkout
        cd checkout
        export HTTP_TRACE_CTL=${ctl}/bin/http-trace-ctl HTTP_TRACE_COLLECTOR=${collector}/bin/http-trace-collector
        bash ${./readme-commands.sh} ${./readme-commands.txt} ${pkgs.writeText "flake.json" (builtins.toJSON flake)}
        touch $out
      '';
}
