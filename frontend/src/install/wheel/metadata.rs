//! A wheel's `.dist-info` directory: which one it is, and what WHEEL and METADATA say.

use std::collections::BTreeSet;

use super::archive::Archive;
use super::error::Problem;
use super::inflate::Inflater;
use super::name::Identity;

/// The most that a metadata file may have, in bytes. RECORD is the largest: 60 to 150 bytes for each file.
const LIMIT: u64 = 64 << 20;

/// What the installer needs to know of a wheel.
#[derive(Debug)]
pub(super) struct Metadata {
    /// The `.dist-info` directory's name.
    pub(super) dist_info: String,
    /// The package's name as its authors write it.
    pub(super) name: String,
}

impl Metadata {
    /// Reads the metadata and holds them against the file name.
    pub(super) fn read(
        archive: &Archive,
        identity: &Identity,
        inflater: &mut Inflater,
    ) -> Result<Self, Problem> {
        let dist_info = dist_info(archive)?;
        let stem = dist_info.strip_suffix(".dist-info").unwrap_or_default();
        let other =
            |place: String, found: String| Problem::Identity { expected: identity.shown(), place, found };
        if !identity.fits_stem(stem) {
            return Err(other(dist_info.clone(), stem.replacen('-', " ", 1)));
        }
        let wheel = text(archive, &format!("{dist_info}/WHEEL"), inflater)?;
        let version = header(&wheel, "Wheel-Version").unwrap_or_default();
        // A newer minor version adds only what may be ignored.
        if version.split('.').next() != Some("1") {
            return Err(Problem::FormatVersion(
                if version.is_empty() { "(none)" } else { version }.to_owned(),
            ));
        }
        let place = format!("{dist_info}/METADATA");
        let metadata = text(archive, &place, inflater)?;
        let name = header(&metadata, "Name").unwrap_or_default();
        let version = header(&metadata, "Version").unwrap_or_default();
        if !identity.fits(name, version) {
            return Err(other(place, format!("{name} {version}")));
        }
        Ok(Self { name: name.to_owned(), dist_info })
    }
}

/// The one `.dist-info` directory of the archive.
fn dist_info(archive: &Archive) -> Result<String, Problem> {
    let tops = archive.members().keys().filter_map(|name| Some(name.split_once('/')?.0));
    let found: BTreeSet<_> = tops.filter(|top| top.ends_with(".dist-info")).collect();
    match found.first() {
        Some(one) if found.len() == 1 => Ok((*one).to_owned()),
        _ => Err(Problem::DistInfo(found.len())),
    }
}

/// A metadata file's text.
pub(super) fn text(archive: &Archive, name: &str, inflater: &mut Inflater) -> Result<String, Problem> {
    let member = archive.members().get(name).ok_or_else(|| Problem::Missing(name.to_owned()))?;
    let content = inflater.read(archive, name, member, LIMIT)?;
    String::from_utf8(content).map_err(|_| Problem::Encoding(name.to_owned()))
}

/// The first header of a name, which is compared without case.
fn header<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let headers = text.lines().take_while(|line| !line.trim().is_empty());
    let mut fields = headers.filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
