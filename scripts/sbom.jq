# A CycloneDX 1.5 bill of materials of one program, from what cargo says.
# --slurpfile metadata: cargo metadata. --rawfile tree: cargo tree --prefix depth, normal edges alone, without macros,
# which run while others are compiled and are linked into nothing. --rawfile lock: Cargo.lock.
# --slurpfile built: what cargo said it compiled. --arg: name, sum, target, epoch, rust, llvm, musl.
# Fails where what was compiled for the target is not what the tree has.

def reference: "\(.name)@\(.version)";

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
     licenses: [{expression: "(MIT OR Apache-2.0) AND Unicode-3.0"}]},
    {type: "library", "bom-ref": "libunwind@\($llvm)", name: "libunwind", version: $llvm,
     description: "LLVM's, which comes with Rust's library", licenses: [{expression: "Apache-2.0 WITH LLVM-exception"}]},
    {type: "library", "bom-ref": "musl@\($musl)", name: "musl", version: $musl,
     description: "The C library that comes with Rust's", licenses: [{expression: "MIT"}]}
  ] | sort_by(."bom-ref")) as $components
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
            then .dependsOn += ["musl@\($musl)", "rust-std@\($rust)"] else . end)
        + [{ref: "libunwind@\($llvm)", dependsOn: ["musl@\($musl)"]}, {ref: "musl@\($musl)"},
            {ref: "rust-std@\($rust)", dependsOn: ["libunwind@\($llvm)", "musl@\($musl)"]}])
  }
