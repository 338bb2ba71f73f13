//! The names of a client's files, as the engine lists them if it does not transfer most of the files.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use buildkit_proto::fsutil::types::Stat;
use prost::Message;

use crate::gateway::calls::FileStat;
use crate::ignore::Patterns;
use crate::project::followed;
use crate::spec::ContextPath;

/// The entries of a client's folder, by path.
pub(super) type Listing = BTreeMap<String, Entry>;

/// One entry of a client's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A file, and whether it is executable.
    File {
        runs: bool,
    },
    Folder,
    /// A symbolic link with its target, as the link contains it.
    Link(String),
    /// A pipe or a device.
    Other,
}

/// Decodes a listing. Each entry is a length in four little-endian bytes and an fsutil `Stat` message.
pub(super) fn listed(bytes: &[u8]) -> Listing {
    let mut found = BTreeMap::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((message, after)) = after.split_at_checked(length) else {
            break;
        };
        rest = after;
        if let Ok(stat) = Stat::decode(message) {
            let stat = FileStat::from(stat);
            let entry = match () {
                () if stat.is_dir() => Entry::Folder,
                () if stat.is_symlink() => Entry::Link(stat.link_target),
                () if stat.is_file() => Entry::File { runs: stat.runs() },
                () => Entry::Other,
            };
            found.insert(stat.path, entry);
        }
    }
    found
}

/// The path that `path` leads to, if the links of a listing are followed.
pub(super) fn target_in(listing: &Listing, path: &ContextPath) -> Option<ContextPath> {
    let link = |path: &str| {
        Ok::<_, Infallible>(match listing.get(path) {
            Some(Entry::Link(target)) => Some(target.clone()),
            _ => None,
        })
    };
    match followed(path, link) {
        Ok(target) => target,
        Err(never) => match never {},
    }
}

/// The entry at a path that contains no links. A listing also has the parent folders of the requested paths.
pub(super) fn entry_at(listing: &Listing, path: &ContextPath) -> Option<Entry> {
    if path.is_root() { Some(Entry::Folder) } else { listing.get(path.as_str()).cloned() }
}

pub(super) fn matching<'l>(
    listing: &'l Listing,
    roots: &'l BTreeSet<ContextPath>,
    names: &[&str],
    ignored: &'l Patterns,
) -> impl Iterator<Item = String> + use<'l> {
    let wanted = Patterns::from_rules(names.iter().copied()).unwrap_or_default();
    let roots: BTreeSet<&str> = roots.iter().map(ContextPath::as_str).collect();
    let is_below = move |path: &str| {
        let parents = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        roots.contains(".") || parents.chain([path]).any(|parent| roots.contains(parent))
    };
    let files = listing.iter().filter(|(_, entry)| matches!(entry, Entry::File { .. })).map(|(path, _)| path);
    let fitting = files.filter(move |path| wanted.matches(path.rsplit('/').next().unwrap_or_default()));
    fitting.take(ignored.most_paths()).filter(move |path| is_below(path) && !ignored.matches(path)).cloned()
}
