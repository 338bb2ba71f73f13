//! The instructions of a Dockerfile with their lines. This handles directives, comments, continued lines and
//! here-documents.

use crate::cli::error::CliError;

/// A here-document of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heredoc {
    /// The word that ends the document.
    pub(super) word: String,
    /// Whether the word is quoted. Then the text is not expanded.
    pub(super) quoted: bool,
    /// Whether tabs at the beginning of lines are removed (`<<-`).
    pub(super) strip: bool,
    pub(super) body: String,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    /// The first line, counted from 1.
    pub(super) line: usize,
    /// The name in capital letters.
    pub(super) name: String,
    /// Options such as `--from=builder`, in order. Some can be repeated.
    pub(super) flags: Vec<(String, String)>,
    /// The rest of the instruction, on one line.
    pub(super) rest: String,
    pub(super) heredocs: Vec<Heredoc>,
}

/// A Dockerfile.
#[derive(Debug)]
pub(super) struct File {
    pub(super) escape: char,
    pub(super) instructions: Vec<Instruction>,
}

impl Instruction {
    /// The rest as a list, if it has the form of a list.
    pub(super) fn list(&self) -> Option<Vec<String>> {
        if !self.rest.starts_with('[') {
            return None;
        }
        serde_json::from_str(&self.rest).ok()
    }

    /// The last value of an option.
    pub(super) fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The script for a shell: the line, followed by the here-documents.
    pub(super) fn script(&self) -> String {
        let mut out = self.rest.clone();
        for heredoc in &self.heredocs {
            out.push('\n');
            out.push_str(&heredoc.body);
            out.push_str(&heredoc.word);
        }
        out
    }
}

/// The maximum number of instructions. The largest real Dockerfiles have a few hundred.
const MOST_INSTRUCTIONS: usize = 10_000;

/// The maximum number of stages.
const MOST_STAGES: usize = 500;

/// Reads a Dockerfile.
///
/// # Errors
/// If there is no `FROM`, or if there are more instructions or stages than any real Dockerfile has.
pub(super) fn file(name: &str, text: &str) -> Result<File, CliError> {
    let mut escape = '\\';
    let mut instructions: Vec<Instruction> = Vec::new();
    let mut in_head = true;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            match directive(trimmed) {
                Some(("escape", "`")) if in_head => escape = '`',
                Some(_) => {}
                None => in_head = false,
            }
            continue;
        }
        in_head = false;
        let mut joined = Joined::default();
        let mut part = trimmed;
        while let Some(head) = part.trim_end().strip_suffix(escape) {
            joined.push(head);
            // Comments and empty lines may stand between the parts.
            let mut rest = lines.by_ref().map(|(_, next)| next);
            part = rest.find(|next| !next.trim().is_empty() && !next.trim().starts_with('#')).unwrap_or("");
        }
        joined.push(part);
        let mut instruction = split(at + 1, joined.text.trim());
        for heredoc in &mut heredocs(&instruction) {
            for (_, line) in lines.by_ref() {
                let line_end = if heredoc.strip { line.trim_start_matches('\t') } else { line };
                if line_end == heredoc.word {
                    break;
                }
                heredoc.body.push_str(line);
                heredoc.body.push('\n');
            }
            instruction.heredocs.push(heredoc.clone());
        }
        instructions.push(instruction);
    }
    let stages = instructions.iter().filter(|instruction| instruction.name == "FROM").count();
    if instructions.len() > MOST_INSTRUCTIONS || stages > MOST_STAGES {
        let error = CliError::new(format!(
            "{name} has more than {MOST_INSTRUCTIONS} instructions or more than {MOST_STAGES} stages"
        ));
        return Err(error.help("name a Dockerfile that somebody has written; nothing has been written"));
    }
    if stages == 0 {
        return Err(CliError::new(format!("{name} has no `FROM`"))
            .help("name a Dockerfile; nothing has been written"));
    }
    Ok(File { escape, instructions })
}

/// `# name=value`, a directive at the beginning of a Dockerfile.
fn directive(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix('#')?.split_once('=')?;
    let name = name.trim();
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    // The comparison of names should ignore case, but nobody writes `Escape`.
    plain.then_some((name, value.trim()))
}

/// A line that is joined from several lines. Spaces at a joint become one space, except inside of quotes.
#[derive(Default)]
struct Joined {
    text: String,
    quote: Option<char>,
    escaped: bool,
}

