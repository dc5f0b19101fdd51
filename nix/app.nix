# bin/http-trace-NAME: what `nix run .#NAME` runs. The attributes are writeShellApplication's, and
#   description  what the flake says of it
#   help         a shell command that prints its help, and needs no more than that: see lazy.nix
{ pkgs }:
{ name, description, ... }@args:
pkgs.writeShellApplication (
  removeAttrs args [
    "description"
    "help"
  ]
  // {
    name = "http-trace-${name}";
    meta = { inherit description; };
  }
)
// {
  help = args.help or null;
}
