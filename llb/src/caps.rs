//! The capabilities that an op needs and that an engine offers.
//!
//! BuildKit refuses a definition that asks for a capability it does not know. So an op asks for exactly the
//! capabilities that its fields need. Go's client asks for the same ones, but it forgets three: those of file
//! actions, of a mount without an output and of a control group. Without these capabilities an older engine
//! would silently ignore the field.
//!
//! Two ids have a constant in BuildKit but were never registered there: `file.copy.modestring` and
//! `exec.meta.removemountstubs.recursive`. Asking for one of them fails on every engine, so this enum does
//! not have them.

use std::collections::BTreeMap;
use std::fmt;

use crate::pb;

macro_rules! caps {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// A capability of BuildKit's LLB API that an engine may or may not have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Cap {
            $(#[doc = concat!("`", $id, "`")] $(#[$doc])* $name,)*
        }

        impl Cap {
            /// Every registered capability, in the order of the enum.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The id that the wire format uses.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }
        }
    };
}

caps! {
    SourceImage = "source.image",
    SourceImageResolveMode = "source.image.resolvemode",
    SourceImageLayerLimit = "source.image.layerlimit",
    SourceImageChecksum = "source.image.checksum",
    SourceImageBlob = "source.imageblob",
    SourceOciLayout = "source.ocilayout",
    SourceLocal = "source.local",
    SourceLocalUnique = "source.local.unique",
    SourceLocalSessionId = "source.local.sessionid",
    SourceLocalIncludePatterns = "source.local.includepatterns",
    SourceLocalFollowPaths = "source.local.followpaths",
    SourceLocalExcludePatterns = "source.local.excludepatterns",
    SourceLocalSharedKeyHint = "source.local.sharedkeyhint",
    SourceLocalDiffer = "source.local.differ",
    SourceLocalMetadataTransfer = "source.local.metadatatransfer",
    SourceGit = "source.git",
    SourceGitKeepDir = "source.git.keepgitdir",
    SourceGitFullUrl = "source.git.fullurl",
    SourceGitHttpAuth = "source.git.httpauth",
    SourceGitKnownSshHosts = "source.git.knownsshhosts",
    SourceGitMountSshSock = "source.git.mountsshsock",
    SourceGitSubdir = "source.git.subdir",
    SourceGitChecksum = "source.git.checksum",
    SourceGitSkipSubmodules = "source.git.skipsubmodules",
    SourceGitSignatureVerify = "source.git.signatureverify",
    SourceGitMtime = "source.git.mtime",
    SourceGitFetchByCommit = "source.git.fetchbycommit",
    SourceGitBundle = "source.git.bundle",
    SourceGitCheckoutBundle = "source.git.checkoutbundle",
    SourceHttp = "source.http",
    SourceHttpAuth = "source.http.auth",
    SourceHttpChecksum = "source.http.checksum",
    SourceHttpPerm = "source.http.perm",
    /// BuildKit's real id has this spelling mistake.
    SourceHttpUidGid = "soruce.http.uidgid",
    SourceHttpHeader = "source.http.header",
    SourceHttpSignatureVerify = "source.http.signatureverify",
    SourcePolicy = "source.policy",
    SourcePolicySession = "source.policy.session",
    BuildOpLlbFilename = "source.buildop.llbfilename",
    ExecMetaBase = "exec.meta.base",
    ExecMetaCgroupParent = "exec.meta.cgroup.parent",
    ExecMetaNetwork = "exec.meta.network",
    ExecMetaNetworkProxy = "exec.meta.network.proxy",
    ExecMetaProxy = "exec.meta.proxyenv",
    ExecMetaSecurity = "exec.meta.security",
    ExecMetaSecurityDevicesV1 = "exec.meta.security.devices.v1",
    ExecMetaSetsDefaultPath = "exec.meta.setsdefaultpath",
    ExecMetaUlimit = "exec.meta.ulimit",
    ExecMetaCdi = "exec.meta.cdi",
    ExecMetaLinuxResources = "exec.meta.linux.resources",
    ExecMountBind = "exec.mount.bind",
    ExecMountBindReadWriteNoOutput = "exec.mount.bind.readwrite-nooutput",
    ExecMountCache = "exec.mount.cache",
    ExecMountCacheSharing = "exec.mount.cache.sharing",
    ExecMountSelector = "exec.mount.selector",
    ExecMountTmpfs = "exec.mount.tmpfs",
    ExecMountTmpfsSize = "exec.mount.tmpfs.size",
    ExecMountSecret = "exec.mount.secret",
    ExecMountSsh = "exec.mount.ssh",
    ExecMountContentCache = "exec.mount.cache.content",
    ExecCgroupsMounted = "exec.cgroup",
    ExecSecretEnv = "exec.secretenv",
    ExecValidExitCode = "exec.validexitcode",
    FileBase = "file.base",
    FileRmWildcard = "file.rm.wildcard",
    FileRmNoFollowSymlink = "file.rm.nofollowsymlink",
    FileCopyIncludeExcludePatterns = "file.copy.includeexcludepatterns",
    FileCopyRequiredPaths = "file.copy.requiredpaths",
    FileCopyAlwaysReplaceExistingDestPaths = "file.copy.alwaysreplaceexistingdestpaths",
    FileSymlinkCreate = "file.symlink.create",
    Constraints = "constraints",
    Platform = "platform",
    MetaIgnoreCache = "meta.ignorecache",
    MetaDescription = "meta.description",
    MetaExportCache = "meta.exportcache",
    RemoteCacheGha = "cache.gha",
    RemoteCacheS3 = "cache.s3",
    RemoteCacheAzBlob = "cache.azblob",
    MergeOp = "mergeop",
    DiffOp = "diffop",
    PassthroughOp = "passthroughop",
    ExporterImageAnnotations = "exporter.image.annotations",
    ExporterImageAttestations = "exporter.image.attestations",
    ExporterSourceDateEpoch = "exporter.sourcedateepoch",
    ExporterMultiple = "exporter.multiple",
    ExporterSession = "exporter.session",
    GcFreeSpaceFilter = "gc.freespacefilter",
    HistoryFilter = "history.filter",
}

