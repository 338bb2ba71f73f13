//! Installs and refuses packages of both formats, which the tests make.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bzip2::Compression;
use bzip2::write::BzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::{Value, json};
use tar::{EntryType, Header};
use tempfile::TempDir;

mod refusals;

use super::package::hexadecimal;
use super::run;
use sha2::{Digest, Sha256};

const PLACEHOLDER: &str = "/home/builder/placehold_placehold_placehold";

/// A package that a test makes.
#[derive(Clone)]
struct Draft {
    stem: &'static str,
    index: Value,
    link: Option<Value>,
    paths: Vec<Value>,
    entries: Vec<(Header, String, Vec<u8>)>,
}

impl Draft {
    fn of(stem: &'static str, noarch: bool) -> Self {
        let mut parts = stem.rsplitn(3, '-');
        let (build, version, name) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let mut index = json!({ "name": name, "version": version, "build": build, "depends": [] });
        if noarch {
            index["noarch"] = json!("python");
        }
        Self { stem, index, link: None, paths: Vec::new(), entries: Vec::new() }
    }

    fn listed(mut self, path: &str, more: &Value) -> Self {
        let mut entry = json!({ "_path": path, "path_type": "hardlink" });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.paths.push(entry);
        self
    }

    fn entry(mut self, kind: EntryType, path: &str, target: &str, content: &[u8], mode: u32) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mtime(1_600_000_000);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        if !target.is_empty() {
            header.set_link_name_literal(target).unwrap();
        }
        // The name is written directly into the header, because the crate refuses names that lead out of the
        // folder.
        let name = &mut header.as_old_mut().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        self.entries.push((header, path.to_owned(), content.to_vec()));
        self
    }

    fn file(self, path: &str, content: &[u8], mode: u32) -> Self {
        let sha256 = hexadecimal(&Sha256::digest(content));
        self.listed(path, &json!({ "sha256": sha256 })).entry(EntryType::Regular, path, "", content, mode)
    }

    fn with_prefix(self, path: &str, content: &[u8], mode: &str) -> Self {
        self.listed(path, &json!({ "file_mode": mode, "prefix_placeholder": PLACEHOLDER })).entry(
            EntryType::Regular,
            path,
            "",
            content,
            0o755,
        )
    }

    fn link(self, path: &str, target: &str) -> Self {
        self.listed(path, &json!({ "path_type": "softlink" })).entry(
            EntryType::Symlink,
            path,
            target,
            b"",
            0o777,
        )
    }

    fn info(&self) -> Self {
        let mut info = Self::of(self.stem, false);
        let mut add = |path: &str, value: &Value| {
            info = info.clone().entry(EntryType::Regular, path, "", value.to_string().as_bytes(), 0o644);
        };
        add("info/index.json", &self.index);
        add("info/paths.json", &json!({ "paths": self.paths, "paths_version": 1 }));
        if let Some(link) = &self.link {
            add("info/link.json", link);
        }
        info
    }

    fn tar(drafts: &[&Self]) -> Vec<u8> {
        let mut tar = Vec::new();
        for (header, _, content) in drafts.iter().flat_map(|draft| &draft.entries) {
            tar.extend(header.as_bytes());
            tar.extend(content);
            tar.resize(tar.len().next_multiple_of(512), 0);
        }
        tar.resize(tar.len() + 1024, 0);
        tar
    }

    fn tar_bz2(&self, folder: &Path) -> String {
        let mut encoder = BzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&Self::tar(&[&self.info(), self])).unwrap();
        self.save(folder, "tar.bz2", &encoder.finish().unwrap())
    }

    fn conda(&self, folder: &Path) -> String {
        let packed = |tar: Vec<u8>| compress_to_vec(tar.as_slice(), CompressionLevel::Fastest);
        self.zip(folder, &packed(Self::tar(&[&self.info()])), &packed(Self::tar(&[self])))
    }

    /// A `.conda` file with these members, without a check of their content.
    fn zip(&self, folder: &Path, info: &[u8], files: &[u8]) -> String {
        let members = [
            ("metadata.json".to_owned(), &br#"{"conda_pkg_format_version": 2}"#[..]),
            (format!("info-{}.tar.zst", self.stem), info),
            (format!("pkg-{}.tar.zst", self.stem), files),
        ];
        self.zip_of(folder, members)
    }

    fn zip_of<'m>(&self, folder: &Path, members: impl IntoIterator<Item = (String, &'m [u8])>) -> String {
        let mut bytes = Vec::new();
        let mut zip = rawzip::ZipArchiveWriter::new(&mut bytes);
        for (name, content) in members {
            let file = zip.new_file(&name).compression_method(rawzip::CompressionMethod::STORE);
            let (mut entry, config) = file.start().unwrap();
            let mut writer = config.wrap(&mut entry);
            writer.write_all(content).unwrap();
            let (_, descriptor) = writer.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        zip.finish().unwrap();
        self.save(folder, "conda", &bytes)
    }

    fn save(&self, folder: &Path, ending: &str, bytes: &[u8]) -> String {
        let path = folder.join(format!("{}.{ending}", self.stem));
        fs::write(&path, bytes).unwrap();
        format!("{}:{}", path.display(), hexadecimal(&Sha256::digest(bytes)))
    }
}

