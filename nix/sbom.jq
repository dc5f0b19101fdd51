# The bill of materials of the wasm, as CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/). Input: the messages of
# `cargo build`, one a line, which tell what was really compiled, and for which target. $metadata: `cargo metadata`,
# for licences (its graph is of the features of the whole workspace). $tree: `cargo tree --prefix depth`. $lock:
# Cargo.lock. $sha256: the wasm's. $tools: name to version. No date and no random number: same wasm, same bytes.

def purl: "pkg:cargo/\(.name)@\(.version)";

# Cargo's old "/" is SPDX's OR.
def licenses:
  (.license // error("\(.name) \(.version) has no licence that cargo knows") | gsub(" */ *"; " OR ")) as $expression
  | [if $expression | test("[ (]") then {expression: $expression} else {license: {id: $expression}} end];

($metadata[0]) as $metadata
| ($lock.package | map({key: "\(.name) \(.version)", value: .checksum}) | from_entries) as $checksums
| ($metadata.packages | map({key: .id, value: .}) | from_entries) as $packages
| [inputs | select(.reason == "compiler-artifact")] as $artifacts
| ($artifacts | map(select(.target.name == "http_trace_filter").package_id) | first) as $root
# A crate that was compiled for the build's own machine only runs there: a derive, and what it is made of.
| ($artifacts | map(select(any(.filenames[]; contains("/wasm32-unknown-unknown/"))).package_id) | unique) as $inside
| ($artifacts | map(.package_id) | unique - [$root]) as $crates
| ($packages[$root] | "\(.name)@\(.version)") as $itself
# The graph as lines of depth and crate, each below what depends on it; the first is the filter.
| [$tree | split("\n")[] | select(. != "") | capture("^(?<depth>[0-9]+)(?<name>[^ ]+) v(?<version>[^ ]+)")]
| map({depth: (.depth | tonumber), reference: (if .depth == "0" then $itself else purl end)})
| reduce .[] as $line ({path: [], of: {}};
    .path = .path[:$line.depth] + [$line.reference]
    | .path[-2] as $above
    | .of[$line.reference] += []
    | if $above then .of[$above] += [$line.reference] else . end)
| .of as $depend_on
| {
  "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
  bomFormat: "CycloneDX",
  specVersion: "1.5",
  version: 1,
  metadata: {
    tools: {components: ($tools | to_entries | map({type: "application", name: .key, version: .value}))},
    component: ($packages[$root] | {
      type: "library",
      "bom-ref": $itself,
      name,
      version,
      description,
      hashes: [{alg: "SHA-256", content: $sha256}],
      licenses: licenses
    })
  },
  components: ($crates | map(. as $id | $packages[.] | {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    scope: (if $id | IN($inside[]) then "required" else "excluded" end),
    hashes: [{alg: "SHA-256", content: ($checksums["\(.name) \(.version)"] // error("Cargo.lock has no \(.name)"))}],
    licenses: licenses,
    purl: purl
  }) | sort_by(.purl)),
  dependencies: ($depend_on | to_entries | map({ref: .key, dependsOn: (.value | unique)}) | sort_by(.ref))
}
