//! Makes a case real: files and pages of its indexes, folders, wheels and repositories of its sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pybuild_tests::Wheel;
use pybuild_tests::index::sha256;
use serde_json::json;

use super::case::{Case, Form, Index, Release, Req, Tree};
use super::server::{HTML, JSON, Server};
use crate::command::run;
use crate::failure::Failure;

const BACKEND: &str = include_str!("backend.py");

/// The table of a `pyproject.toml` whose package is built by the backend beside it.
pub(crate) const BUILD_SYSTEM: &str =
    "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";

/// When every file was uploaded.
const UPLOADED: &str = "2024-01-01T00:00:00Z";

/// A case with addresses: what the writers of manifests need.
#[derive(Debug)]
pub(crate) struct Published<'c> {
    /// The case.
    pub(crate) case: &'c Case,
    /// The folder of the project.
    pub(crate) folder: PathBuf,
    /// The addresses of the indexes, by name.
    pub(crate) indexes: BTreeMap<String, String>,
    /// The addresses of trees that have one, by name.
    pub(crate) trees: BTreeMap<String, String>,
    _pages: Option<Pages<'c>>,
}

/// The pages of a case on the server. They are removed with the value.
#[derive(Debug)]
struct Pages<'c> {
    server: &'c Server,
    root: String,
}

impl Drop for Pages<'_> {
    fn drop(&mut self) {
        self.server.remove(&self.root);
    }
}

impl Published<'_> {
    /// The same folder, indexes and addresses for a case that was edited.
    pub(crate) fn edited<'e>(&self, case: &'e Case) -> Published<'e> {
        let Self { folder, indexes, trees, .. } = self;
        Published {
            case,
            folder: folder.clone(),
            indexes: indexes.clone(),
            trees: trees.clone(),
            _pages: None,
        }
    }

    /// Writes what stands beside the manifests: the sources of members and of folders that are depended on.
    pub(crate) fn write_folders(&self) -> Result<(), Failure> {
        for tree in self.case.trees.iter().filter(|tree| matches!(tree.form, Form::Folder | Form::Editable)) {
            write_folder(tree, &self.folder)?;
        }
        write_members(self.case, &self.folder)
    }
}

/// Publishes a case under an id, with the project's folder at `folder`.
pub(crate) fn publish<'c>(
    case: &'c Case,
    id: &str,
    folder: &Path,
    server: &'c Server,
) -> Result<Published<'c>, Failure> {
    let root = format!("/{id}/");
    let mut indexes = BTreeMap::new();
    for index in &case.indexes {
        publish_index(index, &root, server)?;
        indexes.insert(index.name.clone(), server.url(&format!("{root}{}/simple/", index.name)));
    }
    let mut trees = BTreeMap::new();
    for tree in &case.trees {
        if let Some(url) = publish_tree(tree, &root, folder, server)? {
            trees.insert(tree.name.clone(), url);
        }
    }
    // An index that has nothing, for edits.
    indexes.entry("spare".to_owned()).or_insert_with(|| server.url(&format!("{root}spare/simple/")));
    write_members(case, folder)?;
    Ok(Published { case, folder: folder.to_owned(), indexes, trees, _pages: Some(Pages { server, root }) })
}

fn write_members(case: &Case, folder: &Path) -> Result<(), Failure> {
    for member in case.members.iter().filter(|member| member.package) {
        let at = if is_main(case, &member.name) { folder.to_owned() } else { folder.join(member.folder()) };
        let metadata = metadata_lines(&member.name, "0.1.0", &[], &BTreeMap::new(), "");
        write_sources(&at, &metadata, &format!("tree {}", member.name))?;
    }
    Ok(())
}

/// Writes a package that is a folder of the project.
fn write_folder(tree: &Tree, folder: &Path) -> Result<(), Failure> {
    let at = folder.join(tree.folder());
    let metadata = metadata_lines(&tree.name, &tree.version, &tree.requires, &tree.extras, "");
    write_sources(&at, &metadata, &tree.origin())?;
    write(&at.join("pyproject.toml"), &pyproject(tree))
}

fn is_main(case: &Case, name: &str) -> bool {
    case.members.first().is_some_and(|main| main.name == name)
}

