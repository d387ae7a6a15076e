//! `install.ps1` of a release, as far as that goes without a PowerShell, which cannot be had here: it was never run. What
//! is shown is that it follows the grammar, by a parser that is not PowerShell's own, and that it has the sums inside.

use std::fs;

use sha2::{Digest, Sha256};
use tree_sitter::{Node, Parser};

use crate::finished::programs;
use crate::sandbox::finish;

/// The script of a release.
fn script() -> String {
    let folder = programs();
    assert!(finish(folder.path(), &[]).output().unwrap().status.success());
    fs::read_to_string(folder.path().join("install.ps1")).unwrap()
}

/// The lines that do not follow the grammar of PowerShell, as far as they can be told.
pub fn mistakes(script: &str) -> Vec<usize> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    let tree = parser.parse(script, None).unwrap();
    let mut lines = Vec::new();
    mistakes_below(tree.root_node(), &mut lines);
    lines
}

fn mistakes_below(node: Node, lines: &mut Vec<usize>) {
    if node.is_error() || node.is_missing() {
        lines.push(node.start_position().row + 1);
    }
    for child in node.children(&mut node.walk()) {
        mistakes_below(child, lines);
    }
}

#[test]
fn it_knows_its_program_and_no_blank_is_left_in_it() {
    let script = script();
    let sum = hex::encode(Sha256::digest("windows"));
    assert!(script.contains(&format!("$size = 7\n$sum = '{sum}'\n")), "{script}");
    assert!(script.contains("{ 'https://releases.example/landfall' }"), "{script}");
    // A blank is a word between two of these; the others are a splat and an empty list.
    let words: Vec<&str> = script.split('@').collect();
    assert!(words[1..words.len() - 1].iter().all(|word| word.contains([' ', '\n'])), "{script}");
}

#[test]
fn it_follows_the_grammar_and_no_half_of_it_does() {
    let script = script();
    assert_eq!(mistakes(&script), [0; 0], "{script}");
    // Half a download, which PowerShell reads to its end before it does anything.
    let call = script.find("\n& $landfall $args 'whole'\n").unwrap();
    for end in (script.find("$landfall = {").unwrap() + 20..call).step_by(97) {
        assert!(!mistakes(&script[..end]).is_empty(), "{}", &script[..end]);
    }
}

#[test]
fn it_takes_tls_1_2_and_nothing_that_powershell_5_1_does_not_know() {
    let script = script();
    assert!(script.contains("[Net.SecurityProtocolType]::Tls12"), "{script}");
    // Of PowerShell 7: chains, coalescing, what parses and is an error at run time in 5.1.
    for newer in [" && ", " || ", "??", "?.", "-Parallel", "SkipHttpErrorCheck", "::new("] {
        assert!(!script.contains(newer), "{newer}");
    }
    assert!(
        script.is_ascii(),
        "PowerShell 5.1 takes a file without a mark for one of the machine's code page"
    );
}
