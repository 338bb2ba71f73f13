//! The indexes that are asked for the files of locked packages if a lock has hashes but no URLs.
//!
//! The tool of the lock decides: it names one index for a package, or searches all indexes.
//! `[dependencies.index]` changes this: its `url` replaces the usual index, and its `extra` indexes are asked
//! too. The hashes define the content of each file, so no index can provide another content.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::address::{HttpUrl, redacted, visible};
use crate::lock::{self, Format, IndexKind, Lock, Package, Source};
use crate::select::Selected;
use crate::spec::{ContextPath, Index};

/// The number of digits of a digest in the question. They select files; the whole digest is compared later.
const DIGITS: usize = 16;

/// The locked files to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesQuestion {
    /// The indexes to search. Packages refer to them by number.
    pub indexes: Vec<FileIndex>,
    /// The packages, by name.
    pub packages: Vec<WantedFiles>,
}

/// A place that offers files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileIndex {
    /// The index in pip's configuration, or else pip's default index.
    Usual,
    /// An index at a URL.
    At(HttpUrl),
    /// A page with links to files.
    Links(HttpUrl),
    /// A folder of the context with files.
    Folder(ContextPath),
}

/// A package whose files must be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedFiles {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The first digits of the hashes of its files, such as `sha256:0123456789abcdef`.
    pub hashes: BTreeSet<String>,
    /// The numbers of the indexes to ask, in order.
    pub indexes: Vec<usize>,
}

/// An index of a lock that cannot be asked: its name or URL, for messages.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownIndex(pub(super) String);

impl FilesQuestion {
    /// Adds a package of `lock`, if it has a version.
    ///
    /// # Errors
    /// If the lock names an index for the package that cannot be asked, and there is no other index.
    pub(super) fn add(&mut self, entry: &Selected, lock: &Lock, index: &Index) -> Result<(), UnknownIndex> {
        let package = &entry.package;
        let Some(version) = &package.version else { return Ok(()) };
        let of_files = package.artifacts.iter().flat_map(|artifact| artifact.hashes.iter());
        let hashes = package.hashes.iter().chain(of_files).filter(|hash| hash.is_proof());
        let hashes = hashes.map(|hash| {
            let digits = hash.digest.get(..DIGITS).unwrap_or(&hash.digest);
            format!("{}:{digits}", hash.algorithm)
        });
        let places = places(package, lock, index)?;
        let indexes = places.into_iter().map(|place| self.number(place)).collect();
        self.packages.push(WantedFiles {
            name: package.name.as_str().to_owned(),
            version: version.to_string(),
            hashes: hashes.collect(),
            indexes,
        });
        Ok(())
    }

    /// The question in the format that `locate.py` reads.
    pub fn to_json(&self) -> String {
        let indexes = self.indexes.iter().map(|index| match index {
            FileIndex::Usual => json!({ "kind": "default" }),
            FileIndex::At(url) => json!({ "kind": "index", "url": url.as_str() }),
            FileIndex::Links(url) => json!({ "kind": "links", "url": url.as_str() }),
            FileIndex::Folder(path) => json!({ "kind": "folder", "path": path.as_str() }),
        });
        let packages = self.packages.iter().map(|package| {
            json!({
                "name": package.name,
                "version": package.version,
                "hashes": package.hashes,
                "indexes": package.indexes,
            })
        });
        let text = json!({
            "indexes": indexes.collect::<Vec<Value>>(),
            "packages": packages.collect::<Vec<Value>>(),
        });
        format!("{text}\n")
    }

    /// The folders of the context that are searched.
    pub fn context_paths(&self) -> impl Iterator<Item = String> {
        self.indexes.iter().filter_map(|index| match index {
            FileIndex::Folder(path) => Some(path.as_str().to_owned()),
            _ => None,
        })
    }

    /// The folder with this number.
    pub(super) fn folder(&self, number: usize) -> Option<&ContextPath> {
        match self.indexes.get(number) {
            Some(FileIndex::Folder(path)) => Some(path),
            _ => None,
        }
    }

    fn number(&mut self, place: FileIndex) -> usize {
        let known = self.indexes.iter().position(|known| *known == place);
        known.unwrap_or_else(|| {
            self.indexes.push(place);
            self.indexes.len() - 1
        })
    }
}

