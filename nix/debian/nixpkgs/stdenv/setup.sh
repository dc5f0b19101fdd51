# shellcheck shell=bash
# shellcheck disable=SC2154 # a derivation's attributes are in the environment
# The build environment and the phases, as far as the project uses nixpkgs' stdenv: each phase but unpackPhase and
# fixupPhase is the derivation's own, and does nothing where it has none. The line before this one, written by
# default.nix, sets initialPath. `nix develop` sources it too, and then keeps the functions and the variables.

originalOptions=$-
set -e -o pipefail
shopt -s inherit_errexit

: "${outputs:=out}"
NIX_BUILD_CORES=${NIX_BUILD_CORES:-1}
if ((NIX_BUILD_CORES <= 0)); then
  NIX_BUILD_CORES=$("${initialPath%%:*}/nproc" 2>/dev/null || /usr/bin/nproc)
fi
export NIX_BUILD_CORES TZ=UTC SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-315532800}
export SHELL=/bin/bash CONFIG_SHELL=/bin/bash

# The programs of the inputs; with strictDeps, what is for the host is not run while building.
_PATH=
for input in ${nativeBuildInputs-} $([[ -n ${strictDeps-} ]] || echo "${buildInputs-}"); do
  if [[ ! -e $input ]]; then
    echo "build input $input does not exist" >&2
    exit 1
  fi
  if [[ -d $input/bin && ":$_PATH:" != *":$input/bin:"* ]]; then
    _PATH+=${_PATH:+:}$input/bin
  fi
done
export PATH=${_PATH:+$_PATH:}$initialPath
unset _PATH input

# Runs the function or the text called NAME, if there is one.
runHook() {
  if declare -F "$1" >/dev/null; then
    "$1"
  else
    eval "${!1-}"
  fi
}

unpackPhase() {
  runHook preUnpack
  if [[ ! -d ${src-} ]]; then
    # shellcheck disable=SC2016 # a name
    echo 'variable $src should point to a directory: the stand-in for nixpkgs unpacks no archives'
    return 1
  fi
  sourceRoot=$(basename "$src")
  if [[ $sourceRoot =~ ^[a-z0-9]{32}- ]]; then
    sourceRoot=${sourceRoot:33}
  fi
  # the store's dates, but not its modes, which a build could not change
  cp -r --preserve=mode,timestamps --reflink=auto -- "$src" "$sourceRoot"
  chmod -R u+w -- "$sourceRoot"
  runHook postUnpack
}

patchPhase() { runHook prePatch && runHook postPatch; }
configurePhase() { runHook preConfigure && runHook postConfigure; }
buildPhase() { runHook preBuild && runHook postBuild; }
checkPhase() { runHook preCheck && runHook postCheck; }
installPhase() { runHook preInstall && runHook postInstall; }

# Shebangs stay as they are, unlike in nixpkgs: /usr/bin/env exists in this sandbox. Nothing is stripped: no derivation
# of the project asks for that.
fixupPhase() {
  local output
  runHook preFixup
  for output in $outputs; do
    if [[ -e ${!output} && ! -L ${!output} ]]; then chmod -R u+w,u-s,g-s "${!output}"; fi
  done
  runHook postFixup
}

runPhase() {
  local phase=$1 start=$SECONDS
  [[ $phase != checkPhase || -n ${doCheck-} ]] || return 0
  echo "Running phase: $phase"
  # an attribute of the phase's name wins over the function
  eval "${!phase:-$phase}"
  if ((SECONDS - start >= 60)); then
    echo "$phase completed in $((SECONDS - start)) seconds"
  fi
  if [[ $phase == unpackPhase ]]; then
    cd -- "$sourceRoot"
  fi
}

genericBuild() {
  local phase
  export GZIP_NO_TIMESTAMPS=1
  if [[ -n ${buildCommandPath-} ]]; then
    # shellcheck source=/dev/null
    source "$buildCommandPath"
  else
    for phase in ${phases:-unpackPhase patchPhase configurePhase buildPhase checkPhase installPhase fixupPhase}; do
      runPhase "$phase"
    done
  fi
}

[[ $originalOptions == *e* ]] || set +e
unset originalOptions
