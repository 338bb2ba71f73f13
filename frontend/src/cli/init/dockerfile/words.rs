//! Shell lines that are fully understood: a sequence of plain commands with literal words. A line of any
//! other form is copied unchanged.

/// A plain command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plain {
    /// `NAME=value` before the command.
    pub(super) variables: Vec<(String, String)>,
    pub(super) words: Vec<String>,
    /// Whether a word is a pattern for file names.
    pub(super) has_pattern: bool,
    /// The file for the output.
    pub(super) output: Option<String>,
    /// The original text.
    pub(super) text: String,
}

/// Words that change the state of the shell, or decide which command runs next.
const STATE: [&str; 44] = [
    "!", ".", ":", "[", "[[", "alias", "break", "case", "cd", "command", "continue", "declare", "do", "done",
    "elif", "else", "esac", "eval", "exec", "exit", "export", "fi", "for", "function", "if", "local", "popd",
    "pushd", "read", "return", "set", "shift", "shopt", "source", "test", "then", "time", "trap", "ulimit",
    "umask", "unset", "until", "wait", "while",
];

/// The commands of a line, all of which must succeed. `None` if the line has any other form.
///
/// `look` returns the value of a variable that no build can change.
pub(super) fn commands(line: &str, look: &dyn Fn(&str) -> Option<String>) -> Option<Vec<Plain>> {
    let mut reader = Reader { rest: line, look, spent: 0 };
    let mut all: Vec<Plain> = Vec::new();
    let mut stops = false;
    let mut may_end = false;
    loop {
        let (command, end) = reader.command()?;
        let is_empty = command.words.is_empty() && command.variables.is_empty();
        match end {
            _ if is_empty && !(may_end && matches!(end, End::Line | End::Text)) => return None,
            _ if is_empty => {}
            _ if is_set(&command) => stops |= command.words.iter().any(|word| word.starts_with("-e")),
            _ => {
                let first = command.words.first()?;
                if STATE.contains(&first.as_str()) || command.text.starts_with('{') {
                    return None;
                }
                all.push(command);
            }
        }
        match end {
            End::Text => break,
            End::And => may_end = false,
            // The next command would run even after a failure, unless the shell stops at the first failure.
            End::Line | End::Semicolon if stops || is_empty => may_end = true,
            End::Line | End::Semicolon if reader.rest.trim().is_empty() => break,
            End::Line | End::Semicolon => return None,
        }
    }
    (!all.is_empty()).then_some(all)
}

/// `set -eux`, `set -o pipefail`: the shell stops at the first failure. `&&` has the same effect.
fn is_set(command: &Plain) -> bool {
    let known = |word: &String| {
        matches!(word.as_str(), "-o" | "pipefail" | "errexit" | "nounset" | "xtrace")
            || word.strip_prefix('-').is_some_and(|flags| flags.chars().all(|c| "euxo".contains(c)))
    };
    match command.words.split_first() {
        Some((first, rest)) => first == "set" && rest.iter().all(known),
        None => false,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    And,
    Semicolon,
    Line,
    Text,
}

struct Reader<'l> {
    rest: &'l str,
    look: &'l dyn Fn(&str) -> Option<String>,
    /// The length of the variable values that were inserted so far.
    spent: usize,
}

/// The maximum length that variables may add to a line.
const LONGEST: usize = 1 << 14;