fn install(packages: &[String]) -> Result<TempDir, String> {
    let out = tempfile::tempdir().unwrap();
    let root = out.path().to_str().unwrap();
    let mut arguments: Vec<String> =
        ["--root", root, "--prefix", "/venv", "--python", "3.12"].map(str::to_owned).to_vec();
    for package in packages {
        let url = "https://me:secret@team.example/t/token/main/linux-64/file";
        arguments.extend(["--package", package, "--url", url].map(str::to_owned));
    }
    run(&arguments).map_err(|error| error.to_string())?;
    Ok(out)
}

fn native() -> Draft {
    let script = format!("#!{PLACEHOLDER}/bin/python\n");
    let binary = format!("\u{7f}ELF{PLACEHOLDER}/share\0after\0");
    Draft::of("native-1.0-h1_0", false)
        .file("lib/libx.so.1", b"code", 0o755)
        .link("lib/libx.so", "libx.so.1")
        .with_prefix("bin/script", script.as_bytes(), "text")
        .with_prefix("lib/where", binary.as_bytes(), "binary")
        .file("share/doc", b"text", 0o664)
        .listed("var/empty", &json!({ "path_type": "directory" }))
}

fn noarch() -> Draft {
    let mut draft = Draft::of("tool-2-py_0", true)
        .file("site-packages/tool.py", b"VERSION = 2\n", 0o644)
        .file("python-scripts/helper", b"#!/bin/sh\n", 0o644);
    let entry_points = json!(["tool = tool.cli:main.run"]);
    draft.link = Some(json!({ "noarch": { "type": "python", "entry_points": entry_points } }));
    draft
}

fn read(out: &TempDir, path: &str) -> String {
    fs::read_to_string(out.path().join("venv").join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn both_formats_install_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    for packages in [
        [native().conda(folder.path()), noarch().tar_bz2(folder.path())],
        [native().tar_bz2(folder.path()), noarch().conda(folder.path())],
    ] {
        let out = install(&packages).unwrap();
        let place = |path: &str| out.path().join("venv").join(path);
        assert_eq!(read(&out, "bin/script"), "#!/venv/bin/python\n");
        let binary = format!("\u{7f}ELF/venv/share{}after\0", "\0".repeat(PLACEHOLDER.len() - 5 + 1));
        assert_eq!(read(&out, "lib/where"), binary);
        assert_eq!(fs::read_link(place("lib/libx.so")).unwrap().to_str(), Some("libx.so.1"));
        assert!(place("var/empty").is_dir());
        let facts = |path: &str| {
            fs::metadata(place(path)).map(|found| (found.mode() & 0o7777, found.mtime())).unwrap()
        };
        assert_eq!(facts("lib/libx.so.1"), (0o755, 1_600_000_000));
        assert_eq!(facts("share/doc"), (0o644, 1_600_000_000));
        assert_eq!(facts("bin/helper").0, 0o755);
        assert_eq!(read(&out, "lib/python3.12/site-packages/tool.py"), "VERSION = 2\n");
        assert_eq!(
            read(&out, "bin/tool"),
            "#!/venv/bin/python3.12\n# -*- coding: utf-8 -*-\nimport re\nimport sys\n\nfrom tool.cli import main\n\n\
             if __name__ == '__main__':\n    sys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])\n    \
             sys.exit(main.run())\n"
        );
        assert_eq!(read(&out, "conda-meta/history"), "");
    }
}

#[test]
fn the_record_says_what_was_installed_and_tells_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let out = install(&[native().conda(folder.path())]).unwrap();
    let record: Value = serde_json::from_str(&read(&out, "conda-meta/native-1.0-h1_0.json")).unwrap();
    assert_eq!(record["url"], "https://team.example/main/linux-64/file");
    assert_eq!(
        (&record["channel"], &record["subdir"]),
        (&json!("https://team.example/main"), &json!("linux-64"))
    );
    assert_eq!(record["fn"], "native-1.0-h1_0.conda");
    let files = ["bin/script", "lib/libx.so", "lib/libx.so.1", "lib/where", "share/doc"];
    assert_eq!(record["files"], json!(files));
    let paths = record["paths_data"]["paths"].as_array().unwrap();
    assert_eq!(paths[0]["prefix_placeholder"], PLACEHOLDER);
    assert_eq!(paths[0]["sha256_in_prefix"], hexadecimal(&Sha256::digest(b"#!/venv/bin/python\n")));
    assert_eq!(paths[1]["path_type"], "softlink");
}

