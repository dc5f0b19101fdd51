# `nix run .#NAME -- --help` of every app: it is answered, and nothing is built for it but the program that answers.
{
  pkgs,
  filter,
  # The flake's outputs for one system.
  project,
}:
let
  inherit (pkgs) lib;
  # Everything that --help must not need, without needing it here.
  others = map (other: builtins.unsafeDiscardStringContext (toString other)) [
    filter
    pkgs.envoy-bin
    pkgs.kubernetes
  ];
in
{
  help = pkgs.runCommand "help" { } ''
    mkdir empty
    cd empty
    ${lib.concatStrings (
      lib.mapAttrsToList (name: app: ''
        echo "nix run .#${name} -- --help"
        start=$SECONDS
        # There is no nix here, by which more could be built.
        ${app.program} --help > ../help 2>&1 < /dev/null || { cat ../help && echo "${name}: status $?" && exit 1; }
        [ $((SECONDS - start)) -le 5 ] || { echo "${name}: --help took $((SECONDS - start)) s" && exit 1; }
        grep -q "^Usage:" ../help || { cat ../help && echo "${name}: no line with its usage" && exit 1; }
        [ -z "$(ls -A)" ] || { ls -A && echo "${name}: --help wrote files" && exit 1; }
      '') project.apps
    )}
    for other in ${toString others}; do
      [ ! -e "$other" ] || { echo "--help of some app needs $other" && exit 1; }
    done
    touch $out
  '';
}
