# Programs that nixpkgs builds from Go modules, built from the same modules. ./go/NAME has the go.mod and go.sum of each,
# which lock what is fetched when a build first asks for it (lib/go-modules.sh); nobody pays for a server who does not run it.
{ lib, pkgs }:
rec {
  # program NAME { src; packages; … }: a derivation with a program in bin/ for each of the packages.
  program =
    name:
    {
      # A directory with go.mod and go.sum, and with main.go where the program is a package of its own.
      src,
      # { PROGRAM = PACKAGE; }: the package's import path, or "." for that of `src`. A package of a module is named by a
      # line `tool PACKAGE` in go.mod, so that `go mod tidy` keeps what it needs.
      packages,
      mainProgram ? lib.head (lib.attrNames packages),
      # The module whose version in go.mod is the program's.
      module,
      # What the linker is told of that version.
      ldflags ? _: [ ],
      # Files of that module that are used as they are: share/source has them at their own paths.
      files ? [ ],
    }:
    let
      required = builtins.match ".*\n(require )?[ \t]*${
        lib.replaceStrings [ "." ] [ "\\." ] module
      } v([^ \n]+).*" (builtins.readFile (src + "/go.mod"));
      version =
        if required == null then
          throw "${toString src}/go.mod does not require ${module}, whose version is that of ${name}"
        else
          lib.last required;
      paths = lib.mapAttrsToList (_: path: path) packages;

      # A module proxy in a directory: what the hook fetched, which the sandbox shows as /go-modules. Go checks each module
      # by go.sum when it is used.
      modules = derivation {
        inherit (pkgs) system go;
        inherit src;
        pname = name;
        name = "${name}-${version}-go-modules";
        packages = paths;
        builder = "/bin/bash";
        args = [
          "-euc"
          # Not as the last command: see wheels.nix.
          "/usr/bin/cp -r --no-preserve=mode /go-modules $out; exit 0"
        ];
        preferLocalBuild = true;
      };
    in
    pkgs.runCommand "${name}-${version}"
      {
        inherit version modules;
        pname = name;
        nativeBuildInputs = [ pkgs.go ];
        # Paths of modules or of the compiler in a program would keep these in the store.
        disallowedReferences = [
          modules
          pkgs.go
        ];
        meta = {
          inherit mainProgram;
        };
      }
      ''
        cp -r --no-preserve=mode ${src} source
        cd source
        export HOME=$NIX_BUILD_TOP GOPATH=$NIX_BUILD_TOP/go GOCACHE=$NIX_BUILD_TOP/go-cache
        export GOPROXY=file://$modules GOSUMDB=off GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0
        export GOFLAGS="-mod=readonly -modcacherw -trimpath -buildvcs=false -p=$NIX_BUILD_CORES"
        total=$(go list -deps ${lib.escapeShellArgs paths} 2>/dev/null | wc -l)
        echo "$total packages of Go"
        mkdir -p "$out/bin"
        ${lib.concatStrings (
          lib.mapAttrsToList (program: path: ''
            go build -v -ldflags ${
              lib.escapeShellArg (lib.concatStringsSep " " ([ "-s -w" ] ++ ldflags version))
            } \
              -o "$out/bin/${program}" ${lib.escapeShellArg path} 2>&1 |
              awk '/^go: downloading / { next }
                   / / { print; next }
                   ++packages % 50 == 0 { print "${program}: " packages " packages"; fflush() }'
          '') packages
        )}
        ${lib.optionalString (files != [ ]) ''
          # `go list -m` would ask when this version was made, which is not there.
          cd "$GOPATH/pkg/mod/${module}@v${version}"
          mkdir -p "$out/share/source"
          cp -r --parents --no-preserve=mode ${lib.escapeShellArgs files} "$out/share/source"
        ''}
      '';

  programs =
    lib.mapAttrs program {
      # Of nixpkgs' many programs only these. They tell kubectl their version.
      kubernetes = {
        src = ./go/kubernetes;
        packages = {
          kube-apiserver = "k8s.io/kubernetes/cmd/kube-apiserver";
          kube-controller-manager = "k8s.io/kubernetes/cmd/kube-controller-manager";
        };
        module = "k8s.io/kubernetes";
        ldflags =
          version:
          let
            tell = name: value: "-X k8s.io/component-base/version.${name}=${value}";
            parts = lib.splitString "." version;
          in
          [
            (tell "gitVersion" "v${version}")
            (tell "gitMajor" (lib.head parts))
            (tell "gitMinor" (builtins.elemAt parts 1))
          ];
      };
      opentelemetry-collector = {
        src = ./go/opentelemetry-collector;
        packages.otelcorecol = ".";
        module = "go.opentelemetry.io/collector/otelcol";
        ldflags = version: [ "-X main.version=${version}" ];
      };
    }
    // {
      # nixpkgs has istioctl only, of the sources that istiod and pilot-agent are in, too; who wants these overrides it.
      istioctl = {
        src = "${istio}/share/source";
        overrideAttrs = _: istio;
      };
    };

  istio = program "istio" {
    src = ./go/istio;
    packages = {
      pilot-agent = "istio.io/istio/pilot/cmd/pilot-agent";
      pilot-discovery = "istio.io/istio/pilot/cmd/pilot-discovery";
    };
    module = "istio.io/istio";
    files = [
      "manifests/charts/base/files/crd-all.gen.yaml"
      "manifests/charts/istio-control/istio-discovery"
      "tests/integration/pilot/testdata/gateway-api-crd.yaml"
      "tools/packaging/common/envoy_bootstrap.json"
    ];
  };
}
