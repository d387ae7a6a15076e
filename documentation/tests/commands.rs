//! Every command that a page shows is one that its program takes, and says what it needs.

use documentation::pages;
use documentation::programs::{self, MARKS};
use documentation::shell::{Typed, typed};

#[test]
fn every_command_that_is_shown_is_taken_by_its_program_and_marked_by_what_it_needs() {
    let mut wrong = Vec::new();
    let mut shown = 0;
    for page in pages::all() {
        for block in &page.blocks {
            for typed in typed(&block.language, &block.text) {
                shown += typed.calls.len();
                wrong.extend(
                    complaints(&typed)
                        .into_iter()
                        .map(|it| format!("{}: {}\n    {it}", page.path.display(), typed.line)),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(shown > 100, "only {shown} commands were found");
}

fn complaints(typed: &Typed) -> Vec<String> {
    let mut complaints: Vec<String> = Vec::new();
    let mut needed: Vec<&str> = Vec::new();
    for call in &typed.calls {
        match programs::judge(call) {
            Ok(needs) => needed.extend(needs),
            Err(why) => complaints.push(why),
        }
    }
    let has = |mark: &&&str| !typed.needs.iter().any(|it| it == **mark);
    complaints.extend(needed.iter().filter(has).map(|mark| format!("the mark '# needs {mark}' is missing")));
    let unknown = typed.needs.iter().filter(|it| !MARKS.contains(&it.as_str()));
    complaints.extend(unknown.map(|it| format!("'{it}' is no mark: {}", MARKS.join(", "))));
    complaints
}

#[test]
fn every_command_of_landfall_that_is_mentioned_is_there_with_its_flags() {
    let mut wrong = Vec::new();
    for page in pages::all() {
        for span in &page.spans {
            wrong.extend(
                programs::mentioned(span).err().map(|it| format!("{}: `{span}`: {it}", page.path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
