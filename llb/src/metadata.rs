//! Metadata of an op that is not part of the op: names, progress, caching, source lines.
//!
//! Metadata never changes a digest.

use std::collections::{BTreeMap, BTreeSet};

use crate::caps::Cap;
use crate::pb;
use crate::resources::LinuxResources;
use crate::source_map::Location;

/// The description key that clients print as the name of a step.
pub const CUSTOM_NAME: &str = "llb.customname";

/// Several steps that clients show as one row of the progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgressGroup {
    /// The id that all steps of the group share.
    pub id: String,
    /// The name of the row.
    pub name: String,
    /// If true, this step alone is not a reason to show the row.
    pub weak: bool,
}

/// Metadata of an op.
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
    /// Empty metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// Metadata with only a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self::default().name(name)
    }

    /// The name of the step in the progress output.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.description(CUSTOM_NAME, name)
    }

    /// Any other entry of the description. A later value for the same key wins.
    #[must_use]
    pub fn description(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.description.insert(key.into(), value.into());
        self
    }

    /// Shows the step as a part of a group.
    #[must_use]
    pub fn progress_group(mut self, group: ProgressGroup) -> Self {
        self.progress_group = Some(group);
        self
    }

    /// Runs the step even if the cache has its result.
    ///
    /// For a step with cache mounts the engine also empties these caches before the build, for all builds
    /// that use them.
    #[must_use]
    pub fn ignore_cache(mut self, ignore: bool) -> Self {
        self.ignore_cache = ignore;
        self
    }

    /// Whether the step becomes a part of an exported cache. If unset, the engine decides.
    #[must_use]
    pub fn export_cache(mut self, export: bool) -> Self {
        self.export_cache = Some(export);
        self
    }

    /// Lines of a file that the step comes from. Can be called several times.
    #[must_use]
    pub fn location(mut self, location: Location) -> Self {
        self.locations.push(location);
        self
    }

    /// Requires a capability in addition to those that the op's own fields need.
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

/// Merges the metadata of a second vertex with the same digest.
///
/// Such vertices do the same work, so only descriptions can differ. The first vertex in emission order
/// (inputs first, left to right) keeps its value of each description key, its group and its choice about
/// cache export, as an engine keeps the first name it saw. The cache is ignored if one of them asks for this.
/// Capabilities are united.
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