#[test]
fn the_same_packages_give_the_same_bytes_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let packages = [native().conda(folder.path()), noarch().conda(folder.path())];
    let listing = |out: &TempDir| {
        let mut found = Vec::new();
        let mut folders = vec![out.path().join("venv")];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).unwrap().map(Result::unwrap) {
                let meta = fs::symlink_metadata(entry.path()).unwrap();
                if meta.is_dir() {
                    folders.push(entry.path());
                }
                let content = if meta.is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
                let path = entry.path().strip_prefix(out.path()).unwrap().to_owned();
                found.push((path, meta.mode(), meta.mtime(), content));
            }
        }
        found.sort();
        found
    };
    let one = install(&packages).unwrap();
    let other = install(&[packages[1].clone(), packages[0].clone()]).unwrap();
    assert_eq!(listing(&one), listing(&other));
}

/// The Python of this machine and its version, if it can compile.
fn real_python() -> Option<String> {
    let python = fs::canonicalize("/usr/bin/python3").ok()?;
    Some(python.file_name()?.to_str()?.strip_prefix("python")?.to_owned())
}

#[test]
fn modules_for_any_python_get_bytecode_and_others_keep_theirs() {
    let Some(version) = real_python() else { return };
    let site = format!("venv/lib/python{version}/site-packages");
    let tag = format!("cpython-{}", version.replace('.', ""));
    let folder = tempfile::tempdir().unwrap();
    let pure = Draft::of("pure-1.0-py_0", true)
        .file("site-packages/pure/__init__.py", b"def f():\n    return 'found'\n", 0o644)
        .file("site-packages/pure/old.py", b"print 'for another version'\n", 0o644)
        .file("site-packages/pure/ready.py", b"x = 1\n", 0o644)
        .file(&format!("site-packages/pure/__pycache__/ready.{tag}.pyc"), b"its own", 0o644)
        .file("python-scripts/pure.py", b"import pure\n", 0o755)
        .tar_bz2(folder.path());
    let own = format!("lib/python{version}/site-packages/own.py");
    let native = Draft::of("native-1.0-h0_0", false).file(&own, b"x = 2\n", 0o644).tar_bz2(folder.path());
    let install = |more: &[&str]| {
        let out = tempfile::tempdir().unwrap();
        let root = out.path().to_str().unwrap();
        let fixed = ["--root", root, "--prefix", "/venv", "--python", &version];
        let packages = [&pure, &native].into_iter().flat_map(|package| ["--package", package]);
        let arguments = fixed.into_iter().chain(more.iter().copied()).chain(packages);
        run(&arguments.map(str::to_owned).collect::<Vec<_>>()).unwrap();
        out
    };
    let caches = |out: &TempDir| {
        let entries = |folder: &str| fs::read_dir(out.path().join(folder)).into_iter().flatten().flatten();
        let folders = [
            format!("{site}/__pycache__"),
            format!("{site}/pure/__pycache__"),
            "venv/bin/__pycache__".into(),
        ];
        let names = folders.iter().flat_map(|folder| entries(folder));
        let mut names: Vec<_> = names.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    };
    let out = install(&["--bytecode", "/"]);
    assert_eq!(caches(&out), [format!("__init__.{tag}.pyc"), format!("ready.{tag}.pyc")]);
    assert_eq!(
        read(&out, &format!("lib/python{version}/site-packages/pure/__pycache__/ready.{tag}.pyc")),
        "its own"
    );
    let code = |out: &TempDir| {
        fs::read(out.path().join(format!("{site}/pure/__pycache__/__init__.{tag}.pyc"))).unwrap()
    };
    // The flags of PEP 552: hash-based and unchecked.
    assert_eq!(code(&out)[4..8], [1, 0, 0, 0]);
    assert!(code(&out) == code(&install(&["--bytecode", "/"])), "other bytes");
    assert_eq!(caches(&install(&[])), [format!("ready.{tag}.pyc")]);
}

