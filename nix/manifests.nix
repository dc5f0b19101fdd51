# nix run .#manifests: what of the repository is made of the filter: its hashes by toolchain, and the manifests in k8s.
{
  pkgs,
  app,
  ctl,
  filter,
  rust,
}:
let
  help = pkgs.writeText "help" ''
    Writes what of the repository is made of the filter: nix/expected-sha256.txt, and the manifests in k8s.
    Run it in the top directory, after an edit of src/.

    Usage: nix run .#manifests
  '';
in
app {
  name = "manifests";
  description = "Writes the hashes of the filter and the repository's own manifests in k8s";
  help = "${pkgs.coreutils}/bin/cat ${help}";
  runtimeInputs = [
    pkgs.binaryen
    pkgs.coreutils
    pkgs.gawk
    rust.toolchain
  ];
  runtimeEnv = {
    FILTER = "${filter}/lib";
    PINNED = "rustc ${(pkgs.lib.importTOML ./rust-toolchain.toml).toolchain.channel} ";
  };
  text = ''
    recorded=nix/expected-sha256.txt
    if [ ! -e "$recorded" ]; then
      echo "manifests: there is no $recorded here: run it in the top directory of the repository" >&2
      exit 1
    fi
    rustc=$(rustc --version)
    # record FILE.sha256 TOOLCHAIN: in the place of the line that is there for it.
    record() {
      awk -v toolchain="$2" 'substr($0, 67) != toolchain' "$recorded" > "$recorded.new"
      echo "$(cut -d ' ' -f 1 "$1")  $2" >> "$recorded.new"
      LC_ALL=C sort --key 3 --output "$recorded" "$recorded.new"
      rm "$recorded.new"
    }
    record "$FILTER/http-trace-filter.rustc.sha256" "$rustc"
    record "$FILTER/http-trace-filter.wasm.sha256" "$rustc, $(wasm-opt --version)"
    case $rustc in
    "$PINNED"*) exec ${ctl}/bin/http-trace-ctl manifests --wasm "$FILTER/http-trace-filter.wasm" --out k8s "$@" ;;
    *) echo "manifests: k8s/ stays as it is: its wasm is that of $PINNED, and this is $rustc" >&2 ;;
    esac
  '';
}
