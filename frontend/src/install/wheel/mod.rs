//! Wheels: the checks before a byte is written, and the writing of their members.
//!
//! [`Wheel::open`] checks everything that the archive's directory and the wheel's metadata contain.
//! [`Wheel::extract`] then checks each member's content while it writes the member. A wheel that pip and uv
//! install is installed. If it breaks the format without doing harm, the step's output mentions this
//! ([`oddity`]). A dangerous wheel is refused ([`Problem`]). The rules are those of the wheel format (PEP 427
//! and the specifications "binary distribution format", "recording installed projects" and "entry points").

mod archive;
mod entry_points;
mod error;
pub(super) mod framing;
mod hash;
mod inflate;
mod layout;
mod metadata;
mod name;
mod oddity;
mod record;
mod script;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use archive::{Archive, Member};
pub use error::{NameProblem, Problem, WheelError};
use hash::{Hash, Hasher};
pub(super) use inflate::Inflater;
pub(super) use layout::Environment;
use layout::Kind;
use metadata::Metadata;
use name::Identity;
use oddity::{Oddities, Oddity};
use record::{Installed, Record};
pub(super) use record::{each_row, field, rows_of_record};

use super::tree::{Mode, Tree};
use super::{ToolError, startup};

/// A hash in the form of RECORD.
pub(super) fn record_hash(bytes: &[u8]) -> String {
    Hash::of(bytes).render()
}

/// A wheel to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The path of the file, or of a directory that contains exactly one wheel.
    pub(super) path: PathBuf,
    /// The hash that the file must have: a SHA-256 in hexadecimal, or `sha384=` or `sha512=` and its digits.
    /// `None` for a wheel that was built in the same build.
    pub(super) hash: Option<String>,
    /// Whether the user requested the package, and not only another package.
    pub(super) requested: bool,
    /// The content of `direct_url.json`, if the package does not come from an index.
    pub(super) direct_url: Option<String>,
    /// The package in the lock: its name, and its version if the lock contains it.
    pub(super) expected: Option<(String, Option<String>)>,
    /// Whether the list of installed files contains only paths.
    pub(super) paths_alone: bool,
}

/// A wheel that can be installed, as far as this is known before unpacking.
pub(super) struct Wheel {
    /// The file name.
    pub(super) file: String,
    identity: Identity,
    archive: Archive,
    dist_info: String,
    /// The files by path in the environment.
    pub(super) files: BTreeMap<String, Content>,
    oddities: Oddities,
}

/// The content of a path.
pub(super) enum Content {
    /// A member of the archive, with its hash in RECORD if this hash can be used.
    Member { name: String, kind: Kind, hash: Option<Hash>, size: u64, crc: u32, mode: Mode },
    /// A file that the installer makes.
    Made { bytes: Vec<u8>, mode: Mode },
}

/// A member that was written.
pub(super) struct Written {
    /// The hash of the file. For a script, after its first line was filled in.
    hash: Hash,
    /// The size in bytes.
    size: u64,
    /// Whether RECORD contains another hash than the member has.
    is_other: bool,
}

impl Wheel {
    /// Opens a wheel, checks its hash, and decides the destinations of its members.
    pub(super) fn open(source: &Source, environment: &Environment) -> Result<Self, ToolError> {
        let path = one_wheel(&source.path)?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let failed = |error| ToolError::File { path: path.display().to_string(), source: error };
        let mut opened = File::open(&path).map_err(failed)?;
        if let Some(hash) = &source.hash {
            let (algorithm, expected) = hash.split_once('=').unwrap_or(("sha256", hash));
            let hasher = Hasher::named(algorithm)
                .ok_or_else(|| ToolError::Usage(format!("`{algorithm}` is no hash to hold a file to")))?;
            let found = hash_of(&mut opened, hasher).map_err(failed)?;
            if !found.eq_ignore_ascii_case(expected) {
                let (algorithm, expected) = (algorithm.to_owned(), expected.to_owned());
                return Err(Problem::FileHash { algorithm, expected, found }.of(&file).into());
            }
        }
        let checked = Self::check(opened, &file, source, environment);
        checked.map_err(|problem| problem.of(&file).into())
    }

