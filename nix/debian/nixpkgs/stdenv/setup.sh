# shellcheck shell=bash
# shellcheck disable=SC2154 # a derivation's attributes are in the environment
# The build environment and the phases, as in nixpkgs' stdenv. The line before this one, written by default.nix, sets
# initialPath. `nix develop` sources it too, and then keeps the functions and the variables.

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

# --- inputs -----------------------------------------------------------------

addToSearchPath() {
  local variable=$1 dir=$2
  if [[ -d $dir && ":${!variable-}:" != *":$dir:"* ]]; then
    export "$variable=${!variable:+${!variable}:}$dir"
  fi
}

# The programs of an input, of what it propagates, and its hook.
addInput() {
  local input=$1 onPath=$2 file next
  [[ " $seenInputs " != *" $input "* ]] || return 0
  seenInputs+=" $input"
  if [[ ! -e $input ]]; then
    echo "build input $input does not exist" >&2
    exit 1
  fi
  if [[ -n $onPath ]]; then
    addToSearchPath _PATH "$input/bin"
  fi
  if [[ -f $input/nix-support/setup-hook ]]; then
    # shellcheck source=/dev/null
    source "$input/nix-support/setup-hook"
  fi
  for file in "$input"/nix-support/propagated{-native,}-build-inputs; do
    if [[ -f $file ]]; then
      for next in $(<"$file"); do
        addInput "$next" "$onPath"
      done
    fi
  done
}

_PATH=
seenInputs=
for input in ${nativeBuildInputs-} ${propagatedNativeBuildInputs-}; do
  addInput "$input" 1
done
# with strictDeps, what is for the host is not run while building
for input in ${buildInputs-} ${propagatedBuildInputs-}; do
  addInput "$input" "$([[ -n ${strictDeps-} ]] || echo 1)"
done
export PATH=${_PATH:+$_PATH:}$initialPath
unset _PATH seenInputs input

# --- hooks and phases -------------------------------------------------------

# Runs the function or the text called NAME, if there is one.
_callImplicitHook() {
  local default=$1 name=$2
  if declare -F "$name" >/dev/null; then
    "$name"
  elif [[ -n ${!name-} ]]; then
    eval "${!name}"
  else
    return "$default"
  fi
}

runHook() {
  local name=$1 list hook
  list="${name}Hooks[@]"
  _callImplicitHook 0 "$name"
  for hook in "${!list}"; do
    if declare -F "$hook" >/dev/null; then "$hook"; else eval "$hook"; fi
  done
}

stripHash() {
  local name
  name=$(basename "$1")
  if [[ $name =~ ^[a-z0-9]{32}- ]]; then
    name=${name:33}
  fi
  echo "$name"
}

unpackFile() {
  local name
  echo "unpacking source archive $1"
  name=$(stripHash "$1")
  if [[ -d $1 ]]; then
    # not the store's modes and dates, which a build could not change
    cp -r --preserve=mode,timestamps --reflink=auto -- "$1" "$name"
  else
    case $1 in
      *.tar | *.tar.* | *.tgz | *.crate) tar -xf "$1" --mode=+w --warning=no-timestamp ;;
      *)
        echo "do not know how to unpack source archive $1"
        return 1
        ;;
    esac
  fi
}

unpackPhase() {
  local source dir found=
  runHook preUnpack
  if [[ -z ${srcs-} && -z ${src-} ]]; then
    # shellcheck disable=SC2016 # names
    echo 'variable $src or $srcs should point to the source'
    return 1
  fi
  for dir in *; do
    if [[ -d $dir ]]; then found+=" $dir "; fi
  done
  for source in ${srcs:-$src}; do
    unpackFile "$source"
  done
  if [[ -z ${sourceRoot-} ]]; then
    for dir in *; do
      if [[ -d $dir && $found != *" $dir "* ]]; then
        if [[ -n ${sourceRoot-} ]]; then
          echo "unpacker produced multiple directories"
          return 1
        fi
        sourceRoot=$dir
      fi
    done
  fi
  if [[ -z ${sourceRoot-} ]]; then
    echo "unpacker appears to have produced no directories"
    return 1
  fi
  echo "source root is $sourceRoot"
  if [[ -z ${dontMakeSourcesWritable-} ]]; then
    chmod -R u+w -- "$sourceRoot"
  fi
  runHook postUnpack
}

