//! Conda packages in the real formats, made in memory, and channels of them.

use std::process::Stdio;

use bzip2::Compression;
use bzip2::write::BzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use tar::{Builder, EntryType, Header};

use crate::command::piped;
use crate::engine::Engine;
use crate::failure::{Failure, Result};
use crate::index::sha256;
use crate::wheel::zip;

/// What stands in packages for the path of the environment: as long as the real ones.
pub const PLACEHOLDER: &str =
    "/home/builder/work_placehold_placehold_placehold_placehold_placehold_placehold_placehold_placehold";

/// The time of every member: that of a package that was built some day.
const TIME: u64 = 1_700_000_000;

/// The platform that packages for this machine are of.
pub const NATIVE: &str = if cfg!(target_arch = "aarch64") { "linux-aarch64" } else { "linux-64" };

/// A conda package in the making.
#[derive(Clone, Debug)]
pub struct CondaPackage {
    name: String,
    version: String,
    build: &'static str,
    noarch: bool,
    old_format: bool,
    depends: Vec<String>,
    entry_points: Vec<String>,
    members: Vec<Member>,
}

#[derive(Clone, Debug)]
struct Member {
    path: String,
    content: Vec<u8>,
    executable: bool,
    link: bool,
    /// How the placeholder in it is replaced.
    mode: Option<&'static str>,
}

impl CondaPackage {
    /// A package for the platform of this machine, in the format `.conda`.
    pub fn native(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            build: "h0_0",
            noarch: false,
            old_format: false,
            depends: Vec::new(),
            entry_points: Vec::new(),
            members: Vec::new(),
        }
    }

    /// A package for every version of Python, with a module `NAME.py` that knows its version.
    pub fn noarch(name: &str, version: &str) -> Self {
        let module = format!("VERSION = \"{version}\"\n\n\ndef main():\n    print(\"{name}\", VERSION)\n");
        let package = Self { build: "py_0", noarch: true, ..Self::native(name, version) };
        package.depends("python").file(&format!("site-packages/{name}.py"), module.as_bytes())
    }

    /// In the format `.tar.bz2`.
    #[must_use]
    pub fn old_format(mut self) -> Self {
        self.old_format = true;
        self
    }

    /// What it needs.
    #[must_use]
    pub fn depends(mut self, on: &str) -> Self {
        self.depends.push(on.to_owned());
        self
    }

    /// A command that calls a function, as `name = module:function`.
    #[must_use]
    pub fn entry_point(mut self, entry: &str) -> Self {
        self.entry_points.push(entry.to_owned());
        self
    }

    /// A file.
    #[must_use]
    pub fn file(self, path: &str, content: &[u8]) -> Self {
        self.member(path, content, false, false, None)
    }

    /// A program.
    #[must_use]
    pub fn program(self, path: &str, content: &[u8]) -> Self {
        self.member(path, content, true, false, None)
    }

    /// A script with [`PLACEHOLDER`] in it.
    #[must_use]
    pub fn text_with_prefix(self, path: &str, content: &str, executable: bool) -> Self {
        self.member(path, content.as_bytes(), executable, false, Some("text"))
    }

    /// A binary with [`PLACEHOLDER`] in it.
    #[must_use]
    pub fn binary_with_prefix(self, path: &str, content: &[u8]) -> Self {
        self.member(path, content, false, false, Some("binary"))
    }

    /// A symbolic link.
    #[must_use]
    pub fn link(self, path: &str, target: &str) -> Self {
        self.member(path, target.as_bytes(), false, true, None)
    }

    fn member(
        mut self,
        path: &str,
        content: &[u8],
        executable: bool,
        link: bool,
        mode: Option<&'static str>,
    ) -> Self {
        let (path, content) = (path.to_owned(), content.to_vec());
        self.members.push(Member { path, content, executable, link, mode });
        self
    }

    /// The name of the package.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the package.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The folder of a channel that it belongs into.
    pub fn subdir(&self) -> &'static str {
        if self.noarch { "noarch" } else { NATIVE }
    }

    fn stem(&self) -> String {
        format!("{}-{}-{}", self.name, self.version, self.build)
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.stem(), if self.old_format { "tar.bz2" } else { "conda" })
    }

    /// The package's file.
    ///
    /// # Errors
    /// If an archive cannot be written.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let (info, files) = (self.info(), &self.members);
        if self.old_format {
            let mut encoder = BzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&tarred(info.iter().chain(files))?).map_err(Failure::io("packing"))?;
            return encoder.finish().map_err(Failure::io("packing"));
        }
        let packed = |tar: Vec<u8>| compress_to_vec(tar.as_slice(), CompressionLevel::Uncompressed);
        let stem = self.stem();
        Ok(zip(&[
            ("metadata.json".to_owned(), b"{\"conda_pkg_format_version\": 2}".to_vec()),
            (format!("pkg-{stem}.tar.zst"), packed(tarred(files.iter())?)),
            (format!("info-{stem}.tar.zst"), packed(tarred(info.iter())?)),
        ]))
    }

    /// What `info/index.json` says, and the channel's list.
    pub fn index(&self) -> Value {
        let mut index = json!({
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": 0,
            "depends": self.depends,
            "subdir": self.subdir(),
            "license": "MIT",
            "timestamp": TIME * 1000,
        });
        if self.noarch {
            set(&mut index, "noarch", json!("python"));
        }
        index
    }

    fn info(&self) -> Vec<Member> {
        let paths: Vec<Value> = self.members.iter().map(listed).collect();
        let file = |path: &str, content: Value| Member {
            path: path.to_owned(),
            content: content.to_string().into_bytes(),
            executable: false,
            link: false,
            mode: None,
        };
        let mut info = vec![
            file("info/index.json", self.index()),
            file("info/paths.json", json!({ "paths": paths, "paths_version": 1 })),
        ];
        if self.noarch {
            let noarch = json!({ "type": "python", "entry_points": self.entry_points });
            info.push(file("info/link.json", json!({ "noarch": noarch, "package_metadata_version": 1 })));
        }
        info
    }
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(entries) = object.as_object_mut() {
        entries.insert(key.to_owned(), value);
    }
}

