# stdenv and stdenvNoCC: mkDerivation with nixpkgs' phases, on a PATH of nixpkgs' initial tools only.
{
  lib,
  pkgs,
  hostPlatform,
}:
let
  initialPath = [
    pkgs.coreutils
    pkgs.findutils
    pkgs.diffutils
    pkgs.gnused
    pkgs.gnugrep
    pkgs.gawk
    pkgs.gnutar
    pkgs.gzip
    pkgs.bzip2
    pkgs.gnumake
    pkgs.bash
    pkgs.patch
    pkgs.xz
    pkgs.file
  ];

  makeStdenv =
    { name, cc }:
    let
      stdenv =
        derivation {
          inherit (pkgs) system;
          inherit name;
          builder = "/bin/bash";
          args = [
            "-euc"
            ''
              PATH=/usr/bin
              mkdir "$out"
              { echo "initialPath=$initialPath"; cat ${./setup.sh}; } > "$out/setup"
            ''
          ];
          initialPath = lib.makeBinPath (lib.optional (cc != null) cc ++ initialPath);
        }
        // {
          inherit cc hostPlatform;
          mkDerivation = import ./make-derivation.nix { inherit pkgs stdenv; };
        };
    in
    stdenv;
in
{
  stdenv = makeStdenv {
    name = "stdenv-linux";
    cc = pkgs.gcc;
  };
  stdenvNoCC = makeStdenv {
    name = "stdenv-no-cc";
    cc = null;
  };
}
