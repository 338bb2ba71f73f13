//! Limits and host names for all build steps, and their syntax in options.

use std::net::IpAddr;

use crate::gateway::options::OptionError;
use crate::gateway::options::values::csv_fields;

/// A line in `/etc/hosts` of every step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraHost {
    /// The host name, in lower case.
    pub host: String,
    /// The address of the host.
    pub ip: IpAddr,
}

/// A resource limit of the processes in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ulimit {
    /// A name that `docker run --ulimit` accepts, such as `nofile`.
    pub name: String,
    /// The limit with which a process starts; -1 means no limit.
    pub soft: i64,
    /// The highest limit that a process may set for itself; -1 means no limit.
    pub hard: i64,
}

/// Limits of a step's container. `None` or an empty text means the engine's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Memory in bytes.
    pub memory: Option<i64>,
    /// Memory and swap in bytes; -1 means no limit.
    pub memory_swap: Option<i64>,
    /// Relative weight of CPU time.
    pub cpu_shares: Option<u64>,
    /// Length of a scheduling period in microseconds.
    pub cpu_period: Option<u64>,
    /// CPU time per period, in microseconds.
    pub cpu_quota: Option<i64>,
    /// The CPUs that steps may use, such as `0-3,5`.
    pub cpuset_cpus: String,
    /// The memory nodes that steps may use, in the same syntax.
    pub cpuset_mems: String,
}

impl Resources {
    /// Whether no limit is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
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

/// The limits that Docker accepts. Docker leaves out the kernel's `as` on purpose.
const ULIMITS: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
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
    // -1 means no limit, so it is higher than any number.
    let within = hard == -1 || (soft != -1 && soft <= hard);
    (within && ULIMITS.contains(&name)).then(|| Ulimit { name: name.to_owned(), soft, hard })
}

/// A size in bytes. 0 means the engine's default.
pub(super) fn size(key: &str, text: &str) -> Result<Option<u64>, OptionError> {
    match text {
        "" | "0" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| OptionError::value(key, text, "a number of bytes")),
    }
}

/// A positive number. `None` if the text is empty.
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
        _ => positive(key, text).map_err(|_: OptionError| {
            OptionError::value(key, text, "a whole number above 0, or -1 for no limit")
        }),
    }
}

/// A list of CPUs or memory nodes. It is checked and returned unchanged.
pub(super) fn cpuset(key: &str, text: &str) -> Result<String, OptionError> {
    /// The engine's limit. It prevents that a range takes all memory.
    const MAX: u32 = 8192;
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|&number| number <= MAX);
    let valid =
        text.split(',').filter(|part| !part.trim().is_empty()).all(|part| match part.split_once('-') {
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