    fn check(opened: File, file: &str, source: &Source, environment: &Environment) -> Result<Self, Problem> {
        let identity = Identity::of_file(file)?;
        if let Some((name, version)) = &source.expected {
            identity.check(name, version.as_deref())?;
        }
        let archive = Archive::open(opened)?;
        let mut oddities = archive.oddities().clone();
        let mut inflater = Inflater::new();
        let metadata = Metadata::read(&archive, &identity, &mut inflater, &mut oddities)?;
        let dist_info = &metadata.dist_info;
        let record_name = format!("{dist_info}/RECORD");
        let record = metadata::text(&archive, &record_name, &mut inflater)?;
        let record = Record::parse(&record_name, &record, &mut oddities)?;
        for absent in record.paths().filter(|path| !archive.members().contains_key(*path)) {
            oddities.add(Oddity::Absent, absent);
        }
        let entry_points = format!("{dist_info}/entry_points.txt");
        let mut commands = if archive.members().contains_key(&entry_points) {
            entry_points::parse(&entry_points, &metadata::text(&archive, &entry_points, &mut inflater)?)?
        } else {
            BTreeMap::new()
        };
        entry_points::for_python(&mut commands, environment.python.numbers());
        let mut files = BTreeMap::new();
        // The order is pip's: members in `.data` are written after other members, then scripts. Each group
        // has the order of the archive.
        let phase = |name: &str| {
            let data = name.split_once('/').filter(|(top, _)| top.strip_suffix(".data").is_some());
            data.map_or(0, |(_, rest)| if rest.starts_with("scripts/") { 2 } else { 1 })
        };
        let mut members: Vec<_> = archive.members().iter().collect();
        members.sort_by_key(|(name, member)| (phase(name), member.number));
        for (name, member) in members {
            let Some(place) = environment.place(name, &identity, &metadata)? else { continue };
            if member.is_link {
                check_link(&archive, name, member, &mut inflater)?;
                oddities.add(Oddity::Link, name.clone());
            }
            let command = place.path.strip_prefix("bin/").map(made_for_command);
            // Some build tools add launchers for entry points. The installer's own launchers replace them.
            if place.kind == Kind::Script && command.is_some_and(|command| commands.contains_key(command)) {
                continue;
            }
            let is_signature = name.strip_prefix(dist_info.as_str()).is_some_and(|rest| {
                rest.strip_prefix('/').is_some_and(|file| layout::SIGNATURES.contains(&file))
            });
            let hash = if is_signature { None } else { record.hash(name, member.size, &mut oddities) };
            let executable = member.executable || place.kind == Kind::Script;
            let mode = if executable { Mode::Executable } else { Mode::Plain };
            let (size, crc) = (member.size, member.crc);
            let content = Content::Member { name: name.clone(), kind: place.kind, hash, size, crc, mode };
            add(&mut files, place.path, content, &mut oddities);
        }
        for (name, entry) in &commands {
            let place = format!("bin/{name}");
            if layout::is_reserved(&place) {
                return Err(Problem::Reserved(place));
            }
            let bytes = script::launcher(&environment.interpreter, entry).into_bytes();
            add(&mut files, place, Content::Made { bytes, mode: Mode::Executable }, &mut oddities);
        }
        for (name, text) in notes(source) {
            let place = format!("{}/{dist_info}/{name}", environment.site_packages());
            let content = Content::Made { bytes: text.into_bytes(), mode: Mode::Plain };
            add(&mut files, place, content, &mut oddities);
        }
        if files.contains_key("bin/activate") {
            oddities.add(Oddity::Activate, "bin/activate");
        }
        let package = identity.package();
        for place in files.range("bin/".to_owned()..).map(|(place, _)| place) {
            let Some(command) = place.strip_prefix("bin/") else { break };
            if layout::is_others_program(command, &package) {
                oddities.add(Oddity::Program, place.clone());
            }
        }
        let site = format!("{}/", environment.site_packages());
        for path in files.keys().filter_map(|place| place.strip_prefix(site.as_str())) {
            if startup::is_run(path) {
                oddities.add(Oddity::Startup, path);
            }
        }
        find_cases(&files, &mut oddities);
        Ok(Self { file: file.to_owned(), identity, archive, dist_info: metadata.dist_info, files, oddities })
    }

    /// The irregularities of the wheel that do no harm, including those found while writing. Each has one
    /// line.
    pub(super) fn oddities(&self, written: &BTreeMap<&str, Written>) -> Vec<String> {
        let mut oddities = self.oddities.clone();
        for place in written.iter().filter(|(_, facts)| facts.is_other).map(|(place, _)| place) {
            if let Some(Content::Member { name, .. }) = self.files.get(*place) {
                oddities.add(Oddity::OtherHash, name.clone());
            }
        }
        oddities.lines()
    }

