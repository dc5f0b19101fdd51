{
  description = "Stands in for nixpkgs: the attributes that the project uses, with Debian 13's tools behind them";

  outputs =
    { self, ... }:
    let
      lib = import ./lib.nix;
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ] (system: import ./. { inherit system; });
    };
}
