//! The common part of all sources: an identifier, attributes and the capabilities that the attributes need.

use std::collections::{BTreeMap, BTreeSet};

use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::platform::Platform;
use crate::state::{Inputs, Parts, State};
use crate::{go_json, pb};

/// A source under construction.
#[derive(Debug, Clone)]
pub(super) struct Source {
    identifier: String,
    attrs: BTreeMap<String, String>,
    caps: BTreeSet<Cap>,
    platform: Option<Platform>,
    metadata: Metadata,
}

/// Whether the platform is written into the op.
///
/// Only sources that differ between platforms contain the platform. So a download for two platforms is one
/// vertex.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PlatformIs {
    PartOfOp,
    OnlyInherited,
}

impl Source {
    pub(super) fn new(identifier: String, cap: Cap) -> Self {
        Self {
            identifier,
            attrs: BTreeMap::new(),
            caps: BTreeSet::from([cap]),
            platform: None,
            metadata: Metadata::default(),
        }
    }

    pub(super) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.attrs.insert(key.to_owned(), value.into());
    }

    pub(super) fn set_with_cap(&mut self, key: &str, value: impl Into<String>, cap: Cap) {
        self.set(key, value);
        self.caps.insert(cap);
    }

    pub(super) fn set_default(&mut self, key: &str, value: &str) {
        self.attrs.entry(key.to_owned()).or_insert_with(|| value.to_owned());
    }

    pub(super) fn set_default_with_cap(&mut self, key: &str, value: &str, cap: Cap) {
        self.set_default(key, value);
        self.caps.insert(cap);
    }

    /// Sets a list attribute. Like Go, this leaves out an empty list.
    pub(super) fn set_list<S: Into<String>>(
        &mut self,
        key: &str,
        list: impl IntoIterator<Item = S>,
        cap: Cap,
    ) {
        let list: Vec<String> = list.into_iter().map(Into::into).collect();
        if list.is_empty() {
            self.unset(key, cap);
        } else {
            self.set_with_cap(key, go_json::strings(&list), cap);
        }
    }

    /// Removes an attribute and its capability.
    pub(super) fn unset(&mut self, key: &str, cap: Cap) {
        self.attrs.remove(key);
        self.caps.remove(&cap);
    }

    pub(super) fn identify(&mut self, identifier: String) {
        self.identifier = identifier;
    }

    pub(super) fn on(&mut self, platform: &Platform) {
        self.platform = Some(platform.normalized());
    }

    pub(super) fn say(&mut self, metadata: Metadata) {
        self.metadata = metadata;
    }

    pub(super) fn state(self, platform_is: PlatformIs) -> State {
        let platform = self.platform.as_ref();
        let op = pb::SourceOp { identifier: self.identifier, attrs: self.attrs };
        let vertex = Parts {
            op: pb::op::Op::Source(op),
            inputs: Inputs::default(),
            op_platform: platform.filter(|_| platform_is == PlatformIs::PartOfOp),
            platform,
            metadata: self.metadata,
            caps: self.caps,
        };
        State::new(vertex.vertex(), 0)
    }
}
