# A CycloneDX 1.5 bill of materials of one program, from what cargo says.
# --slurpfile metadata: cargo metadata. --rawfile tree: cargo tree --prefix depth, normal edges alone, without macros,
# which run while others are compiled and are linked into nothing. --rawfile lock: Cargo.lock.
# --slurpfile built: what cargo said it compiled. --arg: name, sum, target, epoch, rust, unwinder, c_library.
# Fails where what was compiled for the target is not what the tree has.

def reference: "\(.name)@\(.version)";

# What a program has that no package of Rust's brought: first what finds its way through a stack, then the C library.
def below: if $target | endswith("-windows-gnu") then [
    {name: "libgcc", version: $unwinder, description: "GCC's",
     licence: "GPL-3.0-or-later WITH GCC-exception-3.1"},
    {name: "mingw-w64", version: $c_library, description: "What a program for Windows starts with, and the C library of it",
     licence: "ZPL-2.1"}
  ] else [
    {name: "libunwind", version: $unwinder, description: "LLVM's, which comes with Rust's library",
     licence: "Apache-2.0 WITH LLVM-exception"},
    {name: "musl", version: $c_library, description: "The C library that comes with Rust's", licence: "MIT"}
  ] end;

($lock | split("[[package]]")[1:] | map(
    capture("name = \"(?<name>[^\"]+)\"\nversion = \"(?<version>[^\"]+)\"") as $package
    | {($package | reference): (capture("checksum = \"(?<sum>[^\"]+)\"").sum // null)}
) | add) as $sums

| ($tree | split("\n") | map(capture("^(?<depth>[0-9]+)(?<name>[^ ]+) v(?<version>[^ ]+)"))) as $lines
| (reduce $lines[] as $line ({above: [], edges: {}};
    ($line.depth | tonumber) as $depth | ($line | reference) as $here
    | .edges[$here] += []
    | if $depth > 0 then .edges[.above[$depth - 1]] += [$here] else . end
    | .above[$depth] = $here
  ) | .edges | map_values(unique)) as $edges

| [$built[] | select(.reason == "compiler-artifact" and (.target.kind | index("proc-macro") | not))
    | select(.filenames | any(contains("/\($target)/"))) | .manifest_path] as $compiled
| [$metadata[0].packages[] | select($edges[reference])] as $linked
| ([$metadata[0].packages[] | select(.manifest_path as $path | $compiled | index($path)) | reference] | unique) as $known
| if $known != ($edges | keys) then
    error("cargo compiled \($known - ($edges | keys)) besides what is listed, and not \(($edges | keys) - $known)")
  else . end

| def component: {
    type: "library", "bom-ref": reference, name, version,
    description: (.description // "" | gsub("\\s+"; " ") | sub("^ "; "") | sub(" $"; "")),
    licenses: [{expression: (.license | gsub(" ?/ ?"; " OR "))}],
    hashes: [$sums[reference] // empty | {alg: "SHA-256", content: .}],
    purl: (if .source then "pkg:cargo/\(reference)" else null end)
  } | with_entries(select(.value != null and .value != [] and .value != ""));

($linked | map(select(.name == "landfall"))[0]) as $landfall
| ([$linked[] | select(.name != "landfall") | component] + [
    {type: "library", "bom-ref": "rust-std@\($rust)", name: "rust-std", version: $rust,
     description: "Rust's standard library, and the crates that it is made of",
     licenses: [{expression: "(MIT OR Apache-2.0) AND Unicode-3.0"}]}
  ] + [below[] | {type: "library", "bom-ref": reference, name, version, description, licenses: [{expression: .licence}]}]
  | sort_by(."bom-ref")) as $components
| (below | map(reference)) as [$unwinder, $c_library]
| {
    bomFormat: "CycloneDX", specVersion: "1.5", version: 1,
    serialNumber: ($sum | "urn:uuid:\(.[0:8])-\(.[8:12])-8\(.[13:16])-8\(.[17:20])-\(.[20:32])"),
    metadata: {
        timestamp: ($epoch | tonumber | todate),
        component: ($landfall | component + {type: "application", hashes: [{alg: "SHA-256", content: $sum}]}),
        properties: [{name: "landfall:file", value: $name}, {name: "landfall:target", value: $target}]
    },
    components: $components,
    dependencies: ([$edges | to_entries[] | {ref: .key, dependsOn: .value}] | sort_by(.ref)
        | map(if .ref == ($landfall | reference)
            then .dependsOn += [$c_library, "rust-std@\($rust)"] else . end)
        + [{ref: $unwinder, dependsOn: [$c_library]}, {ref: $c_library},
            {ref: "rust-std@\($rust)", dependsOn: [$unwinder, $c_library]}])
  }
