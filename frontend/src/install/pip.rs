//! `pybuild tool pip`: makes a wheel of a base image's pip, for environments in which people work.
//!
//! ```text
//! pip --root OUT --base BASE --prefix /venv [--python 3.11]
//! ```
//!
//! BASE is a copy of the root of the image for which the environment is made. `python -m venv` takes pip from
//! a wheel beside the standard library, and so does this command. A distribution can keep this wheel in a
//! folder of its own. If an image has no such wheel, the installed pip is packed into a wheel. The wheel is
//! the only file in OUT. OUT stays empty if the image has no pip (this is reported), or if the environment
//! already has a pip (this is not reported).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use pep440_rs::Version;
use rawzip::ZipArchiveWriter;

use super::arguments::{PythonVersion, absolute, pairs, required, unknown};
use super::interpreter::{self, SearchPath, resolve};
use super::tree::{EPOCH, Mode, Tree};
use super::wheel::record_hash;
use super::{ToolError, note};

/// The maximum number of files of a pip, and their maximum total size. Both are many times those of current
/// versions.
const MOST_FILES: usize = 20_000;
const MOST_BYTES: u64 = 256 << 20;

/// Files that an installer adds to a distribution and that its wheel does not contain.
const NOTES: [&str; 4] = ["RECORD", "INSTALLER", "REQUESTED", "direct_url.json"];

/// The `WHEEL` file for a distribution that has lost its own.
const WHEEL: &[u8] = b"Wheel-Version: 1.0\nGenerator: pybuild\nRoot-Is-Purelib: true\nTag: py3-none-any\n";

/// Finds the pip that the arguments describe.
///
/// # Errors
/// If an argument is wrong, the base image has no matching Python ([`super::InterpreterError`]), or a file
/// cannot be read or written.
pub fn run(arguments: &[String]) -> Result<(), ToolError> {
    let (mut root, mut base, mut prefix, mut python) = (None, None, None, None);
    let mut search = SearchPath::default();
    for pair in pairs(arguments) {
        match pair? {
            ("--root", value) => root = Some(PathBuf::from(value)),
            ("--base", value) => base = Some(PathBuf::from(value)),
            (name @ "--prefix", value) => prefix = Some(absolute(name, value)?),
            ("--python", value) => python = Some(PythonVersion::parse(value)?),
            (name @ "--path", value) => search = SearchPath::parse(name, value)?,
            (name, _) => return Err(unknown(name)),
        }
    }
    let (base, prefix) = (required(base, "--base")?, required(prefix, "--prefix")?);
    let tree = Tree::new(required(root, "--root")?, EPOCH)?;
    let there = environment_python(&base, &prefix)?;
    if let Some(python) = &there
        && exists(&base, &format!("{prefix}/lib/python{}/site-packages/pip", python.text()))?
    {
        return tree.settle();
    }
    let given = there.as_ref().map(|_| format!("{prefix}/bin/python"));
    let python = required(python.or(there), "--python")?;
    let found = interpreter::find(&base, &python, given.as_deref(), &search)?;
    let home = found.path.rsplit_once("/bin/").map_or("", |(home, _)| home);
    if let Some((name, content)) = wheel(&base, home, &python)? {
        tree.write(&name, &content, Mode::Plain)?;
    } else {
        note(&format!(
            "this base image has no pip, so /{prefix} has none: choose a base with pip or ensurepip to have one"
        ));
    }
    tree.settle()
}

/// The Python version of an existing environment.
fn environment_python(base: &Path, prefix: &str) -> Result<Option<PythonVersion>, ToolError> {
    let names = names(base, &format!("{prefix}/lib"))?;
    Ok(names.iter().find_map(|name| PythonVersion::of_name(name)))
}

