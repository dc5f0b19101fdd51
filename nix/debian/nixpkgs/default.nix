# `import nixpkgs { system = …; overlays = …; }`: the package set. Overlays are never looked at: what the project takes
# of them (rust-bin) is here already, so that no other flake input has to be fetched.
{
  system ? builtins.currentSystem,
  overlays ? [ ],
  config ? { },
}:
let
  lib = import ./lib.nix;
  # nix/debian/nix puts the identity of its root in the place of this file.
  root = builtins.fromJSON (builtins.readFile ./root.json);
  hostPlatform = import ./platform.nix { inherit lib system; };

  tools = import ./tools.nix { inherit lib root system; };
  stdenvs = import ./stdenv { inherit lib pkgs hostPlatform; };
  builders = import ./builders.nix { inherit lib pkgs; };
  rust = import ./rust.nix { inherit lib pkgs root; };
  wheels = import ./wheels.nix { inherit lib pkgs system; };
  go = import ./go.nix { inherit lib pkgs; };

  pkgs =
    tools
    // stdenvs
    // builders
    // rust
    // wheels
    // go.programs
    // {
      inherit
        lib
        system
        pkgs
        hostPlatform
        ;
      # The linker finds the static one in /usr by itself.
      glibc = tools.glibc // {
        static = tools.glibc;
      };
    };
in
pkgs
