//! Pages: every Markdown file of this repository, with its blocks, its links, and what can be linked to in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page.
#[derive(Debug, Default)]
pub struct Page {
    /// From the root of the repository.
    pub path: PathBuf,
    /// What stands between fences.
    pub blocks: Vec<Block>,
    /// What stands between backticks in a line.
    pub spans: Vec<String>,
    /// Where its links and pictures lead.
    pub links: Vec<String>,
    /// The names of its headings and marks, as links name them.
    pub anchors: BTreeSet<String>,
}

/// What stands between fences.
#[derive(Debug)]
pub struct Block {
    /// The word behind the fence.
    pub language: String,
    /// All of it.
    pub text: String,
}

/// The root of this repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every page.
///
/// # Panics
/// When one cannot be read.
#[must_use]
pub fn all() -> Vec<Page> {
    let mut paths = Vec::new();
    gather(&root(), &mut paths);
    paths.sort();
    paths.iter().map(|path| read(path.strip_prefix(root()).unwrap_or(path))).collect()
}

fn gather(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            gather(&path, paths);
        } else if name.ends_with(".md") {
            paths.push(path);
        }
    }
}

fn read(path: &Path) -> Page {
    let text = fs::read_to_string(root().join(path)).expect("a page");
    Page { path: path.to_owned(), ..parse(&text) }
}

fn parse(text: &str) -> Page {
    let mut page = Page::default();
    let mut heading: Option<String> = None;
    let mut block: Option<Block> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => page.name(&slug(&heading.take().unwrap_or_default())),
            Event::Start(Tag::CodeBlock(kind)) => {
                let CodeBlockKind::Fenced(language) = kind else { continue };
                block = Some(Block { language: language.to_string(), text: String::new() });
            }
            Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(dest_url.to_string());
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                page.anchors.extend(
                    html.split("id=\"").skip(1).filter_map(|it| it.split('"').next()).map(str::to_owned),
                );
            }
            Event::Text(text) => match (&mut block, &mut heading) {
                (Some(block), _) => block.text += &text,
                (None, Some(heading)) => *heading += &text,
                (None, None) => {}
            },
            Event::Code(code) => match &mut heading {
                Some(heading) => *heading += &code,
                None => page.spans.push(code.to_string()),
            },
            _ => {}
        }
    }
    page
}

impl Page {
    /// A second heading of one name is told apart by a number.
    fn name(&mut self, slug: &str) {
        let taken = (1..).map(|number| format!("{slug}-{number}"));
        let name = std::iter::once(slug.to_owned()).chain(taken).find(|it| !self.anchors.contains(it));
        self.anchors.extend(name);
    }
}

/// A heading as GitHub and its like make a link of it.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|it| it.is_alphanumeric() || matches!(it, '-' | '_')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_named_as_links_name_them() {
        let page = parse(
            "# What `check` finds\n\n## install.sh\n\n## 6. How it stands\n\n## install.sh\n<a id=\"x\"></a>\n",
        );
        let names = ["6-how-it-stands", "installsh", "installsh-1", "what-check-finds", "x"];
        assert_eq!(page.anchors.iter().map(String::as_str).collect::<Vec<_>>(), names);
    }

    #[test]
    fn links_in_tables_pictures_and_blocks_are_found() {
        let page =
            parse("| [a](b.md#c) |\n|---|\n| `landfall up` |\n\n![d](e.svg)\n\n```console\n$ true\n```\n");
        assert_eq!(page.links, ["b.md#c", "e.svg"]);
        assert_eq!(page.spans, ["landfall up"]);
        assert_eq!((page.blocks[0].language.as_str(), page.blocks[0].text.as_str()), ("console", "$ true\n"));
    }
}