/// The text of a `METADATA` file.
fn metadata_lines(
    name: &str,
    version: &str,
    requires: &[Req],
    extras: &BTreeMap<String, Vec<Req>>,
    python: &str,
) -> String {
    let mut text = format!("Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n");
    // Writing to a string cannot fail.
    if !python.is_empty() {
        let _ = writeln!(text, "Requires-Python: {python}");
    }
    for req in requires {
        let _ = writeln!(text, "Requires-Dist: {}", req.text());
    }
    for (extra, list) in extras {
        let _ = writeln!(text, "Provides-Extra: {extra}");
        for req in list {
            let _ = writeln!(text, "Requires-Dist: {}", req.of_extra(extra));
        }
    }
    text
}

/// A wheel whose installed copy says where it comes from.
fn wheel(name: &str, version: &str, tag: &str, metadata: &str, origin: &str) -> Vec<u8> {
    // The first three lines are written by the wheel itself.
    let lines = metadata.lines().skip(3);
    let info = format!("{name}-{version}.dist-info");
    let wheel = Wheel::new(name, version).tag(tag).with(&format!("{info}/ORIGIN"), origin.as_bytes());
    lines.fold(wheel, Wheel::metadata).bytes()
}

fn publish_index(index: &Index, root: &str, server: &Server) -> Result<(), Failure> {
    let mut by_name: BTreeMap<&str, Vec<&Release>> = BTreeMap::new();
    for release in &index.releases {
        by_name.entry(&release.name).or_default().push(release);
    }
    for (name, releases) in by_name {
        let (mut files, mut anchors) = (Vec::new(), String::new());
        for release in releases {
            let Release { version, requires, extras, python, .. } = release;
            let metadata = metadata_lines(name, version, requires, extras, python);
            for file in &release.files {
                let file_name = release.file_name(file);
                let origin = format!("{}/{file_name}", index.name);
                let bytes = match file.as_str() {
                    "sdist" => sdist(name, version, &metadata, &origin)?,
                    tag => wheel(name, version, tag, &metadata, &origin),
                };
                let path = format!("{root}{}/files/{file_name}", index.name);
                let url = server.url(&path.replace('+', "%2B"));
                let hash = sha256(&bytes);
                let mut entry = json!({
                    "filename": file_name, "url": url, "hashes": {"sha256": hash}, "size": bytes.len(),
                    "upload-time": UPLOADED, "yanked": release.yanked.contains(file),
                });
                let mut attributes = String::new();
                if !python.is_empty() {
                    put(&mut entry, "requires-python", json!(python));
                    let escaped = python.replace('<', "&lt;").replace('>', "&gt;");
                    let _ = write!(attributes, " data-requires-python=\"{escaped}\"");
                }
                if release.yanked.contains(file) {
                    attributes.push_str(" data-yanked=\"broken\"");
                }
                if file != "sdist" {
                    let shown = wheel_metadata(name, version, &metadata);
                    let hash = sha256(shown.as_bytes());
                    put(&mut entry, "core-metadata", json!({ "sha256": hash }));
                    put(&mut entry, "dist-info-metadata", json!({ "sha256": hash }));
                    let _ = write!(
                        attributes,
                        " data-core-metadata=\"sha256={hash}\" data-dist-info-metadata=\"sha256={hash}\""
                    );
                    server.put(format!("{path}.metadata"), "text/plain", shown.into_bytes());
                }
                let _ = writeln!(anchors, "<a href=\"{url}#sha256={hash}\"{attributes}>{file_name}</a><br>");
                server.put(path, "application/octet-stream", bytes);
                files.push(entry);
            }
        }
        let page = json!({"meta": {"api-version": "1.1"}, "name": name, "files": files, "versions": versions(index, name)});
        let html = format!("<!DOCTYPE html><html><body>\n{anchors}</body></html>\n");
        for end in ["", "/"] {
            let path = format!("{root}{}/simple/{name}{end}", index.name);
            server.put(path.clone(), JSON, page.to_string().into_bytes());
            server.put(path.clone(), HTML, html.clone().into_bytes());
            server.put(path, "text/html", html.clone().into_bytes());
        }
    }
    Ok(())
}

fn versions(index: &Index, name: &str) -> BTreeSet<String> {
    let of_name = index.releases.iter().filter(|release| release.name == name);
    of_name.map(|release| release.version.clone()).collect()
}

/// The metadata as [`wheel`] has it.
fn wheel_metadata(name: &str, version: &str, metadata: &str) -> String {
    let rest: String = metadata.lines().skip(3).flat_map(|line| [line, "\n"]).collect();
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{rest}")
}

fn put(entry: &mut serde_json::Value, key: &str, value: serde_json::Value) {
    if let Some(entry) = entry.as_object_mut() {
        entry.insert(key.to_owned(), value);
    }
}

