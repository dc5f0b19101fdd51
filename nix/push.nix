# nix run .#push -- REGISTRY/REPOSITORY:TAG, and .#push-collector: an image to a registry, with the user's own credentials.
{
  pkgs,
  app,
  image,
  name ? "push",
  description ? "Copies the filter's image to a registry, and prints its name by digest",
  # What stands in the help before the usage.
  does ? "Copies the filter's image to a registry with skopeo, and prints its name by digest, as deploy takes it.",
  # Shell commands after the copy. `$pushed` is the name of the image by digest.
  after ? ''echo "oci://$pushed"'',
  runtimeInputs ? [ ],
}:
let
  # Signatures are asked of what is fetched; this is what was just built.
  policy = pkgs.writeText "policy.json" (
    builtins.toJSON { default = [ { type = "insecureAcceptAnything"; } ]; }
  );
  help = pkgs.writeText "help" ''
    ${does}

    Usage: nix run .#${name} -- REGISTRY/REPOSITORY:TAG [OPTION OF skopeo copy]...

      --authfile FILE            credentials from elsewhere than those of docker or podman login
      --dest-tls-verify=false    to a registry without TLS
  '';
in
app {
  inherit name description;
  help = "${pkgs.coreutils}/bin/cat ${help}";
  runtimeInputs = [
    pkgs.coreutils
    pkgs.skopeo
  ]
  ++ runtimeInputs;
  text = ''
    reference=''${1-}
    reference=''${reference#oci://}
    reference=''${reference#docker://}
    # A tag follows the last slash; a digest would be that of something else.
    if ! [[ $reference =~ ^[^-/@[:space:]][^/@[:space:]]*/[^@[:space:]]+:[A-Za-z0-9_.-]+$ ]]; then
      echo "${name}: got ''${reference@Q}, takes REGISTRY/REPOSITORY:TAG, and after it options of 'skopeo copy', such as --authfile" >&2
      exit 1
    fi
    shift
    # Another layout may stand in the place of the one that was built beside this program.
    image=''${IMAGE:-${image}}
    pushed=''${reference%:*}@$(cat "$image/digest")
    # Its progress is no part of the answer. SKOPEO names another program in its place.
    "''${SKOPEO:-skopeo}" --policy ${policy} copy --preserve-digests "$@" "oci:$image" "docker://$reference" >&2
    ${after}
  '';
}