/// The places that are searched for the files of a package, in order.
fn places(package: &Package, lock: &Lock, index: &Index) -> Result<Vec<FileIndex>, UnknownIndex> {
    let of_build_file = index.extra.iter().map(|url| at(url).ok_or_else(|| UnknownIndex(shown(url))));
    let of_build_file = of_build_file.collect::<Result<Vec<FileIndex>, _>>()?;
    let usual = index.url.as_deref().map(|url| at(url).ok_or_else(|| UnknownIndex(shown(url))));
    let usual = usual.transpose()?;
    let mut places = Vec::new();
    let mut unknown = None;
    let mut add = |url: &str, kind: IndexKind, places: &mut Vec<FileIndex>| match place(url, kind) {
        Some(place) => places.push(place),
        None => unknown = Some(UnknownIndex(shown(url))),
    };
    if let Source::Index { url: Some(url) } = &package.source {
        // A package that is locked from another index is not searched in the usual index, because this index
        // may not have it.
        let is_page = matches!(url.rsplit('.').next(), Some("html" | "htm"));
        add(url, if is_page { IndexKind::Links } else { IndexKind::Extra }, &mut places);
        places.extend(usual);
    } else {
        let of_lock = indexes_of(package, lock);
        for named in of_lock.iter().filter(|named| named.kind != IndexKind::Main) {
            add(&named.url, named.kind, &mut places);
        }
        let main = of_lock.iter().find(|named| named.kind == IndexKind::Main);
        let has_usual = !lock.policy.no_index && (main.is_some() || is_usual_asked(package, lock));
        match (has_usual, usual, main) {
            (false, ..) => {}
            (true, Some(usual), _) => places.push(usual),
            (true, None, Some(main)) => add(&main.url, IndexKind::Main, &mut places),
            (true, None, None) => places.push(FileIndex::Usual),
        }
    }
    if !lock.policy.no_index {
        places.extend(of_build_file);
    }
    let mut seen = BTreeSet::new();
    places.retain(|place| seen.insert(place.clone()));
    match unknown {
        Some(unknown) if places.is_empty() => Err(unknown),
        _ => Ok(places),
    }
}

/// The indexes that the tool of a lock asks for a package without an index of its own.
fn indexes_of<'l>(package: &Package, lock: &'l Lock) -> Vec<&'l lock::Index> {
    let all = lock.indexes.iter();
    match lock.format {
        Format::Requirements => all.collect(),
        Format::Pdm => {
            let preferred = |wanted| {
                lock.indexes.iter().filter(move |index| index.preference(&package.name) == wanted).collect()
            };
            let included: Vec<_> = preferred(Some(true));
            if included.is_empty() { preferred(None) } else { included }
        }
        // pipenv uses the first source. The other tools name the index of each package.
        _ => all.filter(|index| index.kind == IndexKind::Main).collect(),
    }
}

/// Whether the usual index is asked, if no file of the project decides this.
fn is_usual_asked(package: &Package, lock: &Lock) -> bool {
    let is_replaced = lock.indexes.iter().any(|index| index.kind == IndexKind::Main);
    let is_included = lock.indexes.iter().any(|index| index.preference(&package.name) == Some(true));
    !is_replaced && !is_included
}

fn place(url: &str, kind: IndexKind) -> Option<FileIndex> {
    let is_folder = kind == IndexKind::Links && !url.contains("://");
    match kind {
        IndexKind::Links if is_folder => ContextPath::parse(url).map(FileIndex::Folder),
        IndexKind::Links => whole(url).map(FileIndex::Links),
        IndexKind::Main | IndexKind::Extra => at(url),
    }
}

fn at(url: &str) -> Option<FileIndex> {
    whole(url).map(FileIndex::At)
}

/// A URL without its user name and password. `None` if it is invalid, or has variables that are not known
/// here.
fn whole(url: &str) -> Option<HttpUrl> {
    HttpUrl::parse(url).ok().filter(|url| !url.as_str().contains(['$', '{']))
}

