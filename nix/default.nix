# The project's parts for one system, wired together.
{ pkgs }:
let
  inherit (pkgs) lib;
  onLinux = lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux;

  sources = import ./sources.nix { inherit lib; };
  rust = import ./rust.nix { inherit pkgs sources; };
  filter = import ./filter.nix { inherit pkgs rust sources; };
  # The same with a switch that makes it trap, for tests.
  faulty = import ./filter.nix {
    inherit pkgs rust sources;
    name = "http-trace-filter-faulty";
    features = [ "fault" ];
  };
  e2e = import ./e2e.nix { inherit pkgs rust sources; };
  ctl = import ./ctl.nix { inherit pkgs rust sources; };
  collector = import ./collector.nix { inherit pkgs rust sources; };
  mkImage = import ./image.nix { inherit pkgs; };
  # What Istio's agent, Envoy Gateway and Kubernetes' image volumes take.
  image = mkImage {
    name = "http-trace-filter";
    inherit (filter) version;
    file = "${filter}/lib/http-trace-filter.wasm";
    path = "plugin.wasm";
    source = sources.filter;
  };
  # What k8s/collector runs.
  collectorImage = mkImage {
    name = "http-trace-collector";
    inherit (filter) version;
    file = "${collector}/bin/http-trace-collector";
    path = "http-trace-collector";
    config = {
      Entrypoint = [ "/http-trace-collector" ];
      ExposedPorts."9000/tcp" = { };
      User = "65532:65532";
    };
    architecture = pkgs.stdenv.hostPlatform.go.GOARCH;
    source = sources.collector;
  };
  # Envoy is packaged for Linux only, and so are containers.
  container = import ./container.nix { inherit pkgs; };

  app = import ./app.nix { inherit pkgs; };
  lazy = import ./lazy.nix { inherit pkgs; };
  envoyApp = import ./envoy-app.nix { inherit pkgs app filter; };
  demo = envoyApp {
    name = "demo";
    description = "Real traffic through a real Envoy, and the records that the filter exported";
    package = e2e.harness;
    command = "http-trace-e2e demo";
  };
  dev = envoyApp {
    name = "dev";
    description = "A running Envoy that takes each new build of the filter in this checkout";
    package = e2e.harness;
    command = "http-trace-e2e dev";
    wasm = null;
  };
  bench = envoyApp {
    name = "bench";
    description = "What exporting traffic costs a real Envoy, against other ways to do it";
    package = e2e.bench;
    environment = "export WRK=\${WRK:-${pkgs.wrk}/bin/wrk}";
  };
  chaos = envoyApp {
    name = "chaos";
    description = "Faults at random around a real Envoy with the filter";
    package = e2e.chaos;
  };
  soak = envoyApp {
    name = "soak";
    description = "Memory and latency of a real Envoy with the filter over time";
    package = e2e.chaos;
  };
  push = import ./push.nix { inherit pkgs app image; };
  pushCollector = import ./push-collector.nix {
    inherit pkgs app sources;
    image = collectorImage;
  };
  fuzz = import ./fuzz.nix {
    inherit
      pkgs
      app
      rust
      sources
      ;
  };
  mesh = import ./mesh.nix {
    inherit
      pkgs
      app
      ctl
      e2e
      filter
      mkImage
      push
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
  manifests = import ./manifests.nix {
    inherit
      pkgs
      app
      ctl
      filter
      rust
      ;
  };
  overlays = import ./overlays.nix { inherit pkgs ctl filter; };
  formatter = import ./formatter.nix { inherit pkgs rust; };
  devShells = import ./shells.nix {
    inherit
      pkgs
      ctl
      filter
      rust
      sources
      ;
  };
  # What `nix run` needs of a package.
  runs = lib.mapAttrs (
    _: package: {
      type = "app";
      program = lib.getExe (lazy package);
      meta = { inherit (package.meta) description; };
    }
  );

  project = {
    inherit devShells formatter;

    lib = { inherit (overlays) mkOverlay; };

    packages = {
      default = filter;
      inherit collector ctl image;
      overlays = overlays.example;
    }
    // onLinux {
      inherit
        bench
        chaos
        demo
        fuzz
        soak
        ;
      collector-image = collectorImage;
      e2e = e2e.tests.e2e;
    };

    apps = runs (
      commands
      // {
        inherit
          audit
          collector
          ctl
          manifests
          push
          ;
      }
      // onLinux {
        default = demo;
        push-collector = pushCollector;
        inherit
          bench
          chaos
          demo
          dev
          fuzz
          matrix
          mesh
          soak
          ;
      }
    );

    checks =
      import ./checks/static.nix {
        inherit
          pkgs
          collector
          ctl
          e2e
          rust
          sources
          ;
        devShell = devShells.default;
      }
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
          collector
          ctl
          project
          sources
          ;
      }
      // import ./checks/image.nix {
        inherit
          pkgs
          filter
          image
          push
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
      // import ./checks/help.nix { inherit pkgs filter project; }
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
            pushCollector
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
        // import ./checks/programs.nix { inherit pkgs collector ctl; }
        // import ./checks/collector-image.nix { inherit pkgs collectorImage pushCollector; }
        // import ./checks/page.nix {
          inherit
            pkgs
            collector
            e2e
            filter
            ;
        }
        // import ./checks/monitoring.nix { inherit pkgs sources; }
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
        // import ./checks/contributing.nix {
          inherit
            pkgs
            e2e
            project
            rust
            sources
            ;
        }
      );
  };
in
project