#[test]
fn hard_links_become_files_and_the_later_package_wins() {
    let folder = tempfile::tempdir().unwrap();
    let one = Draft::of("one-1-0", false)
        .file("bin/perl", b"perl", 0o755)
        .listed("bin/perl5", &json!({}))
        .entry(EntryType::Link, "bin/perl5", "bin/perl", b"", 0o755)
        .file("share/both", b"one", 0o644);
    let two = Draft::of("two-1-0", false).file("share/both", b"two", 0o644);
    let (one, two) = (one.tar_bz2(folder.path()), two.tar_bz2(folder.path()));
    let out = install(&[one.clone(), two.clone()]).unwrap();
    assert_eq!(read(&out, "bin/perl5"), "perl");
    assert_eq!(read(&out, "share/both"), "two");
    // The order of the arguments is the order of installation.
    let other = install(&[two, one]).unwrap();
    assert_eq!(read(&other, "share/both"), "one");
}

/// conda-package-handling 2.4 and rattler can read such packages. One is in the test data of rattler.
#[test]
fn a_package_without_the_file_that_says_its_format_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    let draft = Draft::of("one-1-0", false).file("share/one", b"one", 0o644);
    let packed = |tar: Vec<u8>| compress_to_vec(tar.as_slice(), CompressionLevel::Fastest);
    let (info, files) = (packed(Draft::tar(&[&draft.info()])), packed(Draft::tar(&[&draft])));
    let members = [("info-one-1-0.tar.zst", &info[..]), ("pkg-one-1-0.tar.zst", &files[..])];
    let package = draft.zip_of(folder.path(), members.map(|(name, content)| (name.to_owned(), content)));
    assert_eq!(read(&install(&[package]).unwrap(), "share/one"), "one");
}

#[test]
fn a_file_without_the_placeholder_that_is_listed_for_it_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let draft = Draft::of("plain-1-0", false)
        .with_prefix("bin/plain", b"#!/bin/sh\necho plain\n", "text")
        .with_prefix("lib/plain", b"\x7fELF\0nothing\0", "binary");
    let out = install(&[draft.conda(folder.path())]).unwrap();
    assert_eq!(read(&out, "bin/plain"), "#!/bin/sh\necho plain\n");
    assert_eq!(read(&out, "lib/plain"), "\x7fELF\0nothing\0");
}

#[test]
fn a_placeholder_that_is_shorter_than_the_environments_path_is_refused_in_a_binary() {
    let folder = tempfile::tempdir().unwrap();
    let listed = json!({ "file_mode": "binary", "prefix_placeholder": "/opt" });
    let content = b"\x7fELF/opt/share\0";
    let draft = Draft::of("short-1-0", false).listed("lib/x", &listed);
    let draft = draft.entry(EntryType::Regular, "lib/x", "", content, 0o644);
    let said = install(&[draft.tar_bz2(folder.path())]).map(drop).unwrap_err();
    assert_eq!(
        said,
        "cannot install `short-1-0.tar.bz2`: the environment's path is longer than the placeholder in `lib/x`\n  \
         help: use a build of the package with a longer placeholder"
    );
}

/// The files of terminfo have such names, and every Python of conda needs them.
#[test]
fn paths_that_differ_by_case_alone_are_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let one = Draft::of("ncurses-1-0", false).file("share/terminfo/2/2621A", b"upper", 0o644).file(
        "share/terminfo/2/2621a",
        b"lower",
        0o644,
    );
    let two = Draft::of("terms-1-0", false).file("share/Terminfo/x", b"other", 0o644);
    let out = install(&[one.conda(folder.path()), two.conda(folder.path())]).unwrap();
    assert_eq!(read(&out, "share/terminfo/2/2621A"), "upper");
    assert_eq!(read(&out, "share/terminfo/2/2621a"), "lower");
    assert_eq!(read(&out, "share/Terminfo/x"), "other");
}
