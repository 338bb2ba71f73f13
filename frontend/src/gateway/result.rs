//! The result of a build: references, image configs and other metadata, under the keys that exporters read.

use std::collections::BTreeMap;

use buildkit_llb::Platform;
use buildkit_proto::moby::buildkit::v1::frontend as wire;
use serde::Serialize;

use crate::gateway::calls::Reference;

const CONFIG: &str = "containerimage.config";
const BASE_CONFIG: &str = "containerimage.base.config";
const EPOCH: &str = "source.date.epoch";
const PLATFORMS: &str = "refs.platforms";
const SPDX: &str = "https://spdx.dev/Document";

/// The result for one platform.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlatformResult {
    /// The platform, as the client wrote it.
    pub platform: Platform,
    /// The file system; `None` means an empty one.
    pub reference: Option<Reference>,
    /// The image config, as JSON.
    pub config: Vec<u8>,
    /// The config of the base image, as it is in the registry. Exporters need it to keep the timestamps of
    /// inherited history.
    pub base_config: Option<Vec<u8>>,
    /// The time of the build in seconds since 1970, if the frontend determined it.
    pub epoch: Option<i64>,
    /// Attestations about the file system.
    pub attestations: Vec<SbomAttestation>,
}

/// An SBOM that the build made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SbomAttestation {
    /// A file that contains an SPDX document.
    Document {
        /// The file system with the document.
        reference: Reference,
        /// The path of the document.
        path: String,
    },
    /// A directory of in-toto statements, the output of a scanner.
    Statements {
        /// The file system with the directory.
        reference: Reference,
    },
}

impl From<SbomAttestation> for wire::Attestation {
    fn from(sbom: SbomAttestation) -> Self {
        let metadata = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()
        };
        let wire_ref = |reference: Reference| Some(wire::Ref { id: reference.id, def: None });
        // The predicate type also shows the engine that it need not run a scanner of its own.
        let common = Self { in_toto_predicate_type: SPDX.to_owned(), ..Self::default() };
        match sbom {
            SbomAttestation::Document { reference, path } => Self {
                kind: wire::AttestationKind::InToto.into(),
                metadata: metadata(&[("reason", "sbom")]),
                r#ref: wire_ref(reference),
                path,
                ..common
            },
            SbomAttestation::Statements { reference } => Self {
                kind: wire::AttestationKind::Bundle.into(),
                metadata: metadata(&[("reason", "sbom"), ("sbom-core", "sbom")]),
                r#ref: wire_ref(reference),
                ..common
            },
        }
    }
}

/// A complete result. Each kind of build has one constructor: [`Self::single`], [`Self::multi`] and
/// [`Self::answer`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewayResult {
    result: wire::Result,
}

impl GatewayResult {
    /// A result for one platform, under plain keys.
    pub fn single(platform: PlatformResult) -> Self {
        let mut result = Self::with_platforms(std::slice::from_ref(&platform));
        result.result.result = Some(wire::result::Result::Ref(wire_ref(platform.reference.as_ref())));
        result.add(platform, "");
        result
    }

    /// Results by platform. Use it also for one platform, if the client asked for several or set
    /// `multi-platform`. Of two results for the same platform, the later one is kept.
    pub fn multi(platforms: Vec<PlatformResult>) -> Self {
        let mut result = Self::with_platforms(&platforms);
        let refs = platforms.iter().map(|each| (key_of(&each.platform), wire_ref(each.reference.as_ref())));
        result.result.result = Some(wire::result::Result::Refs(wire::RefMap { refs: refs.collect() }));
        for platform in platforms {
            let suffix = format!("/{}", key_of(&platform.platform));
            result.add(platform, &suffix);
        }
        result
    }

    /// The answer to a request that builds no image: metadata such as `result.json`, and an empty file
    /// system.
    pub fn answer<K: Into<String>, V: Into<Vec<u8>>>(metadata: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut result = Self::default();
        result.result.result = Some(wire::result::Result::Ref(wire_ref(None)));
        for (key, value) in metadata {
            result = result.with_metadata(key, value);
        }
        result
    }

    /// Adds a key for exporters or, with the prefix `frontend.`, for the client.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.result.metadata.insert(key.into(), value.into());
        self
    }

    /// The metadata, sorted by key.
    pub fn metadata(&self) -> BTreeMap<&str, &[u8]> {
        self.result.metadata.iter().map(|(key, value)| (key.as_str(), value.as_slice())).collect()
    }

    /// The message for the engine.
    pub(super) fn into_wire(self) -> wire::Result {
        self.result
    }

    fn with_platforms(platforms: &[PlatformResult]) -> Self {
        let platforms = platforms.iter().map(|each| ExportPlatform::from(&each.platform)).collect();
        // Structs of strings always serialise.
        let json = serde_json::to_vec(&ExportPlatforms { platforms }).unwrap_or_default();
        Self::default().with_metadata(PLATFORMS, json)
    }

    fn add(&mut self, platform: PlatformResult, suffix: &str) {
        let metadata = &mut self.result.metadata;
        metadata.insert(format!("{CONFIG}{suffix}"), platform.config);
        if let Some(base_config) = platform.base_config {
            metadata.insert(format!("{BASE_CONFIG}{suffix}"), base_config);
        }
        if let Some(epoch) = platform.epoch {
            metadata.insert(format!("{EPOCH}{suffix}"), epoch.to_string().into_bytes());
        }
        if !platform.attestations.is_empty() {
            let attestation = platform.attestations.into_iter().map(wire::Attestation::from).collect();
            // Attestations are keyed by platform even in the result for one platform.
            self.result.attestations.insert(key_of(&platform.platform), wire::Attestations { attestation });
        }
    }
}