/// A word during parsing.
#[derive(Default)]
struct Word {
    text: String,
    /// Whether there is a word. It may be empty: `''`.
    there: bool,
    /// Whether the word has quotes or an escape. Then it is neither a keyword nor an assignment.
    quoted: bool,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        Some(c)
    }

    fn takes(&mut self, text: &str) -> bool {
        self.rest.strip_prefix(text).map(|rest| self.rest = rest).is_some()
    }

    /// A command, and the token that ends it.
    fn command(&mut self) -> Option<(Plain, End)> {
        let start = self.rest;
        let mut command = Plain::default();
        let mut word = Word::default();
        let mut to_file = false;
        let mut left;
        let end = loop {
            left = self.rest.len();
            let Some(c) = self.next() else { break End::Text };
            match c {
                ' ' | '\t' | '\r' => Self::finish(&mut command, &mut word, &mut to_file)?,
                '\n' => break End::Line,
                ';' if !self.rest.starts_with(';') => break End::Semicolon,
                '&' if self.takes("&") => break End::And,
                '\'' => {
                    let (inside, rest) = self.rest.split_once('\'')?;
                    word.text.push_str(inside);
                    (word.there, word.quoted) = (true, true);
                    self.rest = rest;
                }
                '"' => self.quotation(&mut word)?,
                '\\' => {
                    let c = self.next()?;
                    if c != '\n' {
                        word.text.push(c);
                        (word.there, word.quoted) = (true, true);
                    }
                }
                '$' => {
                    let value = self.variable()?;
                    for (at, part) in value.split_whitespace().enumerate() {
                        if at > 0 || value.starts_with(char::is_whitespace) {
                            Self::finish(&mut command, &mut word, &mut to_file)?;
                        }
                        if part.contains(['*', '?', '[', '\\']) {
                            return None;
                        }
                        word.text.push_str(part);
                        word.there = true;
                    }
                    if value.ends_with(char::is_whitespace) {
                        Self::finish(&mut command, &mut word, &mut to_file)?;
                    }
                }
                '>' if !word.there && !to_file && !self.rest.starts_with(['>', '&', '|']) => to_file = true,
                '*' | '?' => {
                    command.has_pattern = true;
                    word.text.push(c);
                    word.there = true;
                }
                // After a name, as in `package[extra]`, brackets are a pattern only if a file with such a
                // name exists.
                '[' | ']' if word.there => word.text.push(c),
                '[' => {
                    word.text.push(c);
                    word.there = true;
                }
                '`' | '(' | ')' | '<' | '>' | '|' | '&' | ';' | '{' | '}' | '~' => return None,
                '#' if !word.there => return None,
                c => {
                    word.text.push(c);
                    word.there = true;
                }
            }
        };
        Self::finish(&mut command, &mut word, &mut to_file)?;
        if to_file {
            return None;
        }
        let text = start.get(..start.len() - left).unwrap_or_default();
        text.trim().clone_into(&mut command.text);
        Some((command, end))
    }

    fn finish(command: &mut Plain, word: &mut Word, to_file: &mut bool) -> Option<()> {
        let Word { text, there, quoted } = std::mem::take(word);
        if !there {
            return Some(());
        }
        if *to_file {
            *to_file = false;
            return command.output.replace(text).is_none().then_some(());
        }
        if command.words.is_empty()
            && let Some((name, value)) = text.split_once('=')
        {
            let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if letters && name.starts_with(|c: char| !c.is_ascii_digit()) && !name.is_empty() {
                command.variables.push((name.to_owned(), value.to_owned()));
                return Some(());
            }
        }
        // A quoted program name is not a keyword, and nobody writes one.
        if command.words.is_empty() && quoted {
            return None;
        }
        command.words.push(text);
        Some(())
    }

    fn quotation(&mut self, word: &mut Word) -> Option<()> {
        (word.there, word.quoted) = (true, true);
        loop {
            match self.next()? {
                '"' => return Some(()),
                '`' => return None,
                '$' => {
                    let value = self.variable()?;
                    word.text.push_str(&value);
                }
                '\\' => match self.next()? {
                    '\n' => {}
                    c if matches!(c, '"' | '\\' | '$' | '`') => word.text.push(c),
                    c => {
                        word.text.push('\\');
                        word.text.push(c);
                    }
                },
                c => word.text.push(c),
            }
        }
    }

    /// The value of the next variable.
    fn variable(&mut self) -> Option<String> {
        let braced = self.takes("{");
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        if name.is_empty() || (braced && !self.takes("}")) {
            return None;
        }
        let value = (self.look)(name)?;
        self.spent += value.len();
        (self.spent <= LONGEST).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Vec<Vec<String>>> {
        let look = |name: &str| (name == "LIST").then(|| "a  b".to_owned());
        let all = commands(line, &look)?;
        Some(all.into_iter().map(|command| command.words).collect())
    }

    fn words(lines: &[&[&str]]) -> Vec<Vec<String>> {
        lines.iter().map(|line| line.iter().map(|word| (*word).to_owned()).collect()).collect()
    }

    /// The words are those that `dash` passes to the programs (`printf '[%s]' …`).
    #[test]
    fn plain_commands_are_told_apart() {
        assert_eq!(
            of("a b && c 'd && e' \"f\\\" g\"").unwrap(),
            words(&[&["a", "b"], &["c", "d && e", "f\" g"]])
        );
        assert_eq!(of("set -eux; a; b c;").unwrap(), words(&[&["a"], &["b", "c"]]));
        assert_eq!(of("set -e\na\nb\n").unwrap(), words(&[&["a"], &["b"]]));
        assert_eq!(of("i $LIST c").unwrap(), words(&[&["i", "a", "b", "c"]]));
        assert_eq!(of("i x$LIST \"$LIST\"").unwrap(), words(&[&["i", "xa", "b", "a  b"]]));
        assert_eq!(
            of("p install 'a[b]' c[d] e=='1'").unwrap(),
            words(&[&["p", "install", "a[b]", "c[d]", "e==1"]])
        );
        let look = |_: &str| None;
        let one = commands("A=1 B='x y' ./run z > out", &look).unwrap().remove(0);
        assert_eq!(one.variables, [("A".into(), "1".into()), ("B".into(), "x y".into())]);
        assert_eq!((one.output.as_deref(), one.text.as_str()), (Some("out"), "A=1 B='x y' ./run z > out"));
    }

    #[test]
    fn whatever_has_a_state_or_a_condition_is_left_alone() {
        let cases = [
            "a; b",
            "cd x && y",
            "A=1 && use $A",
            "if [ a ]; then b; fi",
            "for x in a b; do c; done",
            "case x in a) b;; esac",
            "[ ! -d x ] && mkdir x",
            "a || b",
            "a | b",
            "a $(b)",
            "a `b`",
            "a > b > c",
            "a >> b",
            "a < b",
            "export A=1",
            ". venv/bin/activate && pip install x",
            "(a && b)",
            "{ a; }",
            "a &",
            "a $UNKNOWN",
            "a && # comment",
            "a 'open",
            "a && && b",
            "",
        ];
        for line in cases {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