impl Cap {
    /// The capability with this id, if BuildKit registers such an id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cap| cap.id() == id)
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

/// The capabilities that an engine reported.
///
/// Ids that this crate does not know are dropped, because no op can ask for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CapSet(BTreeMap<Cap, Support>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Support {
    Enabled,
    Disabled { reason: String },
}

impl CapSet {
    /// Reads the list of a `Ping` response. Engines list disabled capabilities too, with a reason.
    pub fn new(caps: impl IntoIterator<Item = pb::ApiCap>) -> Self {
        let support = |cap: pb::ApiCap| {
            let known = Cap::from_id(&cap.id)?;
            let support = match (cap.enabled, cap.disabled_reason_msg.is_empty()) {
                (true, _) => Support::Enabled,
                (false, false) => Support::Disabled { reason: cap.disabled_reason_msg },
                (false, true) => Support::Disabled { reason: cap.disabled_reason },
            };
            Some((known, support))
        };
        Self(caps.into_iter().filter_map(support).collect())
    }

    /// A set made from pairs of an id and whether it is enabled. Unknown ids are dropped.
    pub fn from_pairs<I: AsRef<str>>(pairs: impl IntoIterator<Item = (I, bool)>) -> Self {
        Self::new(pairs.into_iter().map(|(id, enabled)| pb::ApiCap {
            id: id.as_ref().to_owned(),
            enabled,
            ..pb::ApiCap::default()
        }))
    }

    /// Every capability this crate knows, enabled: the newest engine with the containerd image store.
    pub fn all() -> Self {
        Self(Cap::ALL.iter().map(|&cap| (cap, Support::Enabled)).collect())
    }

    /// This set without one capability.
    #[must_use]
    pub fn without(mut self, cap: Cap) -> Self {
        self.0.remove(&cap);
        self
    }

    /// Whether the engine has the capability and has it enabled.
    pub fn supports(&self, cap: Cap) -> bool {
        matches!(self.0.get(&cap), Some(Support::Enabled))
    }

    /// The reason why the engine disabled a capability that it knows.
    ///
    /// `None` if the engine supports the capability, does not know it, or gave no reason.
    pub fn reason(&self, cap: Cap) -> Option<&str> {
        match self.0.get(&cap) {
            Some(Support::Disabled { reason }) if !reason.is_empty() => Some(reason),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_found_again() {
        for cap in Cap::ALL {
            assert_eq!(Cap::from_id(cap.id()), Some(*cap), "{cap}");
        }
        assert_eq!(Cap::SourceHttpUidGid.to_string(), "soruce.http.uidgid");
    }

    #[test]
    fn ids_that_no_engine_registers_do_not_exist() {
        assert_eq!(Cap::from_id("file.copy.modestring"), None);
        assert_eq!(Cap::from_id("exec.meta.removemountstubs.recursive"), None);
    }

    #[test]
    fn a_disabled_capability_is_not_supported_and_says_why() {
        let disabled = |id: &str, key: &str, message: &str| pb::ApiCap {
            id: id.to_owned(),
            disabled_reason: key.to_owned(),
            disabled_reason_msg: message.to_owned(),
            ..pb::ApiCap::default()
        };
        let caps = CapSet::new([
            disabled("mergeop", "store", "only enabled with containerd image store backend"),
            disabled("diffop", "store", ""),
            pb::ApiCap { id: "file.base".to_owned(), enabled: true, ..pb::ApiCap::default() },
            pb::ApiCap { id: "of.the.future".to_owned(), enabled: true, ..pb::ApiCap::default() },
        ]);
        assert!(!caps.supports(Cap::MergeOp));
        assert_eq!(caps.reason(Cap::MergeOp), Some("only enabled with containerd image store backend"));
        assert_eq!(caps.reason(Cap::DiffOp), Some("store"));
        assert!(caps.supports(Cap::FileBase));
        assert_eq!(caps.reason(Cap::FileBase), None);
        assert!(!caps.supports(Cap::ExecMetaBase));
        assert_eq!(caps.reason(Cap::ExecMetaBase), None);
    }

    #[test]
    fn sets_for_tests_come_from_plain_pairs() {
        let caps = CapSet::from_pairs([("mergeop", true), ("diffop", false)]);
        assert!(caps.supports(Cap::MergeOp));
        assert!(!caps.supports(Cap::DiffOp));
        assert!(CapSet::all().supports(Cap::DiffOp));
        assert!(!CapSet::all().without(Cap::DiffOp).supports(Cap::DiffOp));
    }
}