fn listed(member: &Member) -> Value {
    let mut entry = json!({
        "_path": member.path,
        "path_type": if member.link { "softlink" } else { "hardlink" },
        "sha256": sha256(&member.content),
        "size_in_bytes": member.content.len(),
    });
    if let Some(mode) = member.mode {
        set(&mut entry, "file_mode", json!(mode));
        set(&mut entry, "prefix_placeholder", json!(PLACEHOLDER));
    }
    entry
}

fn tarred<'m>(members: impl Iterator<Item = &'m Member>) -> Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    for member in members {
        let mut header = Header::new_gnu();
        header.set_mtime(TIME);
        header.set_mode(if member.executable { 0o775 } else { 0o664 });
        let added = if member.link {
            header.set_entry_type(EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, &member.path, String::from_utf8_lossy(&member.content).as_ref())
        } else {
            header.set_size(member.content.len() as u64);
            tar.append_data(&mut header, &member.path, member.content.as_slice())
        };
        added.map_err(Failure::io("packing"))?;
    }
    tar.into_inner().map_err(Failure::io("packing"))
}

/// The list of a channel's folder: `repodata.json`.
///
/// # Errors
/// If a package cannot be made.
pub fn repodata(subdir: &str, packages: &[CondaPackage]) -> Result<String> {
    let (mut old, mut new) = (serde_json::Map::new(), serde_json::Map::new());
    for package in packages.iter().filter(|package| package.subdir() == subdir) {
        let bytes = package.bytes()?;
        let mut entry = package.index();
        set(&mut entry, "sha256", json!(sha256(&bytes)));
        set(&mut entry, "size", json!(bytes.len()));
        let list = if package.old_format { &mut old } else { &mut new };
        list.insert(package.file_name(), entry);
    }
    let all = json!({ "info": { "subdir": subdir }, "packages": old, "packages.conda": new, "repodata_version": 1 });
    Ok(all.to_string())
}

/// A Python that runs: Debian's, out of the image that the engine has, as a conda package that needs nothing
/// of the image it is put on but the C library.
///
/// # Errors
/// If the image cannot be read.
pub fn python() -> Result<CondaPackage> {
    // Debian's looks for modules elsewhere, and its libraries have another place.
    let site = format!("import site\n\nsite.addsitedir('{PLACEHOLDER}/lib/python3.11/site-packages')\n");
    let start = format!(
        "#!/bin/sh\nLD_LIBRARY_PATH={PLACEHOLDER}/lib exec {PLACEHOLDER}/libexec/python3.11 \"$@\"\n"
    );
    let mut package = CondaPackage::native("python", "3.11.2")
        .text_with_prefix("bin/python3.11", &start, true)
        .link("bin/python3", "python3.11")
        .link("bin/python", "python3.11")
        .text_with_prefix("lib/python3.11/sitecustomize.py", &site, false);
    let script = "cd / && tar -ch --hard-dereference --exclude=__pycache__ --exclude='lib/python3.11/test' --exclude=idlelib \
                  --exclude=lib2to3 --exclude=pydoc_data --exclude=ensurepip --exclude=sitecustomize.py \
                  --exclude='config-*' --exclude=dist-packages \
                  usr/bin/python3.11 usr/lib/python3.11 $(ldd /usr/bin/python3.11 | grep -oE '/[^ ]*lib(z|expat)[^ ]*') 2>/dev/null";
    let arguments = ["run", "--rm", "--entrypoint", "sh", "python:3.11-slim", "-c", script];
    let mut client = piped(Engine::get()?.docker(&arguments).stdin(Stdio::null()))?;
    let output = client.stdout.take().ok_or_else(|| Failure::Unexpected("no output".to_owned()))?;
    let reading = || Failure::io("reading the image's Python");
    let mut archive = tar::Archive::new(output);
    for entry in archive.entries().map_err(reading())? {
        let mut entry = entry.map_err(reading())?;
        if entry.header().entry_type() != EntryType::Regular {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(reading())?;
        package = match (path.strip_prefix("usr/lib/python3.11/"), path.rsplit('/').next()) {
            (Some(module), _) => package.file(&format!("lib/python3.11/{module}"), &content),
            (None, Some("python3.11")) => package.program("libexec/python3.11", &content),
            (None, library) => package.file(&format!("lib/{}", library.unwrap_or_default()), &content),
        };
    }
    // What pads an archive belongs to it: who writes it must not find the pipe closed.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map_err(reading())?;
    let ended = client.wait().map_err(Failure::io("waiting for docker run"))?;
    if !ended.success() {
        return Err(Failure::Unexpected("the image's Python cannot be read".to_owned()));
    }
    Ok(package)
}
