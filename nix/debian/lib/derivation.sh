# shellcheck shell=bash
# variable NAME DERIVATION: a variable of a derivation, which is a text file.
variable() { sed -n "s/.*(\"$1\",\"\([^\"]*\)\").*/\1/p" "$2"; }
