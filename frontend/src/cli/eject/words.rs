//! Writes the text of a Dockerfile, so that a text from a user or a stranger never becomes an instruction.
//!
//! All text goes through [`Dockerfile`]. It accepts whole instructions, comments and files, and refuses text
//! that would end one of them early. The functions below quote the words of an instruction according to their
//! position.

use std::fmt::Write as _;

use serde_json::json;

use crate::address::{is_invisible, visible};

/// The maximum number of characters of a refused instruction that are shown.
const MOST_SHOWN: usize = 60;

/// A Dockerfile under construction.
#[derive(Debug, Default)]
pub(super) struct Dockerfile {
    text: String,
    refused: Vec<String>,
}

impl Dockerfile {
    /// An instruction on one line.
    pub(super) fn instruction(&mut self, text: impl AsRef<str>) {
        self.continued(&[text.as_ref()]);
    }

    /// An instruction with one part on each line.
    pub(super) fn continued<T: AsRef<str>>(&mut self, parts: &[T]) {
        for part in parts.iter().map(AsRef::as_ref) {
            // A line break would start another instruction. A backslash at the end would join the next line.
            if part.chars().any(|c| c != '\t' && is_invisible(c)) {
                self.refuse(part, "a line break or control character");
            } else if part.trim_end().ends_with('\\') {
                self.refuse(part, "a backslash at the end of a line");
            }
        }
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        self.text.push_str(&parts.join(" \\\n    "));
        self.text.push('\n');
    }

    /// A comment on a line of its own.
    pub(super) fn comment(&mut self, text: &str) {
        let _ = writeln!(self.text, "{}", format!("# {}", visible(text)).trim_end());
    }

    /// An empty line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Writes a file with these lines to `place` in the stage. `name` marks its end, unless a line is equal
    /// to it.
    pub(super) fn file(&mut self, name: &str, place: &str, lines: &[impl AsRef<str>]) {
        let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
        let mut end = name.to_owned();
        while lines.iter().any(|line| line.trim() == end) {
            end.push('_');
        }
        self.instruction(format!("COPY <<'{end}' {}", word(place)));
        for line in lines {
            if line.chars().any(|c| c != '\t' && is_invisible(c)) {
                self.refuse(line, "a line break or control character");
            }
            let _ = writeln!(self.text, "{line}");
        }
        let _ = writeln!(self.text, "{end}");
    }

    /// Whether a stage with this name has been written.
    pub(super) fn has_stage(&self, name: &str) -> bool {
        let end = format!(" AS {name}");
        self.text.lines().any(|line| line.starts_with("FROM ") && line.ends_with(&end))
    }

    /// Appends the text of another one.
    pub(super) fn append(&mut self, other: Self) {
        self.text.push_str(&other.text);
        self.refused.extend(other.refused);
    }

    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The whole text.
    ///
    /// # Errors
    /// The texts that a Dockerfile cannot contain.
    pub(super) fn finish(self) -> Result<String, Vec<String>> {
        if self.refused.is_empty() { Ok(self.text) } else { Err(self.refused) }
    }

    /// Records a text that cannot be written.
    pub(super) fn refuse(&mut self, text: &str, what: &str) {
        let mut shown: String = visible(text).chars().take(MOST_SHOWN).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        self.refused.push(format!("`{shown}` has {what}, which a Dockerfile cannot hold"));
    }
}

/// The name of a stage: lower case letters, digits and `.-_`.
pub(super) fn stage_name(name: &str) -> String {
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(plain).collect()
}

fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "/._-:@+=,*?[]~%".contains(c);
    !text.is_empty() && !text.starts_with(['[', '-']) && text.chars().all(plain)
}

/// A word of an instruction that replaces variables.
pub(super) fn word(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// The words of `COPY` and `ADD`. If a word has spaces or quotes, all words are written as a JSON list.
pub(super) fn words(all: &[&str]) -> String {
    if all.iter().all(|text| is_plain(text)) {
        return all.join(" ");
    }
    expanded_list(all)
}

/// A list of words for an instruction that replaces variables.
pub(super) fn expanded_list<T: AsRef<str>>(words: &[T]) -> String {
    let escaped = words.iter().map(|text| escaped(text.as_ref(), &['\\', '"', '\'', '$']));
    list(&escaped.collect::<Vec<_>>())
}

/// A text in quotes, for `ENV`, `LABEL` and other instructions that replace variables.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", inside_quotes(text))
}

/// A part of a text in quotes.
pub(super) fn inside_quotes(text: &str) -> String {
    escaped(text, &['\\', '"', '$'])
}

fn escaped(text: &str, special: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A JSON list, for `CMD` and other instructions that do not replace variables.
pub(super) fn list<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    json!(words).to_string()
}

/// A flag such as `--mount=type=cache,target=/x`, made from its fields.
pub(super) fn mount(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(name, value)| match *value {
        "" => (*name).to_owned(),
        value => format!("{name}={}", field(value)),
    });
    format!("--mount={}", fields.collect::<Vec<_>>().join(","))
}