/// The file name and the content of a pip wheel.
fn wheel(base: &Path, home: &str, python: &PythonVersion) -> Result<Option<(String, Vec<u8>)>, ToolError> {
    let libraries = ["lib", "lib64"].map(|lib| format!("{home}/{lib}/python{}", python.text()));
    let beside = libraries.iter().map(|library| format!("{library}/ensurepip/_bundled"));
    let shared =
        [format!("usr/share/python{}-wheels", python.numbers()), "usr/share/python-wheels".to_owned()];
    for folder in beside.chain(shared) {
        let wheels = names(base, &folder)?.into_iter().filter_map(|name| {
            let version = name
                .strip_prefix("pip-")?
                .strip_suffix("-py3-none-any.whl")
                .or_else(|| name.strip_prefix("pip-")?.strip_suffix("-py2.py3-none-any.whl"));
            Some((version?.parse::<Version>().ok()?, name))
        });
        let Some((_, name)) = wheels.max() else { continue };
        if let Some(content) = read(base, &format!("{folder}/{name}"))? {
            return Ok(Some((name, content)));
        }
    }
    let distributions = ["usr/local/lib", "usr/lib"];
    let installed = libraries
        .iter()
        .flat_map(|library| ["site-packages", "dist-packages"].map(|folder| format!("{library}/{folder}")));
    let of_debian = distributions.iter().flat_map(|lib| {
        [format!("{lib}/python{}/dist-packages", python.text()), format!("{lib}/python3/dist-packages")]
    });
    for folder in installed.chain(of_debian) {
        if let Some(packed) = pack(base, &folder)? {
            return Ok(Some(packed));
        }
    }
    Ok(None)
}

/// The pip that is installed in a folder, packed as a wheel.
fn pack(base: &Path, folder: &str) -> Result<Option<(String, Vec<u8>)>, ToolError> {
    let informations = names(base, folder)?.into_iter().filter_map(|name| {
        let version = name.strip_prefix("pip-")?.strip_suffix(".dist-info")?;
        Some((version.parse::<Version>().ok()?, version.to_owned(), name))
    });
    let Some((_, version, information)) = informations.max() else { return Ok(None) };
    let mut files = BTreeMap::new();
    let mut open = vec!["pip".to_owned(), information.clone()];
    let (mut bytes, mut seen) = (0, 0);
    while let Some(name) = open.pop() {
        for inner in names(base, &format!("{folder}/{name}"))? {
            let path = format!("{name}/{inner}");
            seen += 1;
            let is_note = name == information && NOTES.contains(&inner.as_str());
            if inner == "__pycache__"
                || Path::new(&inner).extension().is_some_and(|end| end == "pyc")
                || is_note
            {
                continue;
            }
            match read(base, &format!("{folder}/{path}"))? {
                Some(content) => {
                    bytes += content.len() as u64;
                    files.insert(path, content);
                }
                // A link to a folder could form a circle.
                None if is_folder(base, &format!("{folder}/{path}")) => open.push(path),
                None => {}
            }
            if seen > MOST_FILES || bytes > MOST_BYTES {
                return Err(ToolError::Base(format!("the pip in /{folder} of the base image is too large")));
            }
        }
    }
    if !files.contains_key("pip/__init__.py") || !files.contains_key(&format!("{information}/METADATA")) {
        return Ok(None);
    }
    files.entry(format!("{information}/WHEEL")).or_insert_with(|| WHEEL.to_vec());
    let mut record = String::new();
    for (path, content) in &files {
        // Writing to a `String` cannot fail.
        let _ = writeln!(record, "{path},{},{}", record_hash(content), content.len());
    }
    let own = format!("{information}/RECORD");
    let _ = writeln!(record, "{own},,");
    files.insert(own, record.into_bytes());
    let name = format!("pip-{version}-py3-none-any.whl");
    let content = zip(&files).map_err(|source| ToolError::File { path: name.clone(), source })?;
    Ok(Some((name, content)))
}

/// An archive of these files. The same files always give the same bytes.
fn zip(files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (path, content) in files {
        let file = archive.new_file(path.as_str()).unix_permissions(0o100_644);
        let (mut entry, config) = file.start().map_err(std::io::Error::other)?;
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content)?;
        let (_, output) = writer.finish().map_err(std::io::Error::other)?;
        entry.finish(output).map_err(std::io::Error::other)?;
    }
    archive.finish().map_err(std::io::Error::other)
}

fn is_folder(base: &Path, path: &str) -> bool {
    fs::symlink_metadata(base.join(path)).is_ok_and(|found| found.is_dir())
}

fn exists(base: &Path, path: &str) -> Result<bool, ToolError> {
    Ok(resolve(base, path)?.is_some())
}

