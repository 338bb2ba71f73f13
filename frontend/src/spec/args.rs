//! Build args: `[args]` declares them with their defaults, `--build-arg` sets them, and `${NAME}` uses them.
//!
//! The value of `--build-arg` takes precedence over the default. The platform args of docker/dockerfile
//! (`TARGETARCH` and similar ones) always exist without a declaration. Args for builders (`BUILDKIT_…`,
//! proxies, `SOURCE_DATE_EPOCH`) may be given to any build; a file sees only those that it declares.

use std::collections::BTreeMap;

use crate::diagnostics::nearest;
use crate::diagnostics::{Problem, Span};

/// The args of one build for one platform, with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    predefined: BTreeMap<String, String>,
    given: BTreeMap<String, String>,
    declared: BTreeMap<String, String>,
    places: BTreeMap<String, Span>,
}

impl Arguments {
    /// `given` are the args of `--build-arg`, and `predefined` are the platform args.
    pub fn new(given: BTreeMap<String, String>, predefined: BTreeMap<String, String>) -> Self {
        Self { predefined, given, ..Self::default() }
    }

    /// Declares an arg of the file, whose name is at `place`.
    pub(super) fn declare(&mut self, name: String, default: String, place: Span) {
        self.places.insert(name.clone(), place);
        self.declared.insert(name, default);
    }

    /// The value of `name`, if it is declared or predefined.
    pub fn value(&self, name: &str) -> Option<&str> {
        if let Some(default) = self.declared.get(name) {
            return Some(self.given.get(name).unwrap_or(default));
        }
        let default = self.predefined.get(name)?;
        Some(self.given.get(name).unwrap_or(default))
    }

    /// The args that the file declares, with their values.
    pub fn declared(&self) -> impl Iterator<Item = (&str, &str)> {
        self.declared.keys().filter_map(|name| Some((name.as_str(), self.value(name)?)))
    }

    /// The place at which the file declares an arg.
    pub fn place(&self, name: &str) -> Option<Span> {
        self.places.get(name).copied()
    }

    /// Names in `--build-arg` that the file does not declare and no builder uses. Each has a suggestion.
    pub fn unused(&self) -> Vec<(String, Option<String>)> {
        let known = |name: &String| self.declared.contains_key(name) || self.predefined.contains_key(name);
        let unused = self.given.keys().filter(|name| !known(name) && !is_for_builders(name));
        let unused = unused.take(crate::diagnostics::Diagnostics::MOST);
        unused.map(|name| (name.clone(), nearest(name, self.declared.keys().map(String::as_str)))).collect()
    }

    /// The args that a shell command mentions as `$NAME` or `${NAME}`. Only these become variables of the
    /// command, so a changed arg runs only the steps again that use it.
    pub fn mentioned_in(&self, command: &str) -> Vec<(String, String)> {
        let values =
            mentioned(command).filter_map(|name| Some((name.to_owned(), self.value(name)?.to_owned())));
        values.collect::<BTreeMap<_, _>>().into_iter().collect()
    }

    /// The total length of the values that a shell command mentions, in bytes. Repetitions count.
    pub(crate) fn mentioned_length(&self, command: &str) -> usize {
        mentioned(command).filter_map(|name| self.value(name)).map(|value| value.len() + 16).sum()
    }

    /// Replaces every `${NAME}`. `$$` is a dollar sign, and any other `$` stays. `longest` is the maximum
    /// length of the result in bytes.
    pub(super) fn expand<'t>(&self, text: &'t str, longest: usize) -> Result<String, ExpandError<'t>> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, dollar) = rest.split_at(at);
            out.push_str(before);
            if let Some(after) = dollar.strip_prefix("$$") {
                out.push('$');
                rest = after;
            } else if let Some(after) = dollar.strip_prefix("${") {
                let (name, after) = after.split_once('}').ok_or(ExpandError::Unclosed)?;
                out.push_str(self.value(name).ok_or(ExpandError::Unknown(name))?);
                rest = after;
            } else {
                out.push('$');
                rest = dollar.get(1..).unwrap_or_default();
            }
            if out.len() > longest {
                return Err(ExpandError::TooLong);
            }
        }
        out.push_str(rest);
        if out.len() > longest { Err(ExpandError::TooLong) } else { Ok(out) }
    }

    /// Writes `text` in such a way that [`Self::expand`] replaces only the existing args and keeps every
    /// other `$`. A `$` before the `${NAME}` of an existing arg makes it plain text.
    pub(super) fn keep_unknown(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, dollar) = rest.split_at(at);
            out.push_str(before);
            let named = |text: &str| {
                let name = text.strip_prefix("${")?.split_once('}')?.0;
                self.value(name).is_some().then_some(name.len() + 3)
            };
            let escaped = dollar.strip_prefix('$').and_then(|after| Some(named(after)? + 1));
            let length = escaped.or_else(|| named(dollar));
            let (taken, after) = dollar.split_at_checked(length.unwrap_or(1)).unwrap_or((dollar, ""));
            if length.is_none() {
                out.push('$');
            }
            out.push_str(taken);
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// The problem of an undeclared arg.
    pub(super) fn unknown(&self, name: &str) -> Problem {
        let known = self.declared.keys().chain(self.predefined.keys()).map(String::as_str);
        Problem::UnknownArg { suggestion: nearest(name, known), name: name.to_owned() }
    }
}