impl Joined {
    fn push(&mut self, part: &str) {
        let mut part = part;
        if self.quote.is_none() && !self.text.is_empty() {
            let inner = part.trim_start();
            if inner.len() != part.len() && !self.text.ends_with(char::is_whitespace) {
                self.text.push(' ');
            }
            part = inner;
        }
        for c in part.chars() {
            if self.escaped {
                self.escaped = false;
            } else {
                match (self.quote, c) {
                    (None | Some('"'), '\\') => self.escaped = true,
                    (None, '\'' | '"') => self.quote = Some(c),
                    (Some(open), c) if open == c => self.quote = None,
                    _ => {}
                }
            }
        }
        self.text.push_str(part);
        if self.quote.is_none() && self.text.ends_with(char::is_whitespace) {
            let end = self.text.trim_end().len();
            self.text.truncate(end);
            self.text.push(' ');
        }
    }
}

fn split(line: usize, text: &str) -> Instruction {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut rest = rest.trim_start();
    let mut flags = Vec::new();
    let takes = matches!(
        name.to_ascii_uppercase().as_str(),
        "RUN" | "COPY" | "ADD" | "FROM" | "HEALTHCHECK" | "ONBUILD"
    );
    while let Some(flag) = rest.strip_prefix("--").filter(|_| takes) {
        let (flag, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        flags.push((name.to_owned(), value.trim_matches('"').to_owned()));
        rest = after.trim_start();
    }
    Instruction {
        line,
        name: name.to_ascii_uppercase(),
        flags,
        rest: rest.trim_end().to_owned(),
        heredocs: Vec::new(),
    }
}

/// The here-documents of an instruction, without their text.
fn heredocs(instruction: &Instruction) -> Vec<Heredoc> {
    if !matches!(instruction.name.as_str(), "RUN" | "COPY" | "ADD") || instruction.list().is_some() {
        return Vec::new();
    }
    let words = instruction.rest.split_whitespace().filter_map(|word| {
        let word = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
        let (strip, word) = word.strip_prefix('-').map_or((false, word), |word| (true, word));
        let bare = word.trim_matches(['"', '\'']);
        let plain = bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let begins = bare.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (plain && begins).then(|| Heredoc {
            word: bare.to_owned(),
            quoted: bare.len() != word.len(),
            strip,
            body: String::new(),
        })
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Instruction> {
        file("Dockerfile", text).unwrap().instructions
    }

    #[test]
    fn lines_that_go_on_are_one_instruction_whatever_stands_between() {
        let all = of("FROM a\nRUN x \\\n  # why\n\n    && y  'a \\\n  b' \\\n&& z\nUSER w\n");
        let lines: Vec<_> = all.iter().map(|one| (one.line, one.rest.as_str())).collect();
        assert_eq!(lines, [(1, "a"), (2, "x && y  'a   b' && z"), (8, "w")]);
    }

    #[test]
    fn the_escape_character_may_be_another_one() {
        let all = of("# syntax=x\n# escape=`\nFROM a\nRUN x `\n y\\\nUSER w\n");
        assert_eq!(all.get(1).unwrap().rest, "x y\\");
        // A directive has an effect only at the beginning of the file.
        let all = of("# a comment\n# escape=`\nFROM a\nRUN x \\\ny\n");
        assert_eq!(all.get(1).unwrap().rest, "x y");
    }

    #[test]
    fn options_and_here_documents_are_told_from_the_text() {
        let all = of(
            "from a as b\nrun --mount=type=cache,target=/x --mount=type=ssh cat <<-'E' > f\n\tone $A\n\tE\nCOPY <<A <<B /d/\n1\nA\n2\nB\n",
        );
        let run = all.get(1).unwrap();
        assert_eq!(run.flags.iter().filter(|(name, _)| name == "mount").count(), 2);
        let heredoc = Heredoc { word: "E".into(), quoted: true, strip: true, body: "\tone $A\n".into() };
        assert_eq!(run.heredocs, [heredoc]);
        assert_eq!(run.script(), "cat <<-'E' > f\n\tone $A\nE");
        let copy = all.get(2).unwrap();
        assert_eq!(copy.heredocs.iter().map(|one| one.body.as_str()).collect::<Vec<_>>(), ["1\n", "2\n"]);
        assert!(of("FROM a\nRUN cat <<< word\nUSER a").get(1).unwrap().heredocs.is_empty());
    }

    #[test]
    fn what_has_no_stage_is_no_dockerfile() {
        let error = file("Dockerfile", "RUN x\n").unwrap_err().to_string();
        assert_eq!(error, "Dockerfile has no `FROM`\n  help: name a Dockerfile; nothing has been written");
    }
}
