//! Values with a rule: durations, ports, users, paths, commands. Each value is checked when it is read, so
//! the rest of the crate never gets a wrong one.

use super::reader::{Context, Expanded, Node, Plain, Read};
use crate::diagnostics::Problem;
use crate::reference::ImageReference;

/// A duration in nanoseconds, the unit of an image's health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nanoseconds(pub i64);

impl Nanoseconds {
    /// Reads `1h2m3.5s`, `500ms` and similar texts. This is the syntax of Dockerfiles and of Go.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut total = 0_f64;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let number: f64 = rest.get(..digits)?.parse().ok()?;
            let tail = rest.get(digits..)?;
            let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let scale = match tail.get(..unit)? {
                "ns" => 1.0,
                "us" | "µs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3600e9,
                _ => return None,
            };
            total += number * scale;
            rest = tail.get(unit..)?;
        }
        // The limit is about a year. It is more than any health check needs, and far below the maximum of an
        // `i64`.
        #[expect(clippy::cast_possible_truncation, reason = "bounded by the check before it")]
        (total <= 3.2e16).then_some(Self(total.round() as i64))
    }
}

impl Read for Nanoseconds {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = String::read(node, cx)?;
        let parsed = Self::parse(&value);
        if parsed.is_none() {
            cx.report(node.span, Problem::BadDuration { value });
        }
        parsed
    }
}

/// One or several exposed ports in the form of the image config: `8000/tcp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports(pub Vec<String>);

/// The maximum number of ports in a build file.
const MOST_PORTS: usize = 10_000;

/// A range of ports with one protocol.
struct PortRange<'t> {
    first: u16,
    last: u16,
    protocol: &'t str,
}

impl<'t> PortRange<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        if !matches!(protocol, "tcp" | "udp" | "sctp") {
            return None;
        }
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
        let (first, last) = (port(first)?, port(last)?);
        (first <= last).then_some(Self { first, last, protocol })
    }

    fn ports(&self) -> Ports {
        Ports((self.first..=self.last).map(|port| format!("{port}/{}", self.protocol)).collect())
    }
}

impl Read for Ports {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = match (node.value.as_integer(), node.value.as_str()) {
            (Some(integer), _) => integer.to_string(),
            (_, Some(_)) => Expanded::read(node, cx)?.0,
            _ => return node.wrong_type(cx, "a port number or a string"),
        };
        let Some(range) = PortRange::parse(&value) else {
            cx.report(node.span, Problem::BadPort { value });
            return None;
        };
        let count = usize::from(range.last - range.first) + 1;
        cx.counts("exposed ports", count, MOST_PORTS, node.span).then(|| range.ports())
    }
}

/// The user of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// A name, with the numbers if the file gives them.
    Named {
        /// The login name.
        name: String,
        /// The user's number, if the file sets it.
        uid: Option<u32>,
        /// The group's number, if the file sets it.
        gid: Option<u32>,
    },
    /// Only numbers. No user is created for them.
    Numeric {
        /// The user's number.
        uid: u32,
        /// The group's number; the engine's default is 0.
        gid: Option<u32>,
    },
}

impl User {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (name, group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
        if let Ok(uid) = name.parse() {
            return match group.map(str::parse).transpose() {
                Ok(gid) => Ok(Self::Numeric { uid, gid }),
                Err(_) => Err("the group of a numeric user must be a number too"),
            };
        }
        if group.is_some_and(|group| group != name) {
            return Err("a named user has a group of the same name");
        }
        Self::check_name(name)?;
        Ok(Self::Named { name: name.to_owned(), uid: None, gid: None })
    }

    /// The rule of `useradd`: lower case letters, digits, `_` and `-`, at most 32 characters.
    fn check_name(name: &str) -> Result<(), &'static str> {
        if name.is_empty() {
            return Err("the name is empty");
        }
        if name.len() > 32 {
            return Err("the name has more than 32 characters");
        }
        if !name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') {
            return Err("a name starts with a lower case letter or `_`");
        }
        if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-')) {
            return Err("a name has only lower case letters, digits, `_` and `-`");
        }
        Ok(())
    }
}

