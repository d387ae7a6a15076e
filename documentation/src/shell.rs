//! The commands of a block, as far as a shell has to be understood for the commands that pages show.

/// What somebody types.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// The first line of it, to be found by.
    pub line: String,
    /// Each program that it calls, with its words.
    pub calls: Vec<Vec<String>>,
    /// What it needs beside a Linux machine, by its mark: `# needs AWS and Proxmox`.
    pub needs: Vec<String>,
}

/// What a block of this language shows to be typed, without what is answered; nothing of other languages.
#[must_use]
pub fn typed(language: &str, text: &str) -> Vec<Typed> {
    let entries: Vec<String> = match language {
        "console" => console(text),
        "sh" => text.replace("\\\n", " ").lines().map(str::to_owned).collect(),
        "powershell" => text.replace("`\n", " ").lines().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    entries.iter().map(|entry| understood(entry)).filter(|it| !it.calls.is_empty()).collect()
}

/// Behind `$ ` and `# ` begins what is typed, behind `> ` it goes on. What nobody begins is a command that nobody knows.
fn console(text: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ ").or_else(|| line.strip_prefix("# ")), line.strip_prefix("> ")) {
            (Some(begun), _) => entries.push(begun.to_owned()),
            (None, Some(more)) => match entries.last_mut() {
                Some(entry) => *entry += &format!("\n{more}"),
                None => entries.push(line.replacen('>', "continued", 1)),
            },
            (None, None) if entries.is_empty() => entries.push(line.to_owned()),
            _ => {}
        }
    }
    entries
}

fn understood(entry: &str) -> Typed {
    let mut typed = Typed { line: entry.lines().next().unwrap_or_default().to_owned(), ..Typed::default() };
    let mut scan = Scan { rest: entry.replace("\\\n", " ").chars().collect(), at: 0, typed: &mut typed };
    scan.list();
    typed
}

/// Goes through it once, a list of commands within another by calling itself.
struct Scan<'a> {
    rest: Vec<char>,
    at: usize,
    typed: &'a mut Typed,
}

impl Scan<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.get(self.at).copied();
        self.at += 1;
        next
    }

    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    /// Commands up to the end or to the bracket that ends them.
    fn list(&mut self) {
        let mut command = String::new();
        let mut quote = None;
        while let Some(next) = self.next() {
            match (quote, next) {
                (_, '\\') if quote != Some('\'') => {
                    command.push(next);
                    command.extend(self.next());
                }
                (None, '\'' | '"') => {
                    quote = Some(next);
                    command.push(next);
                }
                (Some(mark), _) if next == mark => {
                    quote = None;
                    command.push(next);
                }
                (None | Some('"'), '$') if self.peek() == Some('(') => {
                    self.at += 1;
                    self.list();
                    command += "SUBSTITUTED";
                }
                (None, '(') => self.list(),
                (None, ')') => break,
                (None, '#') if command.is_empty() || command.ends_with(char::is_whitespace) => self.comment(),
                (None, '&') if command.ends_with('>') => command.push(next),
                (None, '|' | ';' | '&' | '\n') => self.call(&std::mem::take(&mut command)),
                _ => command.push(next),
            }
        }
        self.call(&command);
    }

    fn comment(&mut self) {
        let end =
            self.rest[self.at..].iter().position(|it| *it == '\n').map_or(self.rest.len(), |it| self.at + it);
        let comment: String = self.rest[self.at..end].iter().collect();
        self.at = end;
        if let Some(needs) = comment.trim().strip_prefix("needs ") {
            let needs = needs.split(';').next().unwrap_or_default();
            self.typed.needs.extend(needs.split(" and ").map(|it| it.trim().to_owned()));
        }
    }

    /// Without variables in front of it, sudo, redirections, and what is left out.
    fn call(&mut self, command: &str) {
        // What cannot be taken apart stays whole, and is no program that anybody knows.
        let words = shlex::split(command).unwrap_or_else(|| vec![command.to_owned()]);
        let mut words = words.into_iter().peekable();
        let mut call = Vec::new();
        while let Some(word) = words.next() {
            match word.as_str() {
                ">" | ">>" | "<" => drop(words.next()),
                "..." => {}
                "sudo" if call.is_empty() => {}
                _ if word.starts_with(['<', '>']) || word.starts_with("2>") => {}
                _ if call.is_empty() && is_assignment(&word) => {}
                _ => call.push(word),
            }
        }
        if !call.is_empty() {
            self.typed.calls.push(call);
        }
    }
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(language: &str, text: &str) -> Vec<Vec<String>> {
        typed(language, text).into_iter().flat_map(|it| it.calls).collect()
    }

    #[test]
    fn answers_are_not_typed_and_lines_that_go_on_are_one_command() {
        let text = "$ a b \\\n>     c\nerror: d\n# e\n";
        assert_eq!(calls("console", text), [vec!["a", "b", "c"], vec!["e"]]);
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_over() {
        for text in ["$ a 'b\n", "$ a \\\nb\n", "> a\n", "PS> a\n"] {
            let known = ["a", "b"];
            let calls = calls("console", text);
            assert!(calls.iter().any(|call| !known.contains(&call[0].as_str())), "{text}: {calls:?}");
        }
    }

    #[test]
    fn what_a_command_calls_within_itself_is_a_call_too() {
        let text = "$ x=$(one --a | two ' ' 3) && sudo four \"$(five)\" > six\n$ VAR=1 seven 2>&1; (cd eight && nine)\n";
        let wanted = [
            vec!["one", "--a"],
            vec!["two", " ", "3"],
            vec!["five"],
            vec!["four", "SUBSTITUTED"],
            vec!["seven"],
            vec!["cd", "eight"],
            vec!["nine"],
        ];
        assert_eq!(calls("console", text), wanted);
    }

    #[test]
    fn a_mark_says_what_is_needed_and_other_comments_say_nothing() {
        let needs = |text: &str| typed("console", text).remove(0).needs;
        assert_eq!(needs("$ a   # needs AWS and a release; or so\n"), ["AWS", "a release"]);
        assert_eq!(needs("$ a 'b # needs AWS'   # which needs nothing\n"), [] as [&str; 0]);
        assert_eq!(needs("$ a \\\n>    b   # needs vSphere\n"), ["vSphere"]);
    }
}