    /// The normalized name of the package.
    pub(super) fn package(&self) -> String {
        self.identity.package()
    }

    /// Writes the content of a destination to its path in `tree`.
    pub(super) fn extract(
        &self,
        content: &Content,
        (tree, path): (&Tree, &str),
        mode: Mode,
        interpreter: &str,
        inflater: &mut Inflater,
    ) -> Result<Option<Written>, ToolError> {
        let (name, kind, expected, size) = match content {
            Content::Made { bytes, .. } => return tree.write(path, bytes, mode).map(|()| None),
            Content::Member { name, kind, hash, size, .. } => (name, *kind, hash.as_ref(), *size),
        };
        let Some(member) = self.archive.members().get(name) else {
            return Err(Problem::Missing(name.clone()).of(&self.file).into());
        };
        let mut output = tree.create(path)?;
        let mut hasher = expected.map_or_else(Hasher::sha256, Hash::hasher);
        let mut rewritten: Option<(Hasher, u64)> = None;
        let mut first = kind == Kind::Script;
        let mut sink = |piece: &[u8]| -> Result<(), Failure> {
            hasher.update(piece);
            let mut put = |bytes: &[u8], rewritten: &mut Option<(Hasher, u64)>| {
                if let Some((hasher, size)) = rewritten {
                    hasher.update(bytes);
                    *size += bytes.len() as u64;
                }
                output.write(bytes)
            };
            let open = if std::mem::take(&mut first) { script::after_open_shebang(piece) } else { None };
            match open {
                Some(rest) => {
                    rewritten = Some((Hasher::sha256(), 0));
                    put(script::shebang(interpreter).as_bytes(), &mut rewritten)?;
                    put(rest, &mut rewritten)?;
                }
                None => put(piece, &mut rewritten)?,
            }
            Ok(())
        };
        inflater.unpack(&self.archive, name, member, &mut sink).map_err(|failure| failure.of(&self.file))?;
        let hash = hasher.finish();
        output.finish(mode)?;
        let is_other = expected.is_some_and(|expected| *expected != hash);
        Ok(Some(match rewritten {
            Some((hasher, size)) => Written { hash: hasher.finish(), size, is_other },
            None => Written { hash, size, is_other },
        }))
    }

    /// The path of RECORD in the environment, and its text.
    ///
    /// `written` contains the members of this wheel that were written. A file that another wheel has replaced
    /// keeps its row from the wheel's own RECORD.
    pub(super) fn record(
        &self,
        environment: &Environment,
        written: &BTreeMap<&str, Written>,
    ) -> (String, String) {
        let mut installed = Installed::default();
        for (place, hash, size) in self.installed(written) {
            installed.add(&environment.relative_to_site(place), hash.as_deref(), size);
        }
        let own = format!("{}/RECORD", self.dist_info);
        (format!("{}/{own}", environment.site_packages()), installed.render(&own))
    }

    /// The same rows as a list for the comparison of layers, with paths in the environment.
    pub(super) fn listed(&self, written: &BTreeMap<&str, Written>) -> Vec<(String, String)> {
        let row = |(place, hash, size): (&str, Option<Cow<'_, Hash>>, u64)| {
            let hash = hash.map(|hash| hash.render()).unwrap_or_default();
            (place.to_owned(), format!("{hash},{size}"))
        };
        self.installed(written).map(row).collect()
    }

    /// The installed files of the package: path in the environment, hash if it is known, and size.
    fn installed<'w>(
        &'w self,
        written: &'w BTreeMap<&str, Written>,
    ) -> impl Iterator<Item = (&'w str, Option<Cow<'w, Hash>>, u64)> {
        self.files.iter().map(|(place, content)| match (written.get(place.as_str()), content) {
            (Some(facts), _) => (place.as_str(), Some(Cow::Borrowed(&facts.hash)), facts.size),
            (None, Content::Member { hash, size, .. }) => {
                (place.as_str(), hash.as_ref().map(Cow::Borrowed), *size)
            }
            (None, Content::Made { bytes, .. }) => {
                (place.as_str(), Some(Cow::Owned(Hash::of(bytes))), bytes.len() as u64)
            }
        })
    }
}

