# The commands of .github/CONTRIBUTING.md run; what its commands for nix name is there.
{
  pkgs,
  e2e,
  # The flake's outputs for one system.
  project,
  rust,
  sources,
}:
let
  inherit (pkgs) lib;
  names =
    lib.concatMap (output: map (name: "${output}.${name}") (lib.attrNames project.${output})) [
      "apps"
      "checks"
      "devShells"
      "packages"
    ]
    ++ [ "formatter" ];
in
{
  contributing = rust.mkCargo {
    name = "contributing";
    src = sources.contributing;
    nativeBuildInputs = [ e2e.tests.e2e ];
    crates = rust.mkCrates {
      name = "contributing";
      buildPhase = ''
        cargo test --frozen --package http-trace-filter --no-run
        cargo build --frozen --lib --target wasm32-unknown-unknown
      '';
    };
    ENVOY = "${pkgs.envoy-bin}/bin/envoy";
    buildPhase = ''
      bash ${./contributing.sh} .github/CONTRIBUTING.md ${
        pkgs.writeText "names" (lib.concatMapStrings (name: name + "\n") names)
      }
    '';
    installPhase = "touch $out";
  };
}
