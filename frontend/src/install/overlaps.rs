//! Files that packages of several layers bring: found from the RECORDs, decided by the order of installation.
//!
//! Layers are unpacked side by side, and the upper one hides what is below. Where another package has the say, its file is
//! put on top once more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::tree::{Mode, Tree, parents};
use super::wheel::{Problem, normalized_name, rows_of_record};
use super::{ToolError, note};

/// The layers of an environment, lowest first.
pub(super) struct Layers {
    /// Where each is mounted.
    pub(super) paths: Vec<PathBuf>,
    /// The environment's path, without the first `/`.
    pub(super) prefix: String,
    /// The folder of packages, below the environment.
    pub(super) site: String,
    /// The packages in the order of their installation.
    pub(super) order: Vec<String>,
}

/// The files of all layers, by their places below the environment.
pub(super) struct Files(BTreeMap<String, Vec<Holder>>);

impl Files {
    /// Whether a package brings this one.
    pub(super) fn have(&self, place: &str) -> bool {
        self.0.contains_key(place)
    }
}

/// A package that brings a file.
struct Holder {
    /// Its place in the order of installation.
    package: usize,
    layer: usize,
    /// Hash and size.
    content: String,
}

impl Layers {
    /// Tells of the files that packages of different layers bring with different contents, and writes those that the
    /// layers have in the wrong order.
    pub(super) fn settle(&self, Files(files): &Files, tree: &mut Tree) -> Result<(), ToolError> {
        self.check_folders(files)?;
        let mut pairs: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
        let mut wrong: BTreeMap<&str, (usize, Vec<usize>)> = BTreeMap::new();
        for (place, holders) in files {
            let (Some(last), Some(top)) = (
                holders.iter().max_by_key(|holder| holder.package),
                holders.iter().max_by_key(|holder| (holder.layer, holder.package)),
            ) else {
                continue;
            };
            for holder in holders {
                if holder.layer != last.layer && holder.content != last.content {
                    pairs.entry((holder.package, last.package)).or_default().push(place);
                }
            }
            if top.content != last.content {
                wrong.insert(place, (last.layer, holders.iter().map(|holder| holder.layer).collect()));
            }
        }
        for ((first, last), places) in pairs {
            let name = |at: usize| self.order.get(at).map_or("a package", String::as_str);
            let (first, last) = (name(first), name(last));
            let files = match (places.as_slice(), places.len()) {
                ([place], _) => format!("`{place}`"),
                (_, count) => {
                    format!("{count} files, such as `{}`", places.first().copied().unwrap_or_default())
                }
            };
            note(&format!(
                "warning: {first} and {last} both bring {files}, with different contents: those of {last} are kept"
            ));
        }
        let folders: BTreeSet<String> = wrong
            .keys()
            .filter_map(|place| Some(format!("{}/{}", self.prefix, place.rsplit_once('/')?.0)))
            .collect();
        tree.folders(folders.iter().map(String::as_str))?;
        for (place, (layer, holders)) in &wrong {
            self.copy(tree, *layer, place)?;
            self.bytecode(tree, *layer, holders, place)?;
        }
        Ok(())
    }