/// The names in a folder of the image, sorted. Empty if the folder does not exist.
fn names(base: &Path, folder: &str) -> Result<Vec<String>, ToolError> {
    let Some(folder) = resolve(base, folder)? else { return Ok(Vec::new()) };
    let place = base.join(&folder);
    let failed = |source| ToolError::File { path: format!("/{folder}"), source };
    let entries = match fs::read_dir(&place) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // Python could not import a name that is not UTF-8.
        names.extend(entry.map_err(failed)?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

/// The content of a file in the image. `None` for a folder, a broken link, or anything else that is not a
/// file.
fn read(base: &Path, path: &str) -> Result<Option<Vec<u8>>, ToolError> {
    let Some(target) = resolve(base, path)? else { return Ok(None) };
    let place = base.join(&target);
    let failed = |source| ToolError::File { path: format!("/{target}"), source };
    let found = fs::metadata(&place).map_err(failed)?;
    if !found.is_file() {
        return Ok(None);
    }
    if found.len() > MOST_BYTES {
        return Err(ToolError::Base(format!("/{target} of the base image is too large for a part of pip")));
    }
    fs::read(&place).map(Some).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;
    use crate::install::unpack;

    /// A base image with a Python and these files.
    fn base(files: &[(&str, &str)]) -> TempDir {
        let base = tempfile::tempdir().unwrap();
        let python = [("usr/bin/python3.11", "\u{7f}ELF\u{2}")];
        for (path, content) in files.iter().chain(&python) {
            let place = base.path().join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, content).unwrap();
        }
        base
    }

    fn found(base: &TempDir, more: &[&str]) -> TempDir {
        let out = tempfile::tempdir().unwrap();
        let (root, base) = (out.path().to_str().unwrap(), base.path().to_str().unwrap());
        let fixed = ["--root", root, "--base", base, "--prefix", "/venv"];
        run(&fixed.iter().chain(more).map(|argument| (*argument).to_owned()).collect::<Vec<_>>()).unwrap();
        out
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut open = vec![folder.to_owned()];
        let mut files = Vec::new();
        while let Some(next) = open.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    files.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        files.sort();
        files
    }

    #[test]
    fn the_wheel_that_python_has_for_environments_is_taken() {
        type Files<'f> = &'f [(&'f str, &'f str)];
        let cases: [(Files<'_>, &[&str]); 6] = [
            // The folder beside the standard library takes precedence over the folder of a distribution.
            (
                &[
                    ("usr/lib/python3.11/ensurepip/_bundled/pip-24.0-py3-none-any.whl", "a"),
                    ("usr/share/python-wheels/pip-25.1-py3-none-any.whl", "b"),
                ],
                &["pip-24.0-py3-none-any.whl"],
            ),
            // The highest version wins, not the last text.
            (
                &[
                    ("usr/lib64/python3.11/ensurepip/_bundled/pip-9.0.1-py2.py3-none-any.whl", "a"),
                    ("usr/lib64/python3.11/ensurepip/_bundled/pip-23.0-py3-none-any.whl", "b"),
                    ("usr/lib64/python3.11/ensurepip/_bundled/setuptools-65.5.0-py3-none-any.whl", "c"),
                ],
                &["pip-23.0-py3-none-any.whl"],
            ),
            // The folder of Debian, and the folder of Fedora for one of several Python versions.
            (
                &[("usr/share/python-wheels/pip-23.0.1-py3-none-any.whl", "a")],
                &["pip-23.0.1-py3-none-any.whl"],
            ),
            (
                &[
                    ("usr/share/python3.11-wheels/pip-22.3.1-py3-none-any.whl", "a"),
                    ("usr/share/python-wheels/pip-21.3.1-py3-none-any.whl", "b"),
                ],
                &["pip-22.3.1-py3-none-any.whl"],
            ),
            // The pip of another Python version is not used.
            (&[("usr/lib/python3.12/ensurepip/_bundled/pip-24.0-py3-none-any.whl", "a")], &[]),
            (&[("usr/share/python-wheels/setuptools-66.1.1-py3-none-any.whl", "a")], &[]),
        ];
        for (has, expected) in cases {
            assert_eq!(files(found(&base(has), &["--python", "3.11"]).path()), expected);
        }
    }

    #[test]
    fn an_installed_pip_is_packed_into_a_wheel_that_is_installed_as_any() {
        // Debian's python3-pip has these files: no RECORD, and one folder for every Python 3.
        let information = "usr/lib/python3/dist-packages/pip-25.1.1.dist-info";
        let has = base(&[
            ("usr/lib/python3/dist-packages/pip/__init__.py", "def main(): pass\n"),
            ("usr/lib/python3/dist-packages/pip/__pycache__/__init__.cpython-311.pyc", "x"),
            ("usr/lib/python3/dist-packages/pip/_vendor/certifi/cacert.pem", "c"),
            ("usr/lib/python3/dist-packages/wheel/__init__.py", ""),
            (&format!("{information}/METADATA"), "Metadata-Version: 2.1\nName: pip\nVersion: 25.1.1\n"),
            (&format!("{information}/INSTALLER"), "debian\n"),
            (
                &format!("{information}/entry_points.txt"),
                "[console_scripts]\npip = pip:main\npip3 = pip:main\n",
            ),
        ]);
        let (first, second) = (found(&has, &["--python", "3.11"]), found(&has, &["--python", "3.11"]));
        assert_eq!(files(first.path()), ["pip-25.1.1-py3-none-any.whl"]);
        let content = |out: &TempDir| fs::read(out.path().join("pip-25.1.1-py3-none-any.whl")).unwrap();
        assert_eq!(content(&first), content(&second));
        let out = tempfile::tempdir().unwrap();
        let arguments = [
            ["--root", out.path().to_str().unwrap()],
            ["--prefix", "/venv"],
            ["--python", "3.11"],
            ["--interpreter", "/venv/bin/python"],
            ["--if-any", first.path().to_str().unwrap()],
        ];
        unpack::run(&arguments.concat().into_iter().map(str::to_owned).collect::<Vec<_>>()).unwrap();
        let site = "venv/lib/python3.11/site-packages";
        let expected = [
            "pip-25.1.1.dist-info/INSTALLER",
            "pip-25.1.1.dist-info/METADATA",
            "pip-25.1.1.dist-info/RECORD",
            "pip-25.1.1.dist-info/REQUESTED",
            "pip-25.1.1.dist-info/WHEEL",
            "pip-25.1.1.dist-info/entry_points.txt",
            "pip/__init__.py",
            "pip/_vendor/certifi/cacert.pem",
        ];
        let commands = ["pip", "pip3", "pip3.11"].map(|name| format!("venv/bin/{name}"));
        let expected: Vec<_> =
            commands.into_iter().chain(expected.map(|name| format!("{site}/{name}"))).collect();
        assert_eq!(files(out.path()), expected);
    }

    #[test]
    fn an_environment_that_is_there_says_its_python_and_keeps_its_pip() {
        let wheel = ("usr/lib/python3.11/ensurepip/_bundled/pip-24.0-py3-none-any.whl", "a");
        let packages = "venv/lib/python3.11/site-packages";
        let without = base(&[wheel, (&format!("{packages}/six.py"), "")]);
        fs::create_dir_all(without.path().join("venv/bin")).unwrap();
        symlink("/usr/bin/python3.11", without.path().join("venv/bin/python")).unwrap();
        assert_eq!(files(found(&without, &[]).path()), ["pip-24.0-py3-none-any.whl"]);
        let with = base(&[wheel, (&format!("{packages}/pip/__init__.py"), "")]);
        assert_eq!(files(found(&with, &[]).path()), [""; 0]);
    }

    #[test]
    fn links_are_followed_inside_the_image_and_not_in_a_circle() {
        let has = base(&[("opt/wheels/pip-24.0-py3-none-any.whl", "a")]);
        fs::create_dir_all(has.path().join("usr/share")).unwrap();
        symlink("/opt/wheels", has.path().join("usr/share/python-wheels")).unwrap();
        assert_eq!(files(found(&has, &["--python", "3.11"]).path()), ["pip-24.0-py3-none-any.whl"]);
        let circle = base(&[
            ("usr/lib/python3/dist-packages/pip/__init__.py", ""),
            ("usr/lib/python3/dist-packages/pip-24.0.dist-info/METADATA", ""),
        ]);
        symlink("..", circle.path().join("usr/lib/python3/dist-packages/pip/again")).unwrap();
        assert_eq!(files(found(&circle, &["--python", "3.11"]).path()), ["pip-24.0-py3-none-any.whl"]);
    }
}
