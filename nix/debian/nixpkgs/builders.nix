# nixpkgs' trivial builders, and mkShell.
{ lib, pkgs }:
let
  runWith =
    stdenv: name: env: buildCommand:
    stdenv.mkDerivation (
      {
        enableParallelBuilding = true;
        inherit name buildCommand;
        passAsFile = [ "buildCommand" ] ++ (env.passAsFile or [ ]);
      }
      // removeAttrs env [ "passAsFile" ]
    );
in
rec {
  runCommand = runWith pkgs.stdenvNoCC;
  runCommandCC = runWith pkgs.stdenv;
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
      passthru ? { },
      derivationArgs ? { },
    }:
    runCommandLocal name
      (
        derivationArgs
        // {
          inherit
            text
            executable
            checkPhase
            passthru
            ;
          meta =
            lib.optionalAttrs (executable && lib.hasPrefix "/bin/" destination) {
              mainProgram = lib.removePrefix "/bin/" destination;
            }
            // meta;
          passAsFile = [ "text" ] ++ (derivationArgs.passAsFile or [ ]);
        }
      )
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
  writeTextDir =
    path: text:
    writeTextFile {
      inherit text;
      name = baseNameOf path;
      destination = "/${path}";
    };
  writeScript =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
    };

  runtimeShell = "${pkgs.bash}/bin/bash";
  writeShellScript =
    name: text:
    writeTextFile {
      inherit name;
      executable = true;
      text = "#!${runtimeShell}\n${text}\n";
      checkPhase = ''${runtimeShell} -n "$target"'';
    };
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
      runtimeEnv ? null,
      meta ? { },
      passthru ? { },
      checkPhase ? null,
      excludeShellChecks ? [ ],
      extraShellCheckFlags ? [ ],
      bashOptions ? [
        "errexit"
        "nounset"
        "pipefail"
      ],
      derivationArgs ? { },
      inheritPath ? true,
    }:
    let
      exclude = lib.optionalString (
        excludeShellChecks != [ ]
      ) "--exclude ${lib.concatStringsSep "," excludeShellChecks}";
    in
    writeTextFile {
      inherit name passthru derivationArgs;
      executable = true;
      destination = "/bin/${name}";
      text =
        "#!${runtimeShell}\n"
        + lib.concatMapStrings (option: "set -o ${option}\n") bashOptions
        + lib.optionalString (runtimeEnv != null) (
          lib.concatStrings (
            lib.mapAttrsToList (variable: value: ''
              ${lib.toShellVar variable value}
              export ${variable}
            '') runtimeEnv
          )
        )
        + lib.optionalString (runtimeInputs != [ ]) ''

          export PATH="${lib.makeBinPath runtimeInputs}${lib.optionalString inheritPath ":$PATH"}"
        ''
        + "\n${text}\n";
      checkPhase =
        if checkPhase != null then
          checkPhase
        else
          ''
            ${runtimeShell} -n -O extglob "$target"
            ${pkgs.shellcheck}/bin/shellcheck ${exclude} ${lib.escapeShellArgs extraShellCheckFlags} "$target"
          '';
      meta = {
        mainProgram = name;
      }
      // meta;
    };

  symlinkJoin =
    {
      name,
      paths,
      postBuild ? "",
      meta ? { },
      passthru ? { },
    }:
    runCommandLocal name { inherit meta passthru; } ''
      mkdir -p "$out"
      for path in ${lib.concatMapStringsSep " " (path: "${path}") paths}; do
        cp -rs --no-preserve=mode "$path/." "$out/"
      done
      ${postBuild}
    '';
  linkFarm =
    name: entries:
    let
      list =
        if lib.isList entries then
          entries
        else
          lib.mapAttrsToList (name: path: { inherit name path; }) entries;
    in
    runCommandLocal name { } ''
      mkdir -p "$out"
      ${lib.concatMapStrings (entry: ''
        mkdir -p "$out/$(dirname ${lib.escapeShellArg entry.name})"
        ln -s ${lib.escapeShellArg "${entry.path}"} "$out"/${lib.escapeShellArg entry.name}
      '') list}
    '';

  mkShell =
    {
      name ? "nix-shell",
      packages ? [ ],
      inputsFrom ? [ ],
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      shellHook ? "",
      ...
    }@args:
    let
      # the inputs of the derivations that are worked on, without these themselves
      inputs =
        kind: own: own ++ lib.subtractLists inputsFrom (lib.flatten (lib.catAttrs kind inputsFrom));
    in
    pkgs.stdenv.mkDerivation (
      removeAttrs args [
        "packages"
        "inputsFrom"
      ]
      // {
        inherit name;
        nativeBuildInputs = inputs "nativeBuildInputs" (packages ++ nativeBuildInputs);
        buildInputs = inputs "buildInputs" buildInputs;
        shellHook = lib.concatStringsSep "\n" (
          lib.catAttrs "shellHook" (inputsFrom ++ [ { inherit shellHook; } ])
        );
        phases = [ "buildPhase" ];
        buildPhase = ''
          echo "a development shell is made for nix develop"
          export > "$out"
        '';
        preferLocalBuild = true;
      }
    );
}
