# shellcheck shell=bash
# Debian 13's apt sources on standard output, on the mirrors which this machine's
# own apt configuration uses for Debian. No mirror is named here.

debian_keyring() {
  local file
  for file in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
    [[ ! -e $file ]] || { echo "$file" && return; }
  done
  echo "there is no Debian keyring in /usr/share/keyrings: install debian-archive-keyring" >&2
  return 1
}

# "URI SUITE" of every enabled binary source with the component main, which
# Debian's keyring (or none by name) signs. Reads .list and deb822 .sources.
host_sources() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
    [[ -r $file ]] || continue
    case $file in
      *.list)
        awk '$1 == "deb" {
          options = ""
          if ($2 ~ /^\[/) {
            while ($0 ~ /\[/ && match($0, /\[[^]]*\]/)) {
              options = substr($0, RSTART, RLENGTH)
              sub(/\[[^]]*\]/, "")
            }
          }
          if (options ~ /signed-by/ && options !~ /debian-archive/) next
          main = 0
          for (i = 4; i <= NF; i++) if ($i == "main") main = 1
          if (main) print $2, $3
        }' "$file"
        ;;
      *)
        awk '
          function stanza(   u, s, i, j, n, m) {
            if (field["types"] ~ /(^| )deb( |$)/ && field["enabled"] !~ /^ *(no|false|0)/ &&
                (" " field["components"] " ") ~ / main / &&
                (field["signed-by"] == "" || field["signed-by"] ~ /debian-archive/)) {
              n = split(field["uris"], u, " ")
              m = split(field["suites"], s, " ")
              for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) print u[i], s[j]
            }
            split("", field)
          }
          /^#/ { next }
          /^[ \t]*$/ { stanza(); next }
          /^[ \t]/ { field[name] = field[name] " " $0; next }
          { name = tolower($1); sub(/:.*/, "", name); sub(/^[^:]*:[ \t]*/, ""); field[name] = $0 }
          END { stanza() }' "$file"
        ;;
    esac
  done
}

trixie_sources() {
  local keyring uri suite archive='' security='' codename=''
  keyring=$(debian_keyring) || return
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  if [[ -n ${HTTP_TRACE_DEBIAN_MIRROR-} ]]; then
    archive=$HTTP_TRACE_DEBIAN_MIRROR security=${HTTP_TRACE_DEBIAN_SECURITY_MIRROR-}
  else
    while read -r uri suite; do
      case $uri in cdrom:*) continue ;; esac
      case $suite in
        *-security | */updates) : "${security:=$uri}" ;;
        "$codename" | bookworm | trixie | forky | sid | unstable | testing | stable | oldstable)
          : "${archive:=$uri}"
          ;;
      esac
    done < <(host_sources)
  fi
  if [[ -z $archive ]]; then
    echo "no Debian mirror found in /etc/apt/sources.list and sources.list.d;" \
      "set HTTP_TRACE_DEBIAN_MIRROR to the URI of one that has trixie" >&2
    return 1
  fi
  echo "deb [signed-by=$keyring] $archive trixie main"
  echo "deb [signed-by=$keyring] $archive trixie-updates main"
  [[ -z $security ]] || echo "deb [signed-by=$keyring] $security trixie-security main"
}