impl Content {
    /// The number of bytes to write, as an estimate of the work.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Member { size, .. } => *size,
            Self::Made { bytes, .. } => bytes.len() as u64,
        }
    }

    /// Whether it is executable.
    pub(super) fn mode(&self) -> Mode {
        match self {
            Self::Member { mode, .. } | Self::Made { mode, .. } => *mode,
        }
    }

    /// Whether both contents give the same file. RECORD can be wrong, so the archive's checksum is compared
    /// too.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Member { kind, hash, size, crc, .. },
                Self::Member { kind: other_kind, hash: other_hash, size: other_size, crc: other_crc, .. },
            ) => {
                let hashes = hash.as_ref().zip(other_hash.as_ref());
                (kind, size, crc) == (other_kind, other_size, other_crc)
                    && hashes.is_none_or(|(one, two)| one == two || !one.is_comparable(two))
            }
            (Self::Made { bytes, .. }, Self::Made { bytes: other, .. }) => bytes == other,
            _ => false,
        }
    }
}

/// The reason why a member was not written.
enum Failure {
    Problem(Problem),
    Tool(ToolError),
}

impl Failure {
    fn of(self, file: &str) -> ToolError {
        match self {
            Self::Problem(problem) => problem.of(file).into(),
            Self::Tool(error) => error,
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        Self::Tool(error)
    }
}

/// The file itself, or the only wheel in a directory.
fn one_wheel(path: &Path) -> Result<PathBuf, ToolError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let failed = |source| ToolError::File { path: path.display().to_string(), source };
    let mut found = Vec::new();
    for entry in path.read_dir().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // The build of a stranger's package can leave a link or a pipe there.
        let is_file = entry.file_type().map_err(failed)?.is_file();
        let entry = entry.path();
        if is_file && entry.extension().is_some_and(|extension| extension == "whl") {
            found.push(entry);
        }
    }
    match (found.pop(), found.len()) {
        (Some(wheel), 0) => Ok(wheel),
        (_, more) => Err(ToolError::Usage(format!(
            "`{}` has {} wheels, and must have one",
            path.display(),
            if more == 0 { 0 } else { more + 1 }
        ))),
    }
}

/// The hexadecimal hash of the file. The file is then at its start again.
fn hash_of(file: &mut File, mut hasher: Hasher) -> std::io::Result<String> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        let got = file.read(&mut buffer)?;
        match buffer.get(..got) {
            Some(piece) if !piece.is_empty() => hasher.update(piece),
            _ => break,
        }
    }
    file.rewind()?;
    Ok(hasher.finish().hexadecimal())
}

/// The files that an installer adds to `.dist-info`, with their content.
fn notes(source: &Source) -> Vec<(&'static str, String)> {
    let mut notes = vec![("INSTALLER", "pybuild\n".to_owned())];
    if source.requested {
        notes.push(("REQUESTED", String::new()));
    }
    notes.extend(source.direct_url.clone().map(|text| ("direct_url.json", text)));
    notes
}

/// The command for which a build tool made this launcher.
fn made_for_command(script: &str) -> &str {
    let stem = [".exe", "-script.py", ".pya"].iter().find_map(|suffix| script.strip_suffix(suffix));
    stem.unwrap_or(script)
}

/// Adds a file. If two files have the same destination, the later one is kept.
fn add(files: &mut BTreeMap<String, Content>, place: String, content: Content, oddities: &mut Oddities) {
    if files.get(&place).is_some_and(|other| !other.is_same(&content)) {
        oddities.add(Oddity::SamePlace, place.clone());
    }
    files.insert(place, content);
}

/// An image may be unpacked on a file system that ignores case. There, one file would replace the other.
fn find_cases(files: &BTreeMap<String, Content>, oddities: &mut Oddities) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for place in files.keys() {
        if let Some(first) = seen.insert(place.to_lowercase(), place) {
            oddities.add(Oddity::Case, first);
            oddities.add(Oddity::Case, place.clone());
        }
    }
}

/// Checks the target of a link. pip and uv write the target's path into a file and never make a link. But a
/// link to a file outside of the wheel is not harmless.
fn check_link(
    archive: &Archive,
    name: &str,
    member: &Member,
    inflater: &mut Inflater,
) -> Result<(), Problem> {
    const LIMIT: u64 = 4096;
    let target = inflater.read(archive, name, member, LIMIT)?;
    let target = String::from_utf8_lossy(&target).into_owned();
    let mut depth = name.split('/').count().saturating_sub(1);
    let leads_out = target.starts_with('/')
        || target.split('/').any(|part| match part {
            "" | "." => false,
            ".." if depth == 0 => true,
            ".." => {
                depth -= 1;
                false
            }
            _ => {
                depth += 1;
                false
            }
        });
    if leads_out { Err(Problem::Link { member: name.to_owned(), target }) } else { Ok(()) }
}