/// The reason why a text cannot be expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpandError<'t> {
    /// `${` without its `}`.
    Unclosed,
    /// The arg is not declared.
    Unknown(&'t str),
    /// The result would be too long.
    TooLong,
}

/// Whether an arg is one for builders, which every build accepts.
fn is_for_builders(name: &str) -> bool {
    let proxies = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];
    name.starts_with("BUILDKIT_")
        || name == "SOURCE_DATE_EPOCH"
        || proxies.contains(&name.to_ascii_lowercase().as_str())
}

/// The names that a text mentions as `$NAME` or `${NAME}`.
pub(crate) fn mentioned(command: &str) -> impl Iterator<Item = &str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    command.match_indices('$').filter_map(move |(at, _)| {
        let after = command.get(at + 1..)?;
        let after = after.strip_prefix('{').unwrap_or(after);
        let end = after.find(|c| !word(c)).unwrap_or(after.len());
        after.get(..end).filter(|name| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> Arguments {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let mut arguments = Arguments::new(
            map(&[("TAG", "3.12"), ("OTHER", "x"), ("BUILDKIT_INLINE_CACHE", "1"), ("HTTPS_PROXY", "x")]),
            map(&[("TARGETARCH", "arm64")]),
        );
        arguments.declare("TAG".into(), "3.11".into(), Span::default());
        arguments.declare("MODE".into(), "fast".into(), Span::default());
        arguments
    }

    #[test]
    fn args_expand_with_given_values_over_defaults() {
        let arguments = arguments();
        assert_eq!(
            arguments.expand("python:${TAG}-${MODE}-${TARGETARCH}", 100).unwrap(),
            "python:3.12-fast-arm64"
        );
        assert_eq!(arguments.expand("cost: $$5 and $HOME", 100).unwrap(), "cost: $5 and $HOME");
        assert_eq!(arguments.expand("${TAGG}", 100), Err(ExpandError::Unknown("TAGG")));
        assert_eq!(arguments.unknown("TAGG").to_string(), "unknown build arg `TAGG`; did you mean `TAG`?");
        assert_eq!(arguments.expand("${TAG", 100), Err(ExpandError::Unclosed));
        assert_eq!(arguments.expand("${MODE}${MODE}", 8).unwrap(), "fastfast");
        assert_eq!(arguments.expand("${MODE}${MODE}", 7), Err(ExpandError::TooLong));
        assert_eq!(arguments.unused(), [("OTHER".to_owned(), None)]);
    }

    #[test]
    fn in_a_text_of_a_program_only_args_that_there_are_are_replaced() {
        let arguments = arguments();
        let of = |text| arguments.expand(&arguments.keep_unknown(text), 200).unwrap();
        assert_eq!(of("app.${MODE}:run"), "app.fast:run");
        assert_eq!(of("${MODE}${TARGETARCH}"), "fastarm64");
        for same in ["$MODE", "${PORT}", "$$", "$${PORT}", "print('${')", "a$", "${MODE", "$$HOME ${A}$"] {
            assert_eq!(of(same), same);
        }
        assert_eq!(of("$${MODE}"), "${MODE}");
        assert_eq!(of("$$${MODE}"), "$${MODE}");
    }

    #[test]
    fn a_command_sees_only_the_args_it_mentions() {
        let arguments = arguments();
        let names = |command| arguments.mentioned_in(command).into_iter().map(|(k, _)| k).collect::<Vec<_>>();
        assert_eq!(names("echo $MODE"), ["MODE"]);
        assert_eq!(names("echo ${TAG:-none} $MODES"), ["TAG"]);
        assert_eq!(names("echo TAG"), Vec::<String>::new());
    }
}