fn shown(url: &str) -> String {
    visible(&redacted(url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::{Input, parse};

    const HASH: &str = "1111111111111111111111111111111111111111111111111111111111111111";

    fn read(format: Format, path: &str, text: &str, pyproject: Option<&str>) -> Lock {
        let read = |path: &str| Err(format!("no {path}"));
        parse(format, &Input { path, text, pyproject, read: &read, exists: &|path| path == "reqs/wheels" })
            .unwrap()
    }

    /// The places that are searched for each package, as URLs.
    fn asked(lock: &Lock, index: &Index) -> Vec<String> {
        let all = lock.packages.iter().map(|package| match places(package, lock, index) {
            Ok(places) => {
                let places = places.iter().map(|place| match place {
                    FileIndex::Usual => "usual".to_owned(),
                    FileIndex::At(url) => url.to_string(),
                    FileIndex::Links(url) => format!("links {url}"),
                    FileIndex::Folder(path) => format!("folder {}", path.as_str()),
                });
                format!("{}: {}", package.name, places.collect::<Vec<_>>().join(", "))
            }
            Err(UnknownIndex(index)) => format!("{}: unknown {index}", package.name),
        });
        all.collect()
    }

    fn build_file(url: Option<&str>, extra: &[&str]) -> Index {
        let extra = extra.iter().map(|url| (*url).to_owned()).collect();
        Index { url: url.map(str::to_owned), extra, ..Index::default() }
    }

    #[test]
    fn the_source_that_poetry_locks_is_asked_for_its_package_alone() {
        let package = |name: &str, source: &str| {
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = []\n{source}\n"
            )
        };
        let corp = "[package.source]\ntype = \"legacy\"\nurl = \"https://corp.example/simple\"\nreference = \"corp\"\n";
        let text = package("alpha", "") + &package("beta", corp) + "[metadata]\nlock-version = \"2.1\"\n";
        let lock = read(Format::Poetry, "poetry.lock", &text, None);
        assert_eq!(asked(&lock, &Index::default()), ["alpha: usual", "beta: https://corp.example/simple"]);
        // A mirror in the build file replaces both indexes.
        let index = build_file(Some("https://mirror.example/simple"), &["https://more.example/simple/"]);
        assert_eq!(
            asked(&lock, &index),
            [
                "alpha: https://mirror.example/simple, https://more.example/simple/",
                "beta: https://corp.example/simple, https://mirror.example/simple, https://more.example/simple/",
            ]
        );
    }

    #[test]
    fn pipenv_takes_the_source_that_is_named_and_else_the_first() {
        let text = format!(
            r#"{{"_meta": {{"pipfile-spec": 6, "sources": [
                {{"name": "first", "url": "https://${{USER}}:${{PASSWORD}}@first.example/simple"}},
                {{"name": "second", "url": "https://second.example/simple"}},
                {{"name": "third", "url": "https://${{HOST}}/simple"}}]}},
            "default": {{
                "alpha": {{"version": "==1.0", "hashes": ["sha256:{HASH}"]}},
                "beta": {{"version": "==1.0", "hashes": ["sha256:{HASH}"], "index": "first"}},
                "delta": {{"version": "==1.0", "hashes": ["sha256:{HASH}"], "index": "second"}},
                "eta": {{"version": "==1.0", "hashes": ["sha256:{HASH}"], "index": "third"}}}}}}"#
        );
        let lock = read(Format::Pipfile, "Pipfile.lock", &text, None);
        assert_eq!(
            asked(&lock, &Index::default()),
            [
                "alpha: https://first.example/simple",
                "beta: https://first.example/simple",
                "delta: https://second.example/simple",
                "eta: unknown https://${HOST}/simple",
            ]
        );
        // An index of the build file is known.
        let index = build_file(None, &["https://more.example/simple"]);
        assert_eq!(asked(&lock, &index)[3], "eta: https://more.example/simple");
    }

    #[test]
    fn pdm_looks_in_all_sources_but_for_packages_that_one_includes() {
        let package = |name: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"1.0\"\ngroups = [\"default\"]\n")
        };
        let text = "[metadata]\ngroups = [\"default\"]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.0\"\n"
            .to_owned()
            + &package("alpha")
            + &package("corp-tools");
        let sources = "[[tool.pdm.source]]\nname = \"corp\"\nurl = \"https://corp.example/simple\"\n";
        let lock = |more: &str| read(Format::Pdm, "pdm.lock", &text, Some(&format!("{sources}{more}")));
        let both = "https://corp.example/simple, usual";
        assert_eq!(
            asked(&lock(""), &Index::default()),
            [format!("alpha: {both}"), format!("corp-tools: {both}")]
        );
        let include = "include_packages = [\"Corp_*\"]\nexclude_packages = [\"*\"]\n";
        assert_eq!(
            asked(&lock(include), &Index::default()),
            ["alpha: usual", "corp-tools: https://corp.example/simple"]
        );
        let replaced = "[[tool.pdm.source]]\nname = \"pypi\"\nurl = \"https://own.example/simple\"\n";
        assert_eq!(
            asked(&lock(replaced), &Index::default())[0],
            "alpha: https://corp.example/simple, https://own.example/simple"
        );
    }

    #[test]
    fn requirements_are_looked_for_wherever_their_options_say() {
        let line = format!("alpha==1.0 --hash=sha256:{HASH}\n");
        let of = |options: &str, index: &Index| {
            let lock = read(Format::Requirements, "reqs/requirements.txt", &format!("{options}{line}"), None);
            asked(&lock, index)
        };
        let none = Index::default();
        assert_eq!(of("", &none), ["alpha: usual"]);
        assert_eq!(
            of("-i https://main.example/simple\n--extra-index-url https://extra.example/simple\n", &none),
            ["alpha: https://extra.example/simple, https://main.example/simple"]
        );
        assert_eq!(
            of("--no-index\n--find-links wheels\n-f https://links.example/page.html\n", &none),
            ["alpha: folder reqs/wheels, links https://links.example/page.html"]
        );
        let index = build_file(Some("https://mirror.example/simple"), &[]);
        assert_eq!(of("-i https://main.example/simple\n", &index), ["alpha: https://mirror.example/simple"]);
    }
}
