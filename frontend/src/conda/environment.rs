//! Reads `environment.yml`, which conda users write by hand. It is not a lock: a build step resolves its
//! packages.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{CondaLockError, span_of, yaml};
use crate::address::visible;
use crate::diagnostics::{Source, Span};

/// A source of packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The name of a channel, or its address.
    Named(String),
    /// A folder of the context, relative to the file.
    Folder(String),
}

/// A requirement in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The text of the requirement.
    pub text: String,
    /// The place of the requirement.
    pub span: Span,
}

/// The content of an `environment.yml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvironmentFile {
    /// The channels, highest priority first.
    pub channels: Vec<Channel>,
    /// The conda packages, in conda's notation.
    pub dependencies: Vec<Asked>,
    /// Requirements for the Python package index.
    pub pip: Vec<Asked>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    channels: Vec<Spanned<String>>,
    #[serde(default)]
    dependencies: Vec<Spanned<Dependency>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dependency {
    Package(String),
    Pip(Pip),
}

#[derive(Deserialize)]
struct Pip {
    pip: Vec<String>,
}

impl EnvironmentFile {
    /// Reads the text of an `environment.yml`.
    ///
    /// # Errors
    /// If the text is not an `environment.yml`, or has a feature that is not supported.
    pub fn parse(source: &Source) -> Result<Self, CondaLockError> {
        let file: File = yaml(source)?;
        let mut read = Self::default();
        for channel in &file.channels {
            let error = |message: String| CondaLockError { message, span: span_of(source, channel) };
            match channel.value.as_str() {
                // `nodefaults` only means that conda uses no other channels.
                "nodefaults" => {}
                "defaults" => {
                    let message =
                        "`defaults` stands for channels that conda is set up with; name the channels";
                    return Err(error(message.to_owned()));
                }
                name => read.channels.push(channel_of(name)),
            }
        }
        if read.channels.is_empty() {
            let message = "no channel is named, so there is nowhere to get packages from".to_owned();
            return Err(CondaLockError { message, span: source.line_span(1) });
        }
        for dependency in &file.dependencies {
            let span = span_of(source, dependency);
            match &dependency.value {
                Dependency::Package(package) => read.dependencies.push(Asked { text: package.clone(), span }),
                Dependency::Pip(pip) => {
                    for line in &pip.pip {
                        let is_line = !line.chars().any(char::is_control);
                        if !is_line || !line.starts_with(|c: char| c.is_ascii_alphanumeric()) {
                            let message = format!(
                                "`{}` is no requirement: options and folders cannot stand below `pip`",
                                visible(line)
                            );
                            return Err(CondaLockError { message, span });
                        }
                        read.pip.push(Asked { text: line.clone(), span });
                    }
                }
            }
        }
        Ok(read)
    }
}

fn channel_of(name: &str) -> Channel {
    let path = name.strip_prefix("file://").or_else(|| name.strip_prefix("file:")).unwrap_or(name);
    let is_path = path != name || path.starts_with("./") || path.starts_with("../");
    if is_path { Channel::Folder(path.to_owned()) } else { Channel::Named(name.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<EnvironmentFile, CondaLockError> {
        EnvironmentFile::parse(&Source::new("environment.yml", text))
    }

    #[test]
    fn packages_channels_and_requirements_are_told_apart() {
        let text = "name: demo\nchannels:\n  - ./channel\n  - conda-forge\n  - nodefaults\ndependencies:\n  \
                    - python=3.11\n  - numpy >=1.26\n  - pip\n  - pip:\n    - flask==3.1\nprefix: /home/me/demo\n";
        let read = parse(text).unwrap();
        let channels = [Channel::Folder("./channel".into()), Channel::Named("conda-forge".into())];
        assert_eq!(read.channels, channels);
        let source = Source::new("environment.yml", text);
        let lines = |asked: &[Asked]| -> Vec<(String, u32)> {
            asked.iter().map(|one| (one.text.clone(), source.position(one.span.start).line)).collect()
        };
        let expected = [("python=3.11", 7), ("numpy >=1.26", 8), ("pip", 9)];
        assert_eq!(lines(&read.dependencies), expected.map(|(text, line)| (text.to_owned(), line)));
        assert_eq!(lines(&read.pip), [("flask==3.1".to_owned(), 10)]);
    }

    #[test]
    fn what_cannot_be_had_is_refused_at_its_line() {
        let at = |text: &str| {
            let error = parse(text).unwrap_err();
            (error.message, error.span)
        };
        let line = |text: &str, line| Source::new("environment.yml", text).line_span(line);
        let defaults = "channels:\n  - defaults\n";
        let message = "`defaults` stands for channels that conda is set up with; name the channels";
        assert_eq!(at(defaults), (message.to_owned(), line(defaults, 2)));
        let none = "dependencies:\n  - python\n";
        let message = "no channel is named, so there is nowhere to get packages from";
        assert_eq!(at(none), (message.to_owned(), line(none, 1)));
        let option = "channels: [a]\ndependencies:\n  - pip:\n    - -r other.txt\n";
        let message = "`-r other.txt` is no requirement: options and folders cannot stand below `pip`";
        assert_eq!(at(option), (message.to_owned(), line(option, 3)));
    }
}
