# bin/http-trace-NAME: what `nix run .#NAME` runs. The attributes are writeShellApplication's, and a description, which is
# what the flake says of it.
{ pkgs }:
{ name, description, ... }@args:
pkgs.writeShellApplication (
  removeAttrs args [ "description" ]
  // {
    name = "http-trace-${name}";
    meta = { inherit description; };
  }
)
