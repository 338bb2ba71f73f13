//! The parts of SPDX 2.3 that a document of ours has, in the order of the specification.
//!
//! <https://spdx.github.io/spdx-spec/v2.3/>. Fields that are optional there and unknown here are left out.

use serde::{Deserialize, Serialize};

/// What is said where something is not known; SPDX tells it from an empty value.
pub const NO_ASSERTION: &str = "NOASSERTION";

/// What the comment of a package begins with that brings files which Python runs at every start.
pub(super) const STARTUP: &str = "Python runs at every start: ";

/// The id of the document itself.
pub const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// A whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The version of SPDX.
    pub spdx_version: String,
    /// The licence of the document itself; SPDX leaves no choice.
    pub data_license: String,
    /// The document's id.
    #[serde(rename = "SPDXID")]
    pub id: String,
    /// What it is about.
    pub name: String,
    /// An address that no other document has. Nothing need be there.
    pub document_namespace: String,
    /// When and by what it was made.
    pub creation_info: CreationInfo,
    /// What there is.
    pub packages: Vec<Package>,
    /// How it hangs together.
    pub relationships: Vec<Relationship>,
    /// Licences that SPDX has no name for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub has_extracted_licensing_infos: Vec<ExtractedLicence>,
}

/// When and by what a document was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreationInfo {
    /// The time, as `2024-02-29T12:34:56Z`.
    pub created: String,
    /// Tools and people, as `Tool: name-version`.
    pub creators: Vec<String>,
}

/// Something that is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its id in the document.
    #[serde(rename = "SPDXID")]
    pub id: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_info: Option<String>,
    /// The file that it came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_file_name: Option<String>,
    /// Where it was fetched from.
    pub download_location: String,
    /// Whether the document lists its files.
    pub files_analyzed: bool,
    /// Hashes of the file that it came in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checksums: Vec<Checksum>,
    /// How it came to be, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_info: Option<String>,
    /// The licence that the document's author has found; we only repeat what packages declare.
    pub license_concluded: String,
    /// The licence that it declares.
    pub license_declared: String,
    /// Whose it is.
    pub copyright_text: String,
    /// What else is worth knowing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Names that it has elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_refs: Vec<ExternalRef>,
    /// What it is for: `APPLICATION` or `LIBRARY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_package_purpose: Option<String>,
}

/// A hash of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checksum {
    /// Such as `SHA256`.
    pub algorithm: String,
    /// In hexadecimal.
    pub checksum_value: String,
}

/// A name that a package has elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalRef {
    /// Such as `PACKAGE-MANAGER`.
    pub reference_category: String,
    /// Such as `purl`.
    pub reference_type: String,
    /// The name.
    pub reference_locator: String,
}

/// How one element stands to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relationship {
    /// The one.
    pub spdx_element_id: String,
    /// Such as `DEPENDS_ON`.
    pub relationship_type: String,
    /// The other.
    pub related_spdx_element: String,
}

/// A licence that SPDX has no name for, by the text that a package gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtractedLicence {
    /// The id that packages name it by.
    pub license_id: String,
    /// The text.
    pub extracted_text: String,
    /// What it is called.
    pub name: String,
}

impl Package {
    /// The files of the package that Python runs at every start, as [`complete`](super::complete()) has written them.
    pub fn startup_files(&self) -> impl Iterator<Item = &str> {
        let listed = self.comment.as_deref().and_then(|comment| comment.strip_prefix(STARTUP));
        listed.into_iter().flat_map(|listed| listed.split(", ")).filter(|file| !file.is_empty())
    }

    /// A package of which nothing but its name is known yet.
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