/// The number of a user or a group. A text may contain a build arg.
struct Number(u32);

impl Read for Number {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        if node.value.as_str().is_none() {
            return u32::read(node, cx).map(Self);
        }
        let value = Expanded::read(node, cx)?.0;
        let parsed = value.parse().ok().map(Self);
        if parsed.is_none() {
            cx.report(node.span, Problem::BadNumber { value, min: 0, max: i64::from(u32::MAX) });
        }
        parsed
    }
}

impl Read for User {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        if let Some(mut table) = node.table("`user`") {
            let name: Option<String> = table.require(cx, "name");
            let (uid, gid) = (table.get::<Number>(cx, "uid"), table.get::<Number>(cx, "gid"));
            let (uid, gid) = (uid.map(|uid| uid.0), gid.map(|gid| gid.0));
            table.finish(cx);
            let name = name?;
            if let Err(reason) = Self::check_name(&name) {
                cx.report(node.span, Problem::BadUser { value: name, reason });
                return None;
            }
            return Some(Self::Named { name, uid, gid });
        }
        if node.value.as_str().is_none() {
            return node.wrong_type(cx, "a string or a table");
        }
        let value = Expanded::read(node, cx)?.0;
        match Self::parse(&value) {
            Ok(user) => Some(user),
            Err(reason) => {
                cx.report(node.span, Problem::BadUser { value, reason });
                None
            }
        }
    }
}

/// A path or pattern in the build context. It is relative and cleaned, and never leaves the context. `.` is
/// the whole context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextPath(String);

impl ContextPath {
    /// Cleans `text`; `None` if it is absolute or leaves the context.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts: Vec<&str> = Vec::new();
        if text.starts_with('/') || text.chars().any(char::is_control) {
            return None;
        }
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        Some(Self(if parts.is_empty() { ".".to_owned() } else { parts.join("/") }))
    }

    /// The whole context.
    pub fn root() -> Self {
        Self(".".to_owned())
    }

    /// The path without a slash at its beginning or end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the whole context.
    pub fn is_root(&self) -> bool {
        self.0 == "."
    }

    /// Whether it has wildcards.
    pub fn is_pattern(&self) -> bool {
        self.0.contains(['*', '?', '['])
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The path of `name` in this folder.
    pub fn join(&self, name: &str) -> Option<Self> {
        Self::parse(&format!("{}/{name}", self.0))
    }

    /// The part of a pattern before the first wildcard. Everything that the pattern matches is at this path
    /// or below.
    #[must_use]
    pub fn literal(&self) -> Self {
        let parts = self.0.split('/').take_while(|part| !part.contains(['*', '?', '[']));
        let prefix = parts.collect::<Vec<_>>().join("/");
        if prefix.is_empty() { Self::root() } else { Self(prefix) }
    }

    /// The path of `text`, relative to the folder of this file.
    pub fn sibling(&self, text: &str) -> Option<Self> {
        match self.0.rsplit_once('/') {
            Some((folder, _)) if !text.starts_with('/') => Self::parse(&format!("{folder}/{text}")),
            _ => Self::parse(text),
        }
    }
}

impl Read for ContextPath {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = Plain::read(node, cx)?.0;
        if value.trim().is_empty() {
            cx.report(node.span, Problem::Empty { key: node.key.clone() });
            return None;
        }
        let parsed = Self::parse(&value);
        if parsed.is_none() {
            cx.report(node.span, Problem::PathLeavesContext { value });
        }
        parsed
    }
}

/// An absolute path in an image, cleaned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImagePath(String);

impl ImagePath {
    /// A path in our own code, which is already clean.
    pub(crate) fn constant(path: &'static str) -> Self {
        Self(path.to_owned())
    }

