//! What is said about an op without being part of it: names, progress, caching, source lines.
//!
//! Nothing here changes a digest.

use std::collections::{BTreeMap, BTreeSet};

use crate::caps::Cap;
use crate::pb;
use crate::resources::LinuxResources;
use crate::source_map::Location;

/// The description key that clients print as the name of a step.
pub const CUSTOM_NAME: &str = "llb.customname";

/// Several steps shown as one row of the progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgressGroup {
    /// What makes steps one group.
    pub id: String,
    /// Name of the row.
    pub name: String,
    /// Whether this step alone is not worth showing the row.
    pub weak: bool,
}

/// What is said about an op.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    description: BTreeMap<String, String>,
    progress_group: Option<ProgressGroup>,
    ignore_cache: bool,
    export_cache: Option<bool>,
    caps: BTreeSet<Cap>,
    pub(crate) locations: Vec<Location>,
    pub(crate) resources: Option<LinuxResources>,
}

impl Metadata {
    /// Nothing said.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self::default().name(name)
    }

    /// The name of the step in the progress.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.description(CUSTOM_NAME, name)
    }

    /// Any other description; a later value of a key wins.
    #[must_use]
    pub fn description(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.description.insert(key.into(), value.into());
        self
    }

    /// Shows the step as part of a group.
    #[must_use]
    pub fn progress_group(mut self, group: ProgressGroup) -> Self {
        self.progress_group = Some(group);
        self
    }

    /// Runs the step whatever the cache holds.
    ///
    /// On a step with cache mounts an engine also empties those caches, for everybody, before the build.
    #[must_use]
    pub fn ignore_cache(mut self, ignore: bool) -> Self {
        self.ignore_cache = ignore;
        self
    }

    /// Whether the step goes into an exported cache; unset, the engine decides.
    #[must_use]
    pub fn export_cache(mut self, export: bool) -> Self {
        self.export_cache = Some(export);
        self
    }

    /// Lines the step comes from; may be called for several.
    #[must_use]
    pub fn location(mut self, location: Location) -> Self {
        self.locations.push(location);
        self
    }

    /// Demands a capability beyond those that the op's own fields need.
    #[must_use]
    pub fn capability(mut self, cap: Cap) -> Self {
        self.caps.insert(cap);
        self
    }

    /// The message, with the capabilities that the op itself needs.
    pub(crate) fn to_pb(&self, needed: &BTreeSet<Cap>) -> pb::OpMetadata {
        let group = |group: &ProgressGroup| pb::ProgressGroup {
            id: group.id.clone(),
            name: group.name.clone(),
            weak: group.weak,
        };
        pb::OpMetadata {
            ignore_cache: self.ignore_cache,
            description: self.description.clone(),
            export_cache: self.export_cache.map(|value| pb::ExportCache { value }),
            caps: self.caps.union(needed).map(|cap| (cap.id().to_owned(), true)).collect(),
            progress_group: self.progress_group.as_ref().map(group),
        }
    }
}

/// Adds what another path to the same vertex says about it.
///
/// Steps are alike in what they do, so only words can disagree. The first one met in emission order (inputs first,
/// left to right) keeps its description of each key, its group and its choice on exporting, as an engine keeps the
/// name it saw first; whoever wants the cache ignored gets it; capabilities are united.
pub(crate) fn merge(into: &mut pb::OpMetadata, other: &pb::OpMetadata) {
    into.ignore_cache |= other.ignore_cache;
    for (key, value) in &other.description {
        into.description.entry(key.clone()).or_insert_with(|| value.clone());
    }
    into.export_cache = into.export_cache.or(other.export_cache);
    for (cap, needed) in &other.caps {
        *into.caps.entry(cap.clone()).or_default() |= needed;
    }
    if into.progress_group.is_none() {
        into.progress_group.clone_from(&other.progress_group);
    }
}
