//! Lists of digests as vendors publish them: `sha256sum`'s lines, BSD's lines, or one sum alone.

use crate::error::{Error, Result};
use crate::recipe::Digest;

/// What a list says of the file that an address names.
///
/// # Errors
/// When it does not name it, or names it with two digests.
pub fn of(list: &str, url: &str) -> Result<Digest> {
    let name = url.rsplit('/').next().unwrap_or(url);
    let mut found: Vec<Digest> =
        list.lines().filter_map(line).filter(|(of, _)| of == name).map(|it| it.1).collect();
    // Longer ones are stronger.
    found.sort_by_key(|digest| std::cmp::Reverse(digest.as_str().len()));
    found.dedup();
    match &found[..] {
        [first, rest @ ..] if rest.iter().all(|it| it.parts().0 != first.parts().0) => Ok(first.clone()),
        [] => Err(Error::failed(format!("the list of digests does not name {name}"))
            .hint("write the image's digest into the recipe, where its vendor names it elsewhere")),
        _ => Err(Error::failed(format!("the list of digests names {name} twice, and not the same"))),
    }
}

/// A name and its digest, where a line holds them.
fn line(line: &str) -> Option<(String, Digest)> {
    let line = line.trim();
    let bsd = ["SHA256 (", "SHA512 ("].iter().find_map(|start| line.strip_prefix(start));
    let (name, sum) = match bsd {
        Some(rest) => rest.split_once(") = ")?,
        None => {
            let (sum, name) = line.split_once(char::is_whitespace)?;
            (name.trim_start().trim_start_matches(['*', '.', '/']), sum)
        }
    };
    let algorithm = match sum.len() {
        64 => "sha256",
        128 => "sha512",
        _ => return None,
    };
    Digest::try_from(format!("{algorithm}:{}", sum.to_lowercase()))
        .ok()
        .map(|digest| (name.to_owned(), digest))
}
