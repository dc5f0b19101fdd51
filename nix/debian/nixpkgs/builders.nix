# nixpkgs' trivial builders, and mkShell.
{ lib, pkgs }:
rec {
  runCommand =
    name: env: buildCommand:
    pkgs.stdenvNoCC.mkDerivation (
      {
        inherit name buildCommand;
        passAsFile = [ "buildCommand" ] ++ (env.passAsFile or [ ]);
      }
      // removeAttrs env [ "passAsFile" ]
    );
  runCommandLocal =
    name: env:
    runCommand name (
      {
        preferLocalBuild = true;
        allowSubstitutes = false;
      }
      // env
    );

  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      checkPhase ? "",
      meta ? { },
    }:
    runCommandLocal name
      {
        inherit
          text
          executable
          checkPhase
          ;
        meta =
          lib.optionalAttrs (executable && lib.hasPrefix "/bin/" destination) {
            mainProgram = lib.removePrefix "/bin/" destination;
          }
          // meta;
        passAsFile = [ "text" ];
      }
      ''
        target=$out${lib.escapeShellArg destination}
        mkdir -p "$(dirname "$target")"
        mv "$textPath" "$target"
        if [ -n "$executable" ]; then
          chmod +x "$target"
        fi
        eval "$checkPhase"
      '';
  writeText = name: text: writeTextFile { inherit name text; };
  # Like nixpkgs', fontconfig's whole configuration.
  makeFontsConf =
    { fontDirectories }:
    writeText "fonts.conf" ''
      <?xml version="1.0"?>
      <!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
      <fontconfig>
      ${lib.concatMapStringsSep "\n" (directory: "<dir>${directory}</dir>") fontDirectories}
      <include>/usr/share/fontconfig/conf.avail/60-latin.conf</include>
      <cachedir prefix="xdg">fontconfig</cachedir>
      </fontconfig>
    '';
  runtimeShell = "${pkgs.bash}/bin/bash";
  writeShellScriptBin =
    name: text:
    writeTextFile {
      inherit name;
      executable = true;
      destination = "/bin/${name}";
      text = "#!${runtimeShell}\n${text}\n";
      checkPhase = ''${runtimeShell} -n "$target"'';
      meta.mainProgram = name;
    };
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      runtimeEnv ? { },
      meta ? { },
    }:
    writeTextFile {
      inherit name;
      executable = true;
      destination = "/bin/${name}";
      text =
        "#!${runtimeShell}\n"
        + lib.concatMapStrings (option: "set -o ${option}\n") [
          "errexit"
          "nounset"
          "pipefail"
        ]
        + lib.concatStrings (
          lib.mapAttrsToList (variable: value: ''
            ${lib.toShellVar variable value}
            export ${variable}
          '') runtimeEnv
        )
        + lib.optionalString (runtimeInputs != [ ]) ''

          export PATH="${lib.makeBinPath runtimeInputs}:$PATH"
        ''
        + "\n${text}\n";
      checkPhase = ''
        ${runtimeShell} -n -O extglob "$target"
        ${pkgs.shellcheck}/bin/shellcheck "$target"
      '';
      meta = {
        mainProgram = name;
      }
      // meta;
    };

  mkShell =
    {
      packages ? [ ],
      ...
    }@args:
    pkgs.stdenv.mkDerivation (
      removeAttrs args [ "packages" ]
      // {
        name = "nix-shell";
        nativeBuildInputs = packages;
        phases = [ "buildPhase" ];
        buildPhase = ''
          echo "a development shell is made for nix develop"
          export > "$out"
        '';
        preferLocalBuild = true;
      }
    );
}
