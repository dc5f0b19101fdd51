# shellcheck shell=bash
# Nix's arguments, as far as the wrapper must know them: `read_arguments "$@"` sets
#   arguments    what Nix gets
#   command      its subcommand, such as "build" or "flake check"
#   flake        the directory of the flake in use, if it is a local one
#   link         the absolute path of the out-link asked for, if the command makes one
#   prints_paths whether store paths are printed on standard output
#   stand_in_at  where in the arguments the stand-in is to be named, if it is

readonly takes_overrides=" build bundle derivation develop edit eval fmt log path-info print-dev-env repl run search shell why-depends flake-archive flake-check flake-metadata flake-info flake-show "
readonly builds=" build bundle develop print-dev-env run shell flake-check "

read_arguments() {
  local word='' index=0 own_nixpkgs=''
  arguments=() command='' flake='' link='' prints_paths='' stand_in_at=''
  # Nix's own options may come before the command
  while (($#)); do
    word=$1
    shift
    arguments+=("$word")
    case $word in
      --option)
        arguments+=("${@:1:2}")
        shift $(($# < 2 ? $# : 2))
        ;;
      -*) ;;
      *)
        command=$word
        break
        ;;
    esac
  done
  case $command in
    flake | store | derivation | profile | registry | hash | key | nar | config)
      if (($#)) && [[ $1 != -* ]]; then
        [[ $command != flake ]] || command+=" $1"
        arguments+=("$1")
        shift
      fi
      ;;
  esac

  # what stands before "--" or after -c/--command is the program's business
  local own=() wants_link='' out_link=result
  [[ $command != build ]] || wants_link=1
  while ((index < $#)); do
    index=$((index + 1))
    word=${!index}
    case $word in
      --) break ;;
      -c | --command) [[ $command != develop && $command != shell ]] || break ;;
      --no-link | --dry-run) wants_link='' ;;
      --print-out-paths) prints_paths=1 ;;
      -o | --out-link | -[A-Za-z]*o)
        if [[ $command == build ]]; then
          # Nix takes -Lo for -L -o
          [[ $word == -o || $word == --* ]] || own+=("${word%o}")
          index=$((index + 1))
          out_link=${!index-}
          continue
        fi
        ;;
      --override-input)
        index=$((index + 2))
        [[ ${*:index - 1:1} != nixpkgs ]] || own_nixpkgs=1
        own+=("$word" "${@:index - 1:2}")
        continue
        ;;
      -*) ;;
      *) find_flake "$word" ;;
    esac
    own+=("$word")
  done
  [[ $word != -- && $word != -c && $word != --command ]] || index=$((index - 1))
  [[ $command != path-info ]] || prints_paths=1

  if [[ $takes_overrides == *" ${command/ /-} "* ]]; then
    [[ -n $own_nixpkgs ]] || stand_in_at=${#arguments[@]}
    [[ -n $flake ]] || find_flake .
  fi
  arguments+=("${own[@]}" "${@:index + 1}")
  if [[ -n $wants_link ]]; then
    [[ $out_link == /* ]] || out_link=$PWD/$out_link
    link=$out_link
  fi
}

# A flake reference such as `.#demo`, `path:/dir?x=y` or `/dir`: the directory of its
# flake.nix, found as Nix does, upwards.
find_flake() {
  local dir=$1
  [[ -z $flake ]] || return 0
  dir=${dir%%#*}
  dir=${dir%%\?*}
  dir=${dir#path:}
  dir=${dir#git+file:}
  dir=${dir#//}
  [[ -d ${dir:-.} ]] || return 0
  dir=$(cd "${dir:-.}" && pwd)
  while [[ ! -e $dir/flake.nix ]]; do
    [[ $dir != / && -n $dir ]] || return 0
    dir=$(dirname "$dir")
  done
  flake=$dir
}
