//! The capabilities that the engine reports.

use std::collections::BTreeMap;

use buildkit_proto::moby::buildkit::v1::apicaps::ApiCap;

/// A set of capabilities, either of LLB or of the frontend API.
///
/// The engine has a capability only if it lists the capability as enabled. Engines also list capabilities
/// that they have disabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    // The value is the reason why the capability is disabled; `None` if it is enabled.
    listed: BTreeMap<String, Option<String>>,
}

/// The error for a capability that the build needs and the engine does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityError {
    /// The engine does not know the capability, because the engine is too old.
    #[error("the engine does not support `{capability}`, update {product}")]
    Unknown {
        /// The capability's id.
        capability: String,
        /// The product that the user must update.
        product: String,
    },
    /// The engine has disabled the capability.
    #[error("the engine has `{capability}` disabled: {reason}")]
    Disabled {
        /// The capability's id.
        capability: String,
        /// The engine's reason.
        reason: String,
    },
}

impl Capabilities {
    /// Whether the engine has the capability enabled.
    pub fn supports(&self, capability: &str) -> bool {
        matches!(self.listed.get(capability), Some(None))
    }

    /// Like [`Self::supports`], with an explanation for the user. `product` is the engine's name for itself,
    /// see [`crate::gateway::options::Options::product`].
    ///
    /// # Errors
    /// [`CapabilityError`], which says whether an update would help.
    pub fn require(&self, capability: &str, product: &str) -> Result<(), CapabilityError> {
        match self.listed.get(capability) {
            Some(None) => Ok(()),
            Some(Some(reason)) => {
                Err(CapabilityError::Disabled { capability: capability.to_owned(), reason: reason.clone() })
            }
            None => Err(CapabilityError::Unknown {
                capability: capability.to_owned(),
                product: if product.is_empty() { "BuildKit".to_owned() } else { product.to_owned() },
            }),
        }
    }

    /// The ids of all enabled capabilities, sorted.
    pub fn enabled(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().filter(|(_, reason)| reason.is_none()).map(|(id, _)| id.as_str())
    }
}

impl FromIterator<ApiCap> for Capabilities {
    fn from_iter<T: IntoIterator<Item = ApiCap>>(caps: T) -> Self {
        let listed = caps.into_iter().map(|cap| {
            let reason = if cap.enabled {
                None
            } else if cap.disabled_reason_msg.is_empty() {
                Some("no reason given".to_owned())
            } else {
                Some(cap.disabled_reason_msg)
            };
            (cap.id, reason)
        });
        Self { listed: listed.collect() }
    }
}

/// Makes a set of enabled capabilities from their ids, for tests and for code that asks no engine.
impl<'a> FromIterator<&'a str> for Capabilities {
    fn from_iter<T: IntoIterator<Item = &'a str>>(ids: T) -> Self {
        Self { listed: ids.into_iter().map(|id| (id.to_owned(), None)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_capability_counts_only_when_enabled() {
        let off = ApiCap {
            id: "mergeop".to_owned(),
            disabled_reason_msg: "only with the containerd image store".to_owned(),
            ..ApiCap::default()
        };
        let on = ApiCap { id: "file.base".to_owned(), enabled: true, ..ApiCap::default() };
        let capabilities: Capabilities = [off, on].into_iter().collect();
        assert!(capabilities.supports("file.base"));
        assert!(!capabilities.supports("mergeop"));
        assert_eq!(capabilities.enabled().collect::<Vec<_>>(), ["file.base"]);
        assert_eq!(capabilities.require("file.base", ""), Ok(()));
        let message = |id, product| capabilities.require(id, product).expect_err("missing").to_string();
        assert_eq!(
            message("mergeop", ""),
            "the engine has `mergeop` disabled: only with the containerd image store"
        );
        assert_eq!(message("diffop", ""), "the engine does not support `diffop`, update BuildKit");
        assert_eq!(message("diffop", "Docker"), "the engine does not support `diffop`, update Docker");
    }
}
