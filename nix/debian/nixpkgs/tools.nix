# Debian's programs by nixpkgs' names: each attribute is a derivation of links in bin/ (of fonts, in share/fonts) to what its
# Debian packages have in /usr (which the sandbox shows, but which is on no PATH).
{
  lib,
  root,
  system,
}:
let
  identity = root.id or (throw "this stand-in for nixpkgs works only where nix/debian/nix runs it");

  # tool NAME { packages; mainProgram; links (program -> where it is); fonts (where they are); version; }
  tool =
    name:
    {
      packages ? [ name ],
      mainProgram ? name,
      links ? { },
      fonts ? "",
      version ? root.packages.${lib.head packages},
    }:
    derivation {
      inherit system version;
      pname = name;
      name = "${name}-${version}";
      builder = "/bin/bash";
      args = [
        "-euc"
        ''
          PATH=/usr/bin
          mkdir -p "$out/bin"
          for package in $packages; do
            while read -r program; do
              ln -s "$program" "$out/bin/"
            done < "/usr/share/http-trace-filter/programs/$package"
          done
          ${lib.concatStringsSep "\n" (
            lib.mapAttrsToList (program: path: ''ln -sfn ${path} "$out/bin/${program}"'') links
          )}
          if [ -n "$mainProgram" ]; then test -x "$out/bin/$mainProgram"; fi
          if [ -n "$fonts" ]; then
            mkdir -p "$out/share/fonts"
            ln -s "$fonts" "$out/share/fonts/truetype"
          fi
        ''
      ];
      inherit packages mainProgram fonts;
      # another root has other tools, even where versions agree
      debianRoot = identity;
    }
    // {
      meta = {
        inherit mainProgram;
      };
    };

  envoy = "/usr/lib/envoy/${root.envoy}/envoy";
in
lib.mapAttrs tool {
  bash = {
    links.sh = "/usr/bin/bash";
  };
  bashInteractive = {
    packages = [ "bash" ];
    mainProgram = "bash";
    links.sh = "/usr/bin/bash";
  };
  binaryen = {
    mainProgram = "wasm-opt";
  };
  bubblewrap = {
    mainProgram = "bwrap";
  };
  bzip2 = { };
  chromedriver = {
    packages = [ "chromium-driver" ];
  };
  chromium = {
    # Debian's script of that name looks for settings in /etc, of which builds see nothing.
    packages = [ ];
    version = root.packages.chromium;
    links.chromium = "/usr/lib/chromium/chromium";
  };
  coreutils = {
    mainProgram = "ls";
  };
  crun = { };
  curl = { };
  dejavu_fonts = {
    packages = [ ];
    version = root.packages.fonts-dejavu-core;
    mainProgram = "";
    fonts = "/usr/share/fonts/truetype/dejavu";
  };
  diffutils = {
    mainProgram = "diff";
  };
  distribution = {
    packages = [ "docker-registry" ];
    mainProgram = "registry";
    links.registry = "/usr/bin/docker-registry";
  };
  envoy-bin = {
    packages = [ ];
    version = root.envoy;
    mainProgram = "envoy";
    links = {
      inherit envoy;
    };
  };
  etcd = {
    packages = [ "etcd-server" ];
  };
  file = { };
  findutils = {
    mainProgram = "find";
  };
  gawk = {
    links.awk = "/usr/bin/gawk";
  };
  git = { };
  glibc = {
    packages = [ "libc6-dev" ];
    mainProgram = "";
  };
  gnugrep = {
    packages = [ "grep" ];
    mainProgram = "grep";
  };
  gnumake = {
    packages = [ "make" ];
    mainProgram = "make";
  };
  gnused = {
    packages = [ "sed" ];
    mainProgram = "sed";
  };
  gnutar = {
    packages = [ "tar" ];
    mainProgram = "tar";
  };
  gzip = { };
  iproute2 = {
    # The package has a second `ip` beside this one.
    packages = [ ];
    version = root.packages.iproute2;
    mainProgram = "ip";
    links.ip = "/usr/bin/ip";
  };
  iptables = {
    # nixpkgs' program speaks to nftables as well; Debian's alternatives are not set here.
    links = lib.genAttrs [
      "iptables"
      "iptables-save"
      "iptables-restore"
      "ip6tables"
      "ip6tables-save"
      "ip6tables-restore"
    ] (_: "/usr/sbin/xtables-nft-multi");
  };
  jq = { };
  kubectl = { };
  kustomize = { };
  nixfmt = {
    packages = [ ];
    version = root.nixfmt;
    mainProgram = "nixfmt";
    links.nixfmt = "/usr/lib/nixfmt/bin/nixfmt";
  };
  patch = { };
  # Its promtool only.
  prometheus = {
    packages = [ "promtool" ];
    mainProgram = "promtool";
  };
  python3 = {
    packages = [
      "python3-minimal"
      "python3.13-minimal"
    ];
    mainProgram = "python3";
  };
  shellcheck = { };
  skopeo = { };
  util-linux = {
    packages = [
      "util-linux"
      "mount"
    ];
    mainProgram = "";
  };
  wabt = {
    mainProgram = "wasm-objdump";
  };
  wrk = { };
  xz = {
    packages = [ "xz-utils" ];
    mainProgram = "xz";
  };

  # what stdenv.cc is made of
  gcc = {
    packages = [
      "gcc"
      "g++"
      "cpp"
      "binutils"
    ];
    links.cc = "/usr/bin/gcc";
    links."c++" = "/usr/bin/g++";
  };
  # what rust-bin.fromRustupToolchainFile gives
  debianRust = {
    packages = [
      "rustc"
      "cargo"
      "rustfmt"
      "rust-clippy"
    ];
    mainProgram = "rustc";
  };
}
