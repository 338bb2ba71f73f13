//! A wheel's `.dist-info` directory: its name, and the contents of WHEEL and METADATA.

use std::collections::BTreeSet;

use super::archive::Archive;
use super::error::Problem;
use super::inflate::Inflater;
use super::name::Identity;
use super::oddity::{Oddities, Oddity};
use crate::install::limits;

/// The metadata that the installer needs.
#[derive(Debug)]
pub(super) struct Metadata {
    /// The name of the `.dist-info` directory.
    pub(super) dist_info: String,
}

impl Metadata {
    /// Reads the metadata and compares them with the file name.
    pub(super) fn read(
        archive: &Archive,
        identity: &Identity,
        inflater: &mut Inflater,
        oddities: &mut Oddities,
    ) -> Result<Self, Problem> {
        let dist_info = dist_info(archive)?;
        let stem = dist_info.strip_suffix(".dist-info").unwrap_or_default();
        let other =
            |place: String, found: String| Problem::Identity { expected: identity.shown(), place, found };
        // pip and uv check only the name here. METADATA decides the version.
        if !identity.begins(stem) {
            return Err(other(dist_info.clone(), stem.replacen('-', " ", 1)));
        }
        if !identity.fits_stem(stem) {
            oddities.add(Oddity::OtherVersion, dist_info.clone());
        }
        let wheel = text(archive, &format!("{dist_info}/WHEEL"), inflater)?;
        let version = header(&wheel, "Wheel-Version").unwrap_or_default();
        // A newer minor version only adds features that may be ignored. Version 0.1 was the draft of 1.0.
        if !matches!(version.split('.').next(), Some("0" | "1")) {
            return Err(Problem::FormatVersion(if version.is_empty() {
                "(none)".to_owned()
            } else {
                version
            }));
        }
        let place = format!("{dist_info}/METADATA");
        let bytes = content(archive, &place, inflater)?;
        let metadata = String::from_utf8_lossy(&bytes);
        if matches!(metadata, std::borrow::Cow::Owned(_)) {
            oddities.add(Oddity::Encoding, place.clone());
        }
        let name = header(&metadata, "Name").unwrap_or_default();
        let version = header(&metadata, "Version").unwrap_or_default();
        // The normalised name becomes the name of a folder.
        if !is_name(&name) {
            return Err(Problem::PackageName { place, name });
        }
        if !identity.fits(&name, &version) && !identity.fits_without_local(&name, &version) {
            return Err(other(place, format!("{name} {version}")));
        }
        Ok(Self { dist_info })
    }
}

/// The `.dist-info` directory of the archive, which must have exactly one.
fn dist_info(archive: &Archive) -> Result<String, Problem> {
    let tops = archive.members().keys().filter_map(|name| Some(name.split_once('/')?.0));
    let found: BTreeSet<_> = tops.filter(|top| top.ends_with(".dist-info")).collect();
    match found.first() {
        Some(one) if found.len() == 1 => Ok((*one).to_owned()),
        _ => Err(Problem::DistInfo(found.len())),
    }
}

/// The text of a metadata file.
pub(super) fn text(archive: &Archive, name: &str, inflater: &mut Inflater) -> Result<String, Problem> {
    String::from_utf8(content(archive, name, inflater)?).map_err(|_| Problem::Encoding(name.to_owned()))
}

fn content(archive: &Archive, name: &str, inflater: &mut Inflater) -> Result<Vec<u8>, Problem> {
    let member = archive.members().get(name).ok_or_else(|| Problem::Missing(name.to_owned()))?;
    let limit = if name.ends_with("/RECORD") { limits::LIST } else { limits::DESCRIPTION };
    inflater.read(archive, name, member, limit)
}

/// Whether a text is a valid package name: letters and digits, with `-`, `_` and `.` between them (the
/// specification "names and normalization").
fn is_name(text: &str) -> bool {
    let is_end = |character: Option<char>| character.is_some_and(|c| c.is_ascii_alphanumeric());
    is_end(text.chars().next())
        && is_end(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// The first header with this name, ignoring case. Its value can continue in lines that begin with a space.
fn header(text: &str, name: &str) -> Option<String> {
    // As in Python's parser of messages, the first line that is not a header ends the headers.
    let is_header = |line: &&str| {
        let is_key = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        line.starts_with([' ', '\t']) && !line.trim().is_empty()
            || line.split_once(':').is_some_and(|(key, _)| is_key(key))
    };
    let mut lines = text.lines().take_while(is_header);
    let is_it = |line: &str| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    let mut value = lines.find_map(is_it)?;
    for more in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.extend([" ", more.trim()]);
    }
    Some(value.trim().to_owned())
}
