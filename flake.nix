{
  description = "http-trace-filter: an Envoy proxy-wasm filter that exports HTTP traffic for analysis";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    rust-overlay = {
      url = "github:oxalica/rust-overlay";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  # Only wires nix/*.nix: what things are made of stands there, a file each.
  outputs =
    {
      self,
      nixpkgs,
      rust-overlay,
    }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      projects = nixpkgs.lib.genAttrs systems (
        system:
        import ./nix {
          pkgs = import nixpkgs {
            inherit system;
            overlays = [ rust-overlay.overlays.default ];
          };
        }
      );
      # One import of nixpkgs a system, whatever of it is asked for.
      perSystem = part: builtins.mapAttrs (_: part) projects;
    in
    {
      # nix build
      packages = perSystem (p: p.packages);
      # nix run .#demo
      apps = perSystem (p: p.apps);
      # mkOverlay, for a GitOps repository
      lib = perSystem (p: p.lib);
      # nix flake check
      checks = perSystem (p: p.checks);
      # nix develop
      devShells = perSystem (p: p.devShells);
      # nix fmt
      formatter = perSystem (p: p.formatter);
    };
}
