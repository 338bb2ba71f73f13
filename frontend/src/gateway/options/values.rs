//! Values of options that are more than a string, and their parsers.
//!
//! The syntax is that of BuildKit's `dockerui` package. The engine parses most of these options before it starts the
//! frontend, so errors here are rare; they are still complete sentences, since other clients start frontends, too.

use std::net::IpAddr;

use crate::gateway::options::OptionError;

/// A line for `/etc/hosts` of every step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraHost {
    /// The name, in lower case.
    pub host: String,
    /// Its address.
    pub ip: IpAddr,
}

/// A resource limit of the processes in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ulimit {
    /// One of the names `docker run --ulimit` knows, e.g. `nofile`.
    pub name: String,
    /// The limit a process begins with; -1 is none.
    pub soft: i64,
    /// The limit a process may raise its own to; -1 is none.
    pub hard: i64,
}

/// Limits of a step's container; what is `None` or empty is the engine's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Memory in bytes.
    pub memory: Option<i64>,
    /// Memory and swap in bytes; -1 is no limit.
    pub memory_swap: Option<i64>,
    /// Relative weight of CPU time.
    pub cpu_shares: Option<u64>,
    /// Length of a scheduling period in microseconds.
    pub cpu_period: Option<u64>,
    /// CPU time in a period, in microseconds.
    pub cpu_quota: Option<i64>,
    /// The CPUs to run on, e.g. `0-3,5`.
    pub cpuset_cpus: String,
    /// The memory nodes to use, in the same syntax.
    pub cpuset_mems: String,
}

impl Resources {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which stages must not use cached results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NoCache {
    /// All may.
    #[default]
    Off,
    /// None may.
    All,
    /// These may not. Compare with [`Self::covers`].
    Stages(Vec<String>),
}

impl NoCache {
    /// Whether a stage must run again. Names are compared without regard to case.
    pub fn covers(&self, stage: &str) -> bool {
        match self {
            Self::Off => false,
            Self::All => true,
            Self::Stages(names) => names.iter().any(|name| name.eq_ignore_ascii_case(stage)),
        }
    }
}

/// The time to give to files and images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceDateEpoch {
    /// Seconds since 1970.
    Seconds(i64),
    /// The time of the main context (`context`), of a named context or of a stage.
    Of(String),
}

/// How checks of the build file behave, from `# check=…` or `BUILDKIT_DOCKERFILE_CHECK`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Leaves out all checks.
    pub skip_all: bool,
    /// Leaves out these checks.
    pub skip: Vec<String>,
    /// Adds all experimental checks.
    pub experimental_all: bool,
    /// Adds these experimental checks.
    pub experimental: Vec<String>,
    /// Fails the build where a check warns.
    pub error: bool,
}

impl CheckOptions {
    /// Reads `skip=Rule,Rule|all;error=true;experimental=Rule|all`.
    ///
    /// # Errors
    /// [`OptionError::Value`] for anything else; `key` says where the text comes from.
    pub fn parse(key: &str, text: &str) -> Result<Self, OptionError> {
        let bad = || {
            OptionError::value(key, text, "`skip=`, `experimental=` (rules or `all`) and `error=`, separated by `;`")
        };
        let mut options = Self::default();
        for part in text.trim().split(';').filter(|_| !text.trim().is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(bad)?;
            let value = value.trim();
            let rules = || value.split(',').map(|rule| rule.trim().to_owned()).collect();
            match name.trim() {
                "skip" if value == "all" => options.skip_all = true,
                "skip" => options.skip = rules(),
                "experimental" if value == "all" => options.experimental_all = true,
                "experimental" => options.experimental = rules(),
                "error" => options.error = parse_bool(value).ok_or_else(bad)?,
                _ => return Err(bad()),
            }
        }
        Ok(options)
    }
}

/// What Go's `strconv.ParseBool` accepts.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The fields of one line of comma-separated values. A field in quotes may contain commas, and `""` for a quote.
/// `None` if a quote is not closed or not around the whole field.
pub(super) fn csv_fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                if field.contains('"') {
                    return None;
                }
                (field.to_owned(), after)
            }
            Some(quoted) => {
                let mut field = String::new();
                let mut quoted = quoted;
                loop {
                    let (text, after) = quoted.split_once('"')?;
                    field.push_str(text);
                    match after.strip_prefix('"') {
                        Some(more) => {
                            field.push('"');
                            quoted = more;
                        }
                        None => break (field, after),
                    }
                }
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None if after.is_empty() => return Some(fields),
            None => return None,
        }
    }
}

pub(super) fn extra_hosts(key: &str, text: &str) -> Result<Vec<ExtraHost>, OptionError> {
    let bad = || OptionError::value(key, text, "`host=ip`, several separated by commas");
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let fields = csv_fields(text).ok_or_else(bad)?;
    fields
        .into_iter()
        .map(|field| {
            let field = field.to_lowercase();
            let (host, ip) = field.split_once('=').ok_or_else(bad)?;
            let ip = ip.parse().map_err(|_| bad())?;
            Ok(ExtraHost { host: host.to_owned(), ip })
        })
        .collect()
}

const ULIMITS: [&str; 16] = [
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack", "as",
];

pub(super) fn ulimits(key: &str, text: &str) -> Result<Vec<Ulimit>, OptionError> {
    let bad = || {
        OptionError::value(
            key,
            text,
            "`name=soft[:hard]` with a name of `docker run --ulimit` and soft at most hard, several separated by commas",
        )
    };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let fields = csv_fields(text).ok_or_else(bad)?;
    fields.iter().map(|field| ulimit(field).ok_or_else(bad)).collect()
}

fn ulimit(text: &str) -> Option<Ulimit> {
    let (name, limits) = text.split_once('=')?;
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let (soft, hard) = (soft.parse().ok()?, hard.parse().ok()?);
    // -1 is without limit: more than any number.
    let within = hard == -1 || (soft != -1 && soft <= hard);
    // Docker knows the kernel's `as` and refuses it on purpose.
    let known = name != "as" && ULIMITS.contains(&name);
    (known && within).then(|| Ulimit { name: name.to_owned(), soft, hard })
}

/// A positive number; absent when empty.
pub(super) fn positive<T>(key: &str, text: &str) -> Result<Option<T>, OptionError>
where
    T: std::str::FromStr + PartialOrd + Default,
{
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<T>() {
        Ok(number) if number > T::default() => Ok(Some(number)),
        _ => Err(OptionError::value(key, text, "a whole number above 0")),
    }
}

/// A positive number, or -1 for no limit.
pub(super) fn positive_or_unlimited(key: &str, text: &str) -> Result<Option<i64>, OptionError> {
    match text {
        "-1" => Ok(Some(-1)),
        _ => positive(key, text)
            .map_err(|_: OptionError| OptionError::value(key, text, "a whole number above 0, or -1 for no limit")),
    }
}

/// A list of CPUs or memory nodes, checked and given back as it is.
pub(super) fn cpuset(key: &str, text: &str) -> Result<String, OptionError> {
    /// The engine's bound, which keeps a range from taking up all memory.
    const MAX: u32 = 8192;
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|&number| number <= MAX);
    let valid = text.split(',').filter(|part| !part.trim().is_empty()).all(|part| match part.split_once('-') {
        None => number(part).is_some(),
        Some((low, high)) => {
            matches!((number(low), number(high)), (Some(low), Some(high)) if low <= high)
        }
    });
    if valid {
        Ok(text.to_owned())
    } else {
        Err(OptionError::value(key, text, "numbers up to 8192 and ranges such as `0-3,5`"))
    }
}