patchPhase() {
  local file
  runHook prePatch
  for file in ${patches-}; do
    echo "applying patch $file"
    patch -p1 <"$file"
  done
  runHook postPatch
}

configurePhase() {
  runHook preConfigure
  if [[ -x ./configure ]]; then
    # shellcheck disable=SC2086 # flags are words
    ./configure --prefix="$out" ${configureFlags-}
  else
    echo "no configure script, doing nothing"
  fi
  runHook postConfigure
}

buildPhase() {
  runHook preBuild
  if [[ -e Makefile || -e makefile || -e GNUmakefile || -n ${makeFlags-} ]]; then
    # shellcheck disable=SC2086 # flags are words
    make SHELL="$SHELL" ${enableParallelBuilding:+-j$NIX_BUILD_CORES} ${makeFlags-} ${buildFlags-}
  else
    echo "no Makefile or custom buildPhase, doing nothing"
  fi
  runHook postBuild
}

checkPhase() {
  runHook preCheck
  if [[ -e Makefile || -e makefile || -e GNUmakefile ]]; then
    # shellcheck disable=SC2086 # flags are words
    make SHELL="$SHELL" ${makeFlags-} "${checkTarget:-check}"
  fi
  runHook postCheck
}

installPhase() {
  runHook preInstall
  # shellcheck disable=SC2086 # flags are words
  make SHELL="$SHELL" ${makeFlags-} ${installFlags-} "${installTargets:-install}"
  runHook postInstall
}

# Debug symbols go; shebangs stay as they are, unlike in nixpkgs: /usr/bin/env exists in this sandbox.
fixupPhase() {
  local output dir
  for output in $outputs; do
    if [[ -e ${!output} && ! -L ${!output} ]]; then chmod -R u+w,u-s,g-s "${!output}"; fi
  done
  runHook preFixup
  if [[ -z ${dontStrip-} ]] && type -P strip >/dev/null; then
    for output in $outputs; do
      for dir in lib lib32 lib64 libexec bin sbin; do
        if [[ -d ${!output}/$dir ]]; then
          find "${!output}/$dir" -type f -exec strip -S -p {} + 2>/dev/null || true
        fi
      done
    done
  fi
  for output in $outputs; do
    if [[ -n ${propagatedBuildInputs-} && $output == "${outputs%% *}" ]]; then
      mkdir -p "${!output}/nix-support"
      echo "$propagatedBuildInputs" >"${!output}/nix-support/propagated-build-inputs"
    fi
  done
  runHook postFixup
}

installCheckPhase() {
  runHook preInstallCheck
  runHook postInstallCheck
}

runPhase() {
  local phase=$1 start=$SECONDS
  case $phase in
    unpackPhase) [[ -z ${dontUnpack-} ]] || return 0 ;;
    patchPhase) [[ -z ${dontPatch-} ]] || return 0 ;;
    configurePhase) [[ -z ${dontConfigure-} ]] || return 0 ;;
    buildPhase) [[ -z ${dontBuild-} ]] || return 0 ;;
    checkPhase) [[ -n ${doCheck-} ]] || return 0 ;;
    installPhase) [[ -z ${dontInstall-} ]] || return 0 ;;
    fixupPhase) [[ -z ${dontFixup-} ]] || return 0 ;;
    installCheckPhase) [[ -n ${doInstallCheck-} ]] || return 0 ;;
  esac
  echo "Running phase: $phase"
  # an attribute of the phase's name wins over the function
  eval "${!phase:-$phase}"
  if ((SECONDS - start >= 60)); then
    echo "$phase completed in $((SECONDS - start)) seconds"
  fi
  if [[ $phase == unpackPhase ]]; then
    cd -- "${sourceRoot:-.}"
  fi
}

genericBuild() {
  local phase
  export GZIP_NO_TIMESTAMPS=1
  if [[ -n ${buildCommandPath-} ]]; then
    # shellcheck source=/dev/null
    source "$buildCommandPath"
  elif [[ -n ${buildCommand-} ]]; then
    eval "$buildCommand"
  else
    for phase in ${phases:-${prePhases-} unpackPhase patchPhase ${preConfigurePhases-} configurePhase \
      ${preBuildPhases-} buildPhase checkPhase ${preInstallPhases-} installPhase ${preFixupPhases-} \
      fixupPhase installCheckPhase ${postPhases-}}; do
      runPhase "$phase"
    done
  fi
}

[[ $originalOptions == *e* ]] || set +e
unset originalOptions
