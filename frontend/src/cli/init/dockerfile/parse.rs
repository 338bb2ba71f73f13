//! The instructions of a Dockerfile: comments, continued lines, heredocs and args dealt with.

use std::collections::BTreeMap;

use crate::cli::error::CliError;

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Its first line, from 1.
    pub(super) line: usize,
    /// In capitals.
    pub(super) name: String,
    /// Options, as `--from=builder`, by name.
    pub(super) flags: BTreeMap<String, String>,
    /// What follows, on one line.
    pub(super) rest: String,
    /// The text of its heredocs.
    pub(super) heredoc: Option<String>,
}

const KNOWN: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

impl Instruction {
    /// What follows as a list, where it is written as one.
    pub(super) fn list(&self) -> Option<Vec<String>> {
        serde_json::from_str(&self.rest).ok()
    }

    /// What follows, in words without quotation marks.
    pub(super) fn words(&self) -> Vec<String> {
        self.list().unwrap_or_else(|| shlex::split(&self.rest).unwrap_or_else(|| vec![self.rest.clone()]))
    }

    /// `NAME=value` pairs, or the old form `NAME value`.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let words = self.words();
        if words.first().is_some_and(|word| word.contains('=')) {
            let pair =
                |word: &String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            return words.iter().filter_map(pair).collect();
        }
        let old = self.rest.split_once(char::is_whitespace);
        old.map(|(name, value)| (name.to_owned(), value.trim().trim_matches('"').to_owned()))
            .into_iter()
            .collect()
    }
}

/// The most instructions of a Dockerfile. The largest ones that people write have a few hundred.
const MOST_INSTRUCTIONS: usize = 10_000;

/// The same for stages.
const MOST_STAGES: usize = 500;

/// Reads a Dockerfile.
pub(super) fn instructions(file: &str, text: &str) -> Result<Vec<Instruction>, CliError> {
    let mut escape = '\\';
    let mut instructions = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        if let Some(comment) = trimmed.strip_prefix('#') {
            let directive = comment.trim().to_ascii_lowercase().replace(' ', "");
            if instructions.is_empty() && directive == "escape=`" {
                escape = '`';
            }
            continue;
        }
        let mut whole = String::new();
        let mut part = trimmed.to_owned();
        while let Some(head) = part.strip_suffix(escape) {
            whole.push_str(head.trim_end());
            whole.push(' ');
            // Comments and empty lines may stand in between.
            part = String::new();
            for (_, next) in lines.by_ref() {
                let next = next.trim();
                if !next.is_empty() && !next.starts_with('#') {
                    next.clone_into(&mut part);
                    break;
                }
            }
        }
        whole.push_str(&part);
        let mut instruction = split(at + 1, whole.trim());
        if !KNOWN.contains(&instruction.name.as_str()) {
            let error = CliError::new(format!(
                "{file}:{}: `{}` is no instruction of a Dockerfile",
                at + 1,
                instruction.name
            ));
            return Err(error.help("name a Dockerfile; nothing has been written"));
        }
        let ends = heredocs(&instruction);
        let mut body = String::new();
        for end in &ends {
            let mut closed = false;
            for (_, line) in lines.by_ref() {
                if line.trim_start_matches('\t') == end {
                    closed = true;
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            if !closed {
                let error = CliError::new(format!("{file}:{}: the heredoc `{end}` has no end", at + 1));
                return Err(error.help("close it; nothing has been written"));
            }
        }
        instruction.heredoc = (!ends.is_empty()).then_some(body);
        instructions.push(instruction);
    }
    let stages = instructions.iter().filter(|instruction| instruction.name == "FROM").count();
    if instructions.len() > MOST_INSTRUCTIONS || stages > MOST_STAGES {
        let error = CliError::new(format!(
            "{file} has more than {MOST_INSTRUCTIONS} instructions or more than {MOST_STAGES} stages"
        ));
        return Err(error.help("name a Dockerfile that somebody has written; nothing has been written"));
    }
    if stages == 0 {
        return Err(CliError::new(format!("{file} has no `FROM`"))
            .help("name a Dockerfile; nothing has been written"));
    }
    Ok(instructions)
}

fn split(line: usize, text: &str) -> Instruction {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut rest = rest.trim_start();
    let mut flags = BTreeMap::new();
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        // Of several mounts only that there are some matters.
        flags.insert(name.to_owned(), value.to_owned());
        rest = after.trim_start();
    }
    Instruction { line, name: name.to_ascii_uppercase(), flags, rest: rest.to_owned(), heredoc: None }
}

/// The words that end the heredocs of an instruction.
fn heredocs(instruction: &Instruction) -> Vec<String> {
    if !matches!(instruction.name.as_str(), "RUN" | "COPY" | "ADD") {
        return Vec::new();
    }
    let words = instruction.rest.split_whitespace().filter_map(|word| word.strip_prefix("<<"));
    let ends = words.map(|word| word.trim_start_matches('-').trim_matches(['"', '\'']).to_owned());
    ends.filter(|end| end.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')).collect()
}

/// The longest text that args make; what would become longer stays as it is written.
const LONGEST: usize = 1 << 14;

/// Replaces `$NAME` and `${NAME}` of known args; others stay.
pub(super) fn expand(text: &str, args: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, dollar) = rest.split_at(at);
        out.push_str(before);
        let (written, name) = reference(dollar);
        match args.get(name) {
            Some(value) => out.push_str(value),
            None => out.push_str(written),
        }
        rest = dollar.get(written.len()..).unwrap_or_default();
        if out.len() > LONGEST.max(text.len()) {
            return text.to_owned();
        }
    }
    out.push_str(rest);
    out
}

/// What follows a dollar sign, as it is written, and the name in it; none where it is no name.
fn reference(text: &str) -> (&str, &str) {
    let word = |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let after = text.strip_prefix('$').unwrap_or(text);
    if let Some(inner) = after.strip_prefix('{') {
        let end = word(inner);
        if inner.get(end..).is_some_and(|rest| rest.starts_with('}')) {
            return (text.get(..end + 3).unwrap_or(text), inner.get(..end).unwrap_or_default());
        }
        return ("$", "");
    }
    let end = word(after);
    (text.get(..=end).unwrap_or(text), after.get(..end).unwrap_or_default())
}
