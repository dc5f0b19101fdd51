# Where the code comes from: what cargo-deny lets in, known vulnerabilities, the wasm's bill of materials.
{
  pkgs,
  audit,
  e2e,
  filter,
  rust,
  sources,
}:
let
  bom = "${filter}/lib/http-trace-filter.cdx.json";
  # A check that asks cargo of the workspace leaves an empty file.
  cargoCheck =
    name: tools: command:
    rust.mkCargo {
      inherit name;
      src = sources.deny;
      nativeBuildInputs = tools;
      buildPhase = command;
      installPhase = "touch $out";
    };
in
{
  deny = cargoCheck "deny" [ pkgs.cargo-deny ] ''
    deny() { cargo-deny --offline --locked --workspace "$@" check --hide-inclusion-graph bans licenses sources; }
    deny
    # The rules are read: without Zlib, which the wasm has crates of, they refuse.
    sed 's/, "Zlib"//' .deny.toml > narrower.toml
    if deny --config "$PWD/narrower.toml" > refusal 2>&1 || ! grep -q 'licenses FAILED' refusal; then
      cat refusal
      echo "a licence that is not on the list passes, or something else is refused"
      exit 1
    fi
  '';

  # By advisories of its own: RustSec's are no input of a build. nix run .#audit has them.
  audit = pkgs.runCommand "audit" { nativeBuildInputs = [ pkgs.git ]; } ''
    export HOME=$NIX_BUILD_TOP GIT_CONFIG_COUNT=2
    export GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=check GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=check@localhost
    git init --quiet advisories
    advisory() {
      mkdir -p "advisories/crates/$1"
      printf '%s\n' '```toml' '[advisory]' "id = \"RUSTSEC-2020-$2\"" "package = \"$1\"" 'date = "2020-01-01"' \
        '[versions]' "patched = [\"$3\"]" '```' "" '# A made-up fault' "" 'In a check.' > "advisories/crates/$1/RUSTSEC-2020-$2.md"
      git -C advisories add .
      git -C advisories commit --quiet --message "$1"
    }
    advisory serde_json 0001 '>= 1.0.0'
    ${audit}/bin/http-trace-audit --db advisories
    advisory proxy-wasm 0002 '>= 99.0.0'
    if ${audit}/bin/http-trace-audit --db advisories > log 2>&1; then
      cat log
      echo "a known vulnerability passes"
      exit 1
    fi
    [ "$(grep -o 'RUSTSEC-2020-[0-9]*' log | sort -u)" = RUSTSEC-2020-0002 ] || { cat log; exit 1; }
    grep '^error\[vulnerability\]' log
    touch $out
  '';

  # Valid, and of just the crates that cargo itself resolves for the wasm: it was made of what cargo compiled.
  sbom = cargoCheck "sbom" [ pkgs.jq ] ''
    tree() {
      cargo tree --frozen --package http-trace-filter \
        --target wasm32-unknown-unknown --prefix none --format '{p}' "$@" | cut -d ' ' -f 1,2 | sed 's/ v/ /' |
        grep -v '^http-trace-filter ' | LC_ALL=C sort -u
    }
    listed() { jq --raw-output ".components[] | select($1) | \"\(.name) \(.version)\"" ${bom} | LC_ALL=C sort; }
    tree --edges normal > all
    tree --edges normal,no-proc-macro > inside
    [ -s inside ] || { echo "cargo tree lists nothing"; exit 1; }
    diff --unified all <(listed true) || { echo "it lists other crates (+) than cargo tree (-)"; exit 1; }
    diff --unified inside <(listed '.scope == "required"') || { echo "other crates (+) than cargo's (-) are required"; exit 1; }
    echo "$(wc -l < inside) crates in the wasm, $(wc -l < all) with those that only build it"
    export HTTP_TRACE_FILTER_WASM=${filter}/lib/http-trace-filter.wasm
    ${e2e.tests.sbom}/bin/http-trace-sbom-tests
  '';
}
