# shellcheck shell=bash
# shellcheck disable=SC2154,SC1091 # the environment is the derivation's
# What every derivation's builder runs.
source "$stdenv/setup"
genericBuild
