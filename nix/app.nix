# What `nix run .#NAME` runs: bin/http-trace-NAME, and in `app` what the flake says of it.
{ pkgs }:
# The attributes of writeShellApplication, and a description.
{ name, description, ... }@args:
let
  program = pkgs.writeShellApplication (
    removeAttrs args [ "description" ] // { name = "http-trace-${name}"; }
  );
in
program
// {
  app = {
    type = "app";
    program = "${program}/bin/http-trace-${name}";
    meta = { inherit description; };
  };
}
