# The project's parts for one system, wired together.
{ pkgs }:
let
  inherit (pkgs) lib;
  onLinux = lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux;

  sources = import ./sources.nix { inherit lib; };
  rust = import ./rust.nix { inherit pkgs; };
  filter = import ./filter.nix { inherit pkgs rust sources; };
  # The same with a switch that makes it trap, for tests.
  faulty = import ./filter.nix {
    inherit pkgs rust sources;
    name = "http-trace-filter-faulty";
    features = [ "fault" ];
  };
  e2e = import ./e2e.nix { inherit pkgs rust sources; };
  ctl = import ./ctl.nix { inherit pkgs rust sources; };
  # Envoy is packaged for Linux only, and so are containers.
  container = import ./container.nix { inherit pkgs; };

  app = import ./app.nix { inherit pkgs; };
  envoyApp = import ./envoy-app.nix {
    inherit
      pkgs
      app
      e2e
      filter
      ;
  };
  demo = envoyApp {
    name = "demo";
    description = "Real traffic through a real Envoy, and the records that the filter exported";
    command = "http-trace-e2e demo";
  };
  bench = envoyApp {
    name = "bench";
    description = "What exporting traffic costs a real Envoy, against other ways to do it";
    environment = "export WRK=\${WRK:-${pkgs.wrk}/bin/wrk}";
  };
  chaos = envoyApp {
    name = "chaos";
    description = "Faults at random around a real Envoy with the filter";
  };
  soak = envoyApp {
    name = "soak";
    description = "Memory and latency of a real Envoy with the filter over time";
  };
  fuzz = import ./fuzz.nix {
    inherit
      pkgs
      app
      rust
      sources
      ;
  };
  audit = import ./audit.nix {
    inherit
      pkgs
      app
      rust
      sources
      ;
  };
  matrix = import ./matrix.nix {
    inherit
      pkgs
      app
      e2e
      filter
      ;
  };
  commands = import ./commands.nix {
    inherit
      pkgs
      app
      ctl
      filter
      ;
  };
  manifests = app {
    name = "manifests";
    description = "Writes the repository's own manifests in k8s";
    text = ''exec ${ctl}/bin/http-trace-ctl manifests --wasm ${filter}/lib/http-trace-filter.wasm --out k8s "$@"'';
  };
  overlays = import ./overlays.nix { inherit pkgs ctl filter; };
  formatter = import ./formatter.nix { inherit pkgs rust; };
in
{
  inherit formatter;

  lib = { inherit (overlays) mkOverlay; };

  packages = {
    default = filter;
    inherit ctl;
    overlays = overlays.example;
  }
  // onLinux {
    inherit
      bench
      chaos
      demo
      e2e
      fuzz
      soak
      ;
  };

  apps =
    commands
    // {
      audit = audit.app;
      manifests = manifests.app;
    }
    // onLinux {
      default = demo.app;
      bench = bench.app;
      chaos = chaos.app;
      demo = demo.app;
      fuzz = fuzz.app;
      matrix = matrix.app;
      soak = soak.app;
    };

  checks =
    import ./checks/static.nix { inherit pkgs rust sources; }
    // import ./checks/wasm.nix {
      inherit
        pkgs
        rust
        sources
        filter
        faulty
        ;
    }
    // import ./checks/readme.nix {
      inherit
        pkgs
        ctl
        filter
        sources
        ;
    }
    // import ./checks/supply.nix {
      inherit
        pkgs
        audit
        e2e
        filter
        rust
        sources
        ;
    }
    // {
      debian-readme = import ./debian/readme-check.nix { inherit pkgs; };
    }
    // onLinux (
      import ./checks/overlays.nix {
        inherit
          pkgs
          ctl
          e2e
          filter
          overlays
          sources
          ;
      }
      // import ./checks/envoy.nix {
        inherit
          pkgs
          container
          ctl
          demo
          e2e
          faulty
          filter
          ;
      }
      // import ./checks/bench.nix { inherit pkgs bench filter; }
      // import ./checks/fuzz.nix { inherit pkgs fuzz; }
      // import ./checks/matrix.nix {
        inherit
          pkgs
          app
          e2e
          filter
          ;
      }
      // import ./checks/chaos.nix { inherit pkgs chaos soak; }
    );

  devShell = pkgs.mkShell (
    {
      packages = [
        rust.toolchain
        pkgs.binaryen
        pkgs.wabt
        pkgs.nixfmt
        pkgs.shellcheck
        pkgs.jq
        pkgs.kubectl
        pkgs.kustomize
      ]
      ++ lib.optionals pkgs.stdenv.hostPlatform.isLinux [
        pkgs.envoy-bin
        pkgs.bubblewrap
        pkgs.crun
      ];
    }
    // onLinux {
      # What the end-to-end tests look for: cargo test -p http-trace-e2e
      ENVOY = "${pkgs.envoy-bin}/bin/envoy";
      HTTP_TRACE_FILTER_WASM = "${filter}/lib/http-trace-filter.wasm";
      HTTP_TRACE_CTL = "${ctl}/bin/http-trace-ctl";
      KUBECTL = "${pkgs.kubectl}/bin/kubectl";
      KUSTOMIZE = "${pkgs.kustomize}/bin/kustomize";
      K8S = "${sources.k8s}/k8s";
    }
  );
}