/// A source archive that says in `PKG-INFO` what it requires, and builds without anything else.
fn sdist(name: &str, version: &str, metadata: &str, origin: &str) -> Result<Vec<u8>, Failure> {
    let pyproject = BUILD_SYSTEM.to_owned();
    let files = [
        ("PKG-INFO", metadata),
        ("METADATA", metadata),
        ("ORIGIN", origin),
        ("backend.py", BACKEND),
        ("pyproject.toml", pyproject.as_str()),
    ];
    let members = files.map(|(path, text)| (format!("{name}-{version}/{path}"), text.to_owned()));
    Ok(pybuild_tests::source::packed(&members)?)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
    }
    std::fs::write(path, text).map_err(Failure::io(path.display().to_string()))
}

/// The files that the backend needs.
fn write_sources(folder: &Path, metadata: &str, origin: &str) -> Result<(), Failure> {
    write(&folder.join("METADATA"), metadata)?;
    write(&folder.join("ORIGIN"), origin)?;
    write(&folder.join("backend.py"), BACKEND)
}

/// Puts a package that is in no index where it can be had; gives its address if it has one.
fn publish_tree(tree: &Tree, root: &str, folder: &Path, server: &Server) -> Result<Option<String>, Failure> {
    let Tree { name, version, requires, extras, .. } = tree;
    let metadata = metadata_lines(name, version, requires, extras, "");
    let origin = tree.origin();
    let at = |file: &str, bytes: Vec<u8>| {
        let path = format!("{root}trees/{file}");
        server.put(path.clone(), "application/octet-stream", bytes);
        server.url(&path)
    };
    Ok(match tree.form {
        Form::WheelUrl => {
            Some(at(&tree.wheel_file(), wheel(name, version, "py3-none-any", &metadata, &origin)))
        }
        Form::SdistUrl => {
            Some(at(&format!("{name}-{version}.tar.gz"), sdist(name, version, &metadata, &origin)?))
        }
        Form::WheelFile => {
            let path = folder.join("wheels").join(tree.wheel_file());
            std::fs::create_dir_all(folder.join("wheels")).map_err(Failure::io("making wheels"))?;
            let bytes = wheel(name, version, "py3-none-any", &metadata, &origin);
            std::fs::write(&path, bytes).map_err(Failure::io(path.display().to_string()))?;
            None
        }
        Form::Folder | Form::Editable => {
            write_folder(tree, folder)?;
            None
        }
        Form::Git => {
            let at = folder.with_extension("repositories").join(name);
            write_sources(&at, &metadata, &origin)?;
            write(&at.join("pyproject.toml"), &pyproject(tree))?;
            for arguments in [
                &["init", "--quiet", "--initial-branch=main"][..],
                &["add", "."],
                &["-c", "user.name=t", "-c", "user.email=t@t.example", "commit", "--quiet", "-m", "one"],
                &["update-server-info"],
            ] {
                let mut git = Command::new("git");
                git.args(arguments).current_dir(&at);
                let finished = run(&mut git, Duration::from_secs(60))?;
                if !finished.success {
                    return Err(Failure::Other(format!("{git:?}: {}", finished.stderr)));
                }
            }
            // Plain files are enough for a client that fetches over HTTP.
            let path = format!("{root}git/{name}.git");
            serve_folder(&at.join(".git"), &path, server)?;
            Some(server.url(&path))
        }
    })
}

/// Serves the files of a folder and of those in it.
fn serve_folder(folder: &Path, path: &str, server: &Server) -> Result<(), Failure> {
    let mut open = vec![(folder.to_owned(), path.to_owned())];
    while let Some((folder, path)) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(Failure::io(folder.display().to_string()))?;
        for entry in entries.filter_map(Result::ok) {
            let path = format!("{path}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                open.push((entry.path(), path));
            } else {
                let bytes = std::fs::read(entry.path()).map_err(Failure::io(path.as_str()))?;
                server.put(path, "application/octet-stream", bytes);
            }
        }
    }
    Ok(())
}

/// The manifest of a package that is in no index.
fn pyproject(tree: &Tree) -> String {
    let Tree { name, version, requires, extras, .. } = tree;
    let list =
        |reqs: &[Req]| reqs.iter().map(|req| format!("{:?}", req.text())).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "[project]\nname = \"{name}\"\nversion = \"{version}\"\ndependencies = [{}]\n",
        list(requires)
    );
    if !extras.is_empty() {
        text.push_str("[project.optional-dependencies]\n");
        for (extra, reqs) in extras {
            let _ = writeln!(text, "{extra} = [{}]", list(reqs));
        }
    }
    text + BUILD_SYSTEM
}
