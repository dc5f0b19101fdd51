# shellcheck shell=bash
# `export_go_settings`: how the machine's own Go fetches modules, as variables. `go env -w` writes a file that is seen in the
# root as well, but the file beside the compiler is not.

readonly go_settings=(GOPROXY GONOPROXY GOSUMDB GONOSUMDB GOPRIVATE GOINSECURE GOVCS GOAUTH)

export_go_settings() {
  local values index
  command -v go >/dev/null || return 0
  # in a directory without a go.mod, which may ask for another Go
  mapfile -t values < <(cd / && GOTOOLCHAIN=local go env "${go_settings[@]}" 2>/dev/null)
  for index in "${!values[@]}"; do
    [[ -z ${values[index]} ]] || export "${go_settings[index]}=${values[index]}"
  done
}