fn key_of(platform: &Platform) -> String {
    platform.normalized().format_all()
}

fn wire_ref(reference: Option<&Reference>) -> wire::Ref {
    wire::Ref { id: reference.map(|reference| reference.id.clone()).unwrap_or_default(), def: None }
}

/// The value of `refs.platforms`. The capital letter is that of Go's field name.
#[derive(Serialize)]
struct ExportPlatforms {
    #[serde(rename = "Platforms")]
    platforms: Vec<ExportPlatform>,
}

#[derive(Serialize)]
struct ExportPlatform {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Platform")]
    platform: OciPlatform,
}

/// The fields have the order of Go's OCI type.
#[derive(Serialize)]
struct OciPlatform {
    architecture: String,
    os: String,
    #[serde(rename = "os.version", skip_serializing_if = "String::is_empty")]
    os_version: String,
    #[serde(rename = "os.features", skip_serializing_if = "Vec::is_empty")]
    os_features: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    variant: String,
}

impl From<&Platform> for ExportPlatform {
    fn from(platform: &Platform) -> Self {
        let Platform { os, architecture, variant, os_version, os_features } = platform.normalized();
        Self {
            id: key_of(platform),
            platform: OciPlatform { architecture, os, os_version, os_features, variant },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(platform: &str, id: Option<&str>) -> PlatformResult {
        PlatformResult {
            platform: Platform::parse(platform).expect(platform),
            reference: id.map(|id| Reference { id: id.to_owned() }),
            config: b"{}".to_vec(),
            ..PlatformResult::default()
        }
    }

    fn text<'a>(result: &'a GatewayResult, key: &str) -> Option<std::borrow::Cow<'a, str>> {
        result.metadata().get(key).map(|value| String::from_utf8_lossy(value))
    }

    #[test]
    fn one_platform_has_plain_keys() {
        let base = PlatformResult {
            base_config: Some(b"base".to_vec()),
            epoch: Some(1_700_000_000),
            ..built("linux/amd64", Some("r1"))
        };
        let result = GatewayResult::single(base);
        let keys: Vec<_> = result.metadata().into_keys().collect();
        assert_eq!(keys, [BASE_CONFIG, CONFIG, PLATFORMS, EPOCH]);
        assert_eq!(text(&result, EPOCH).as_deref(), Some("1700000000"));
        assert_eq!(
            text(&result, PLATFORMS).as_deref(),
            Some(r#"{"Platforms":[{"ID":"linux/amd64","Platform":{"architecture":"amd64","os":"linux"}}]}"#)
        );
        let expected = wire::Ref { id: "r1".to_owned(), def: None };
        assert_eq!(result.into_wire().result, Some(wire::result::Result::Ref(expected)));
    }

    #[test]
    fn several_platforms_are_keyed_in_the_order_of_the_request() {
        let result = GatewayResult::multi(vec![
            built("linux/arm64/v8", Some("arm")),
            built("linux/arm/v7", None),
            built("windows(10.0.1)/amd64", Some("win")),
        ]);
        let keys: Vec<_> = result.metadata().into_keys().collect();
        assert_eq!(
            keys,
            [
                "containerimage.config/linux/arm/v7",
                "containerimage.config/linux/arm64",
                "containerimage.config/windows(10.0.1)/amd64",
                "refs.platforms"
            ]
        );
        assert_eq!(
            text(&result, PLATFORMS).as_deref(),
            Some(concat!(
                r#"{"Platforms":[{"ID":"linux/arm64","Platform":{"architecture":"arm64","os":"linux"}},"#,
                r#"{"ID":"linux/arm/v7","Platform":{"architecture":"arm","os":"linux","variant":"v7"}},"#,
                r#"{"ID":"windows(10.0.1)/amd64","Platform":{"architecture":"amd64","os":"windows","os.version":"10.0.1"}}]}"#
            ))
        );
        let Some(wire::result::Result::Refs(refs)) = result.into_wire().result else {
            panic!("references are keyed");
        };
        let ids: BTreeMap<_, _> =
            refs.refs.iter().map(|(key, reference)| (key.as_str(), reference.id.as_str())).collect();
        assert_eq!(
            ids,
            BTreeMap::from([("linux/arm/v7", ""), ("linux/arm64", "arm"), ("windows(10.0.1)/amd64", "win")])
        );
    }

    #[test]
    fn an_sbom_goes_under_its_platform_even_in_a_single_result() {
        let reference = |id: &str| Reference { id: id.to_owned() };
        let document =
            SbomAttestation::Document { reference: reference("d"), path: "/sbom.spdx.json".to_owned() };
        let statements = SbomAttestation::Statements { reference: reference("s") };
        let result = GatewayResult::single(PlatformResult {
            attestations: vec![document, statements],
            ..built("linux/amd64", Some("r"))
        });
        let attestations = result.into_wire().attestations;
        let [document, statements] = attestations["linux/amd64"].attestation.as_slice() else {
            panic!("two attestations");
        };
        assert_eq!((document.kind, document.in_toto_predicate_type.as_str()), (0, SPDX));
        assert_eq!((document.path.as_str(), document.metadata.len()), ("/sbom.spdx.json", 1));
        assert_eq!((statements.kind, statements.in_toto_predicate_type.as_str()), (1, SPDX));
        assert_eq!(statements.metadata["sbom-core"], b"sbom");
    }

    #[test]
    fn an_answer_is_metadata_and_nothing_built() {
        let result = GatewayResult::answer([("result.txt", "none\n"), ("version", "1.0.0")]);
        assert_eq!(text(&result, "version").as_deref(), Some("1.0.0"));
        assert_eq!(result.into_wire().result, Some(wire::result::Result::Ref(wire::Ref::default())));
    }
}
