//! Option values that are more than a text, and their parsers.
//!
//! The syntax is that of BuildKit's `dockerui` package. The engine parses most of these options before it
//! starts the frontend, so errors are rare here. The errors are complete sentences anyway, because other
//! clients also start frontends.

/// The stages that must not use cached results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NoCache {
    /// All stages may use the cache.
    #[default]
    Off,
    /// No stage may use the cache.
    All,
    /// These stages may not use the cache. Compare with [`Self::covers`].
    Stages(Vec<String>),
}

impl NoCache {
    /// Whether a stage must run again. The comparison ignores the case of names.
    pub fn covers(&self, stage: &str) -> bool {
        match self {
            Self::Off => false,
            Self::All => true,
            Self::Stages(names) => names.iter().any(|name| name.eq_ignore_ascii_case(stage)),
        }
    }
}

/// The time of files and images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceDateEpoch {
    /// Seconds since 1970.
    Seconds(i64),
    /// The time of the main context (`context`), or of a named context or a stage.
    Of(String),
}

impl SourceDateEpoch {
    /// The seconds since 1970, if they are known.
    pub fn seconds(&self) -> Option<i64> {
        match self {
            Self::Seconds(seconds) => Some(*seconds),
            Self::Of(_) => None,
        }
    }
}

/// The stages that an extended scan examines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ScanFor {
    /// No stage.
    #[default]
    Nothing,
    /// All stages.
    All,
    /// These stages.
    Stages(Vec<String>),
}

impl ScanFor {
    /// Reads a boolean, or names separated by commas.
    pub(super) fn parse(text: &str) -> Self {
        match parse_bool(text) {
            Some(true) => Self::All,
            Some(false) => Self::Nothing,
            None if text.is_empty() => Self::Nothing,
            None => Self::Stages(text.split(',').map(str::to_owned).collect()),
        }
    }

    /// Whether the scan examines `stage`. As in docker/dockerfile, the comparison respects the case of names.
    pub fn covers(&self, stage: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Stages(names) => names.iter().any(|name| name == stage),
        }
    }
}

/// Reads the booleans that Go's `strconv.ParseBool` accepts.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The fields of one line of comma-separated values. A field in quotes may contain commas; `""` is a quote in
/// it. `None` if a quote is not closed, or does not enclose the whole field.
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
