//! The parts of SPDX 2.3 that pybuild's documents use, in the order of the specification.
//!
//! <https://spdx.github.io/spdx-spec/v2.3/>. Optional fields without a known value are left out.

use serde::{Deserialize, Serialize};

/// The value for unknown data. In SPDX it is different from an empty value.
pub const NO_ASSERTION: &str = "NOASSERTION";

/// The start of the comment of a package with files that Python runs at every start.
pub(super) const STARTUP: &str = "Python runs at every start: ";

/// The id of the document itself.
pub const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// An SPDX document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The version of SPDX.
    pub spdx_version: String,
    /// The licence of the document itself. SPDX allows only one value.
    pub data_license: String,
    /// The id of the document.
    #[serde(rename = "SPDXID")]
    pub id: String,
    /// The name of the document.
    pub name: String,
    /// A unique address for the document. The address does not have to exist.
    pub document_namespace: String,
    /// The time and the tools of its creation.
    pub creation_info: CreationInfo,
    /// The packages.
    pub packages: Vec<Package>,
    /// The relationships between the elements.
    pub relationships: Vec<Relationship>,
    /// Licences without an SPDX name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub has_extracted_licensing_infos: Vec<ExtractedLicence>,
}

/// The time and the tools of a document's creation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreationInfo {
    /// The time, as `2024-02-29T12:34:56Z`.
    pub created: String,
    /// Tools and people, as `Tool: name-version`.
    pub creators: Vec<String>,
}

/// An installed package, or the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    /// The name.
    pub name: String,
    /// The id in the document.
    #[serde(rename = "SPDXID")]
    pub id: String,
    /// The version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_info: Option<String>,
    /// The name of the file of the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_file_name: Option<String>,
    /// The address that the file was downloaded from.
    pub download_location: String,
    /// Whether the document lists the files of the package.
    pub files_analyzed: bool,
    /// Hashes of the file of the package.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checksums: Vec<Checksum>,
    /// The origin of the package, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_info: Option<String>,
    /// The licence that the author of the document found. Pybuild only repeats the declarations of packages.
    pub license_concluded: String,
    /// The licence that the package declares.
    pub license_declared: String,
    /// The copyright text.
    pub copyright_text: String,
    /// Other remarks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Names of the package in other systems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_refs: Vec<ExternalRef>,
    /// The purpose: `APPLICATION` or `LIBRARY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_package_purpose: Option<String>,
}

/// A hash of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checksum {
    /// The algorithm, such as `SHA256`.
    pub algorithm: String,
    /// The hash in hexadecimal.
    pub checksum_value: String,
}

/// A name of a package in another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalRef {
    /// The category, such as `PACKAGE-MANAGER`.
    pub reference_category: String,
    /// The type, such as `purl`.
    pub reference_type: String,
    /// The name.
    pub reference_locator: String,
}

/// A relationship between two elements.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relationship {
    /// The id of the first element.
    pub spdx_element_id: String,
    /// The type, such as `DEPENDS_ON`.
    pub relationship_type: String,
    /// The id of the second element.
    pub related_spdx_element: String,
}

/// A licence without an SPDX name, with the text that a package has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtractedLicence {
    /// The id of the licence, which packages use.
    pub license_id: String,
    /// The text.
    pub extracted_text: String,
    /// The name of the licence.
    pub name: String,
}

impl Package {
    /// The files of the package that Python runs at every start, from the comment that
    /// [`complete`](super::complete()) has written.
    pub fn startup_files(&self) -> impl Iterator<Item = &str> {
        let listed = self.comment.as_deref().and_then(|comment| comment.strip_prefix(STARTUP));
        listed.into_iter().flat_map(|listed| listed.split(", ")).filter(|file| !file.is_empty())
    }

    /// A package with only a name and an id.
    pub(super) fn new(name: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            id: id.into(),
            version_info: None,
            package_file_name: None,
            download_location: NO_ASSERTION.to_owned(),
            files_analyzed: false,
            checksums: Vec::new(),
            source_info: None,
            license_concluded: NO_ASSERTION.to_owned(),
            license_declared: NO_ASSERTION.to_owned(),
            copyright_text: NO_ASSERTION.to_owned(),
            comment: None,
            external_refs: Vec::new(),
            primary_package_purpose: None,
        }
    }
}

impl Relationship {
    pub(super) fn new(one: impl Into<String>, kind: &str, other: impl Into<String>) -> Self {
        Self {
            spdx_element_id: one.into(),
            relationship_type: kind.to_owned(),
            related_spdx_element: other.into(),
        }
    }
}