    /// Every file of the RECORDs.
    pub(super) fn files(&self) -> Result<Files, ToolError> {
        let numbers: BTreeMap<&str, usize> =
            self.order.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let mut files: BTreeMap<String, Vec<Holder>> = BTreeMap::new();
        for (layer, path) in self.paths.iter().enumerate() {
            let site = path.join(&self.prefix).join(&self.site);
            let entries = match fs::read_dir(&site) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(source) => return Err(failed(&site)(source)),
            };
            let mut names = Vec::new();
            for entry in entries {
                names.push(entry.map_err(failed(&site))?.file_name());
            }
            names.sort();
            for name in names {
                let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".dist-info")) else {
                    continue;
                };
                let name = normalized_name(stem.split('-').next().unwrap_or(stem));
                let Some(package) = numbers.get(name.as_str()) else { continue };
                let record = site.join(format!("{stem}.dist-info")).join("RECORD");
                let text = fs::read_to_string(&record).map_err(failed(&record))?;
                let rows = rows_of_record(&text).map_err(|problem| problem.of(stem))?;
                for (row, content) in rows {
                    let Some(place) = self.place(&row) else { continue };
                    files.entry(place).or_default().push(Holder { package: *package, layer, content });
                }
            }
        }
        Ok(Files(files))
    }

    /// The place below the environment of a path from the folder of packages.
    fn place(&self, row: &str) -> Option<String> {
        let mut parts: Vec<&str> = self.site.split('/').collect();
        for part in row.split('/') {
            match part {
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }

    /// What is a file in one layer and a folder in another would hide all that is in the folder.
    fn check_folders(&self, files: &BTreeMap<String, Vec<Holder>>) -> Result<(), ToolError> {
        for (place, holders) in files {
            let Some(parent) = parents(place).find(|parent| files.contains_key(*parent)) else { continue };
            let package = holders.first().and_then(|holder| self.order.get(holder.package));
            let package = package.map_or("a package", String::as_str);
            return Err(Problem::FileAndFolder(parent.to_owned()).of(package).into());
        }
        Ok(())
    }

    fn copy(&self, tree: &Tree, layer: usize, place: &str) -> Result<(), ToolError> {
        let Some(path) = self.paths.get(layer).map(|path| path.join(&self.prefix).join(place)) else {
            return Ok(());
        };
        let mut input = File::open(&path).map_err(failed(&path))?;
        let mode = input.metadata().map_err(failed(&path))?.permissions().mode();
        let mut output = tree.create(&format!("{}/{place}", self.prefix))?;
        let mut buffer = vec![0; 256 << 10];
        loop {
            let got = input.read(&mut buffer).map_err(failed(&path))?;
            match buffer.get(..got) {
                Some(piece) if !piece.is_empty() => output.write(piece)?,
                _ => break,
            }
        }
        output.finish(if mode & 0o111 == 0 { Mode::Plain } else { Mode::Executable })
    }

    /// Bytecode is not compared with its source when it is loaded, so a module's comes from the same layer. Where that
    /// layer has none, an empty file stands in for the other layer's: Python passes over it and compiles the source.
    fn bytecode(
        &self,
        tree: &mut Tree,
        layer: usize,
        holders: &[usize],
        place: &str,
    ) -> Result<(), ToolError> {
        let Some((folder, stem)) =
            place.strip_suffix(".py").map(|stem| stem.rsplit_once('/').unwrap_or(("", stem)))
        else {
            return Ok(());
        };
        let cache =
            if folder.is_empty() { "__pycache__".to_owned() } else { format!("{folder}/__pycache__") };
        let of = |layer: usize| -> BTreeSet<String> {
            let path = self.paths.get(layer).map(|path| path.join(&self.prefix).join(&cache));
            let entries = path.and_then(|path| fs::read_dir(path).ok()).into_iter().flatten().flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            let is_its = |name: &String| {
                let rest = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.'));
                rest.and_then(|rest| rest.strip_suffix(".pyc")).is_some_and(|tag| !tag.is_empty())
            };
            names.filter(is_its).collect()
        };
        let own = of(layer);
        let all: BTreeSet<String> = holders.iter().flat_map(|layer| of(*layer)).collect();
        if !all.is_empty() {
            tree.folders([format!("{}/{cache}", self.prefix).as_str()])?;
        }
        for name in all {
            let place = format!("{cache}/{name}");
            if own.contains(&name) {
                self.copy(tree, layer, &place)?;
            } else {
                tree.write(&format!("{}/{place}", self.prefix), b"", Mode::Plain)?;
            }
        }
        Ok(())
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> ToolError + '_ {
    |source| ToolError::File { path: path.display().to_string(), source }
}