/// The value of a flag. No way of quoting works in every version of Docker, so a character that needs quotes
/// is replaced by one that [`Dockerfile`] refuses.
pub(super) fn field(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:@+=~%*?[]!()".contains(c);
    text.chars().map(|c| if plain(c) { c } else { UNQUOTABLE }).collect()
}

/// Replaces characters that cannot be written. As a control character, it is refused.
const UNQUOTABLE: char = '\0';

/// Arguments as a line for a shell.
pub(super) fn shell(arguments: &[&str]) -> String {
    // Only a NUL cannot be quoted, and it is refused with the instruction.
    shlex::try_join(arguments.iter().copied()).unwrap_or_else(|_| String::from(UNQUOTABLE))
}

/// A command of `RUN`: a line if the shell would read the same, else a list.
pub(super) fn run(arguments: &[String]) -> String {
    if let [program, flag, line] = arguments
        && (program == "/bin/sh" && flag == "-c")
        && is_plain_line(line)
    {
        return line.clone();
    }
    list(arguments)
}

/// Whether a shell line has the same meaning as an instruction.
pub(super) fn is_plain_line(line: &str) -> bool {
    let odd_start = line.starts_with(['[', '<', '-', '#']) || line.starts_with(char::is_whitespace);
    !odd_start && !line.chars().any(is_invisible) && !line.trim_end().ends_with('\\') && !line.contains("<<")
}

/// `NAME="value"` for `ENV` and `LABEL`.
pub(super) fn pair(name: &str, value: &str) -> String {
    format!("{}={}", word(name), quoted(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of an attacker in the place of a word.
    const HOSTILE: [&str; 12] = [
        "a\nRUN touch /pwned",
        "a \\\nRUN touch /pwned",
        "a\\",
        "a\r\nRUN touch /pwned",
        "\"a\"\nRUN touch /pwned",
        "$(touch /pwned)",
        "`touch /pwned`",
        "--chown=0",
        "a b\" c",
        "a'b",
        "a\0b",
        "a\u{1b}[2Jb",
    ];

    /// The instructions that Docker would read. Continued lines count as one, and comments do not count.
    fn instructions(text: &str) -> Vec<String> {
        let joined = text.replace("\\\n", "");
        joined.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn no_word_begins_another_instruction() {
        for hostile in HOSTILE {
            let each = [
                format!("WORKDIR {}", word(hostile)),
                format!("ENV A={}", quoted(hostile)),
                format!("COPY {}", words(&[hostile, "/x"])),
                format!("VOLUME {}", expanded_list(&[hostile])),
                format!("CMD {}", list(&[hostile])),
                format!("RUN {}", run(&["/bin/sh".into(), "-c".into(), hostile.into()])),
                format!("RUN {}", shell(&["mkdir", hostile])),
                format!("FROM scratch AS {}", stage_name(hostile)),
                format!("RUN {} true", mount(&[("type", "cache"), ("target", hostile)])),
            ];
            for line in each {
                let mut file = Dockerfile::default();
                file.instruction(&line);
                match file.finish() {
                    Ok(text) => assert_eq!(instructions(&text).len(), 1, "{hostile:?}: {text}"),
                    Err(refused) => {
                        assert!(refused[0].ends_with("which a Dockerfile cannot hold"), "{refused:?}");
                        assert!(
                            hostile.chars().any(|c| c.is_control() || c == '\\' || !is_plain(hostile)),
                            "{hostile}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn words_mean_themselves() {
        assert_eq!(word("/a$b"), "\"/a\\$b\"");
        assert_eq!(words(&["a b", "/x"]), r#"["a b","/x"]"#);
        assert_eq!(words(&["a'$b", "/x"]), r#"["a\\'\\$b","/x"]"#);
        assert_eq!(words(&["-a", "/x"]), r#"["-a","/x"]"#);
        assert_eq!(run(&["/bin/sh".into(), "-c".into(), "a\nb".into()]), r#"["/bin/sh","-c","a\nb"]"#);
        assert_eq!(
            mount(&[("type", "bind"), ("target", "/a"), ("rw", "")]),
            "--mount=type=bind,target=/a,rw"
        );
        for value in ["/a,source=/", "/a b", "/a\"", "/a'", "/a$b", "/a\\"] {
            assert!(mount(&[("target", value)]).contains(UNQUOTABLE), "{value}");
        }
    }

    #[test]
    fn a_comment_stays_one_and_a_file_ends_where_it_is_meant_to() {
        let mut file = Dockerfile::default();
        file.comment("a\nRUN touch /pwned");
        file.file("END", "/list", &["a", "END", " END_"]);
        assert_eq!(
            file.finish().unwrap(),
            "# a␊RUN touch /pwned\nCOPY <<'END__' /list\na\nEND\n END_\nEND__\n"
        );
        let mut file = Dockerfile::default();
        file.file("END", "/list", &["a\nEND\nRUN touch /pwned"]);
        assert_eq!(
            file.finish().unwrap_err(),
            [
                "`a␊END␊RUN touch /pwned` has a line break or control character, which a Dockerfile cannot hold"
            ]
        );
    }
}