    /// Cleans `text`.
    ///
    /// # Errors
    /// If the path is relative, or leads above the root.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let mut parts: Vec<&str> = Vec::new();
        if !text.starts_with('/') {
            return Err(Problem::NotAbsolute { value: text.to_owned() });
        }
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    if parts.pop().is_none() {
                        return Err(Problem::PathLeavesImage { value: text.to_owned() });
                    }
                }
                part => parts.push(part),
            }
        }
        Ok(Self(format!("/{}", parts.join("/"))))
    }

    /// The path with a slash at its beginning and none at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Read for ImagePath {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = Plain::read(node, cx)?.0;
        match Self::parse(&value) {
            Ok(path) => Some(path),
            Err(problem) => {
                cx.report(node.span, problem);
                None
            }
        }
    }
}

/// A signal by name or number, in the form of the image config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal(pub String);

impl Read for Signal {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        const NAMES: [&str; 31] = [
            "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
            "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
            "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
        ];
        let value = match node.value.as_integer() {
            Some(number) => number.to_string(),
            None => Expanded::read(node, cx)?.0,
        };
        let known = match value.parse::<u32>() {
            Ok(number) => (1..=64).contains(&number),
            Err(_) => {
                let name = value.strip_prefix("SIG").unwrap_or(&value);
                NAMES.contains(&name) || name.starts_with("RTMIN") || name.starts_with("RTMAX")
            }
        };
        if known {
            return Some(Self(value));
        }
        cx.report(node.span, Problem::BadSignal { value });
        None
    }
}

impl Read for ImageReference {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = Expanded::read(node, cx)?.0;
        match Self::parse(&value) {
            Ok(reference) => Some(reference),
            Err(error) => {
                cx.report(node.span, Problem::BadImage { value, reason: error.to_string() });
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_follow_the_syntax_of_dockerfiles() {
        let seconds = |text| Nanoseconds::parse(text).map(|n| n.0 / 1_000_000);
        assert_eq!(seconds("30s"), Some(30_000));
        assert_eq!(seconds("1m30s"), Some(90_000));
        assert_eq!(seconds("1.5h"), Some(5_400_000));
        assert_eq!(seconds("250ms"), Some(250));
        for wrong in ["", "30", "s", "1 s", "-5s", "1d", "1..5s", "9999999999h"] {
            assert_eq!(Nanoseconds::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ports_come_out_as_the_image_config_writes_them() {
        let ports = |text| PortRange::parse(text).map(|range| range.ports().0.join(" "));
        assert_eq!(ports("8000").as_deref(), Some("8000/tcp"));
        assert_eq!(ports("53/udp").as_deref(), Some("53/udp"));
        assert_eq!(ports("80-82").as_deref(), Some("80/tcp 81/tcp 82/tcp"));
        for wrong in ["0", "70000", "82-80", "80/icmp", "http", "-1"] {
            assert_eq!(ports(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn context_paths_are_cleaned_and_never_leave_the_context() {
        let clean = |text| ContextPath::parse(text).map(|p| p.as_str().to_owned());
        assert_eq!(clean("./app/").as_deref(), Some("app"));
        assert_eq!(clean("a/../b").as_deref(), Some("b"));
        assert_eq!(clean(".").as_deref(), Some("."));
        for wrong in ["..", "a/../../b", "/etc/passwd"] {
            assert_eq!(clean(wrong), None, "{wrong}");
        }
        let nested = ContextPath::parse("requirements/dev.txt").unwrap();
        assert_eq!(nested.sibling("../base.txt").unwrap().as_str(), "base.txt");
    }

    #[test]
    fn users_are_names_or_numbers() {
        assert_eq!(User::parse("1000:1001"), Ok(User::Numeric { uid: 1000, gid: Some(1001) }));
        assert_eq!(User::parse("app"), Ok(User::Named { name: "app".into(), uid: None, gid: None }));
        assert_eq!(User::parse("app:app"), Ok(User::Named { name: "app".into(), uid: None, gid: None }));
        assert!(User::parse("App").is_err() && User::parse("").is_err() && User::parse("a b").is_err());
    }
}
