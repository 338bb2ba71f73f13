//! `pybuild tool sbom`: completes an SBOM with data of the packages in a virtual environment.
//!
//! ```text
//! sbom --document FILE --base ROOT --prefix /venv --platform linux/amd64 --root OUT
//! ```
//!
//! FILE is the SPDX document that the frontend made. The completed document is `OUT/sbom.spdx.json`. For an
//! image without an environment it is unchanged.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::arguments::{PythonVersion, absolute, pairs, required, unknown, usage};
use super::tree::{EPOCH, Mode, Tree};
use super::wheel::rows_of_record;
use super::{ToolError, limits, startup};
use crate::pep508::Environment;
use crate::sbom::{Distribution, Document, complete};
use crate::tags::{Architecture, Libc, Python, Target};

/// The output file.
const FILE: &str = "sbom.spdx.json";

/// The number of bytes that are read of a package's metadata. The longest contain a licence and a manual.
const LIMIT: u64 = 16 << 20;

/// Writes the document that the arguments describe.
///
/// # Errors
/// If an argument is wrong, or a file cannot be read or written.
pub fn run(arguments: &[String]) -> Result<(), ToolError> {
    let (mut document, mut base, mut prefix, mut platform, mut root) = (None, None, None, None, None);
    for pair in pairs(arguments) {
        match pair? {
            ("--document", value) => document = Some(PathBuf::from(value)),
            ("--base", value) => base = Some(PathBuf::from(value)),
            (name @ "--prefix", value) => prefix = Some(absolute(name, value)?),
            ("--platform", value) => {
                let architecture = Architecture::of_platform(value);
                platform = Some(architecture.map_err(|error| usage(error.to_string()))?);
            }
            ("--root", value) => root = Some(PathBuf::from(value)),
            (name, _) => return Err(unknown(name)),
        }
    }
    let file = required(document, "--document")?;
    let text = fs::read(&file).map_err(failed(&file))?;
    let mut document: Document =
        serde_json::from_slice(&text).map_err(|error| usage(format!("{}: {error}", file.display())))?;
    let environment = required(base, "--base")?.join(required(prefix, "--prefix")?);
    let architecture = required(platform, "--platform")?;
    for (version, folder) in site_packages(&environment) {
        complete(&mut document, &distributions(&folder)?, &markers(&version, architecture));
    }
    let tree = Tree::new(required(root, "--root")?, EPOCH)?;
    tree.write(FILE, document.to_json().as_bytes(), Mode::Plain)?;
    tree.settle()
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> ToolError + '_ {
    |source| ToolError::File { path: path.display().to_string(), source }
}

/// The package folders of an environment, one for each Python version, sorted.
fn site_packages(environment: &Path) -> Vec<(PythonVersion, PathBuf)> {
    let entries = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let version = PythonVersion::of_name(entry.file_name().to_str()?)?;
            let folder = entry.path().join("site-packages");
            folder.is_dir().then_some((version, folder))
        })
        .collect();
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found
}

/// The marker environment of an interpreter with this version. Markers do not depend on the C library.
fn markers(version: &PythonVersion, architecture: Architecture) -> Environment {
    let minor = version.numbers().rsplit('.').next().and_then(|minor| minor.parse().ok()).unwrap_or(0);
    let python = Python { major: 3, minor, patch: None, free_threaded: version.text().ends_with('t') };
    Target { python, architecture, libc: Libc::Glibc { major: 2, minor: 36 } }.environment()
}

/// The packages in a folder, sorted by their `.dist-info` folders. A folder without a package name is
/// ignored.
fn distributions(folder: &Path) -> Result<Vec<Distribution>, ToolError> {
    let entries = fs::read_dir(folder).map_err(failed(folder))?;
    let mut places: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "dist-info"))
        .map(|path| path.join("METADATA"))
        .filter(|path| path.is_file())
        .collect();
    places.sort();
    let mut found = Vec::new();
    for place in places {
        let file = File::open(&place).map_err(failed(&place))?;
        let mut bytes = Vec::new();
        file.take(LIMIT).read_to_end(&mut bytes).map_err(failed(&place))?;
        let Some(distribution) = Distribution::parse(&String::from_utf8_lossy(&bytes)) else { continue };
        found.push(distribution.with_startup(startup_files(&place.with_file_name("RECORD"))?));
    }
    Ok(found)
}

/// The files of a package that Python runs at every start, found in its list of files.
fn startup_files(record: &Path) -> Result<Vec<String>, ToolError> {
    let file = match File::open(record) {
        Ok(file) => file,
        // Packages of conda or of distributions may have no such list.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(record)(error)),
    };
    let mut bytes = Vec::new();
    file.take(limits::LIST).read_to_end(&mut bytes).map_err(failed(record))?;
    let rows = rows_of_record(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
    Ok(rows.into_iter().map(|(path, _)| path).filter(|path| startup::is_run(path)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> String {
        r#"{
            "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "app",
            "documentNamespace": "x",
            "creationInfo": { "created": "1970-01-01T00:00:00Z", "creators": [] },
            "packages": [{
                "name": "app", "SPDXID": "SPDXRef-Application", "downloadLocation": "NOASSERTION",
                "filesAnalyzed": false, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
                "copyrightText": "NOASSERTION"
            }],
            "relationships": []
        }"#
        .to_owned()
    }

    fn completed(packages: &[(&str, &str)]) -> Document {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("venv/lib/python3.11/site-packages");
        for (name, metadata) in packages {
            fs::create_dir_all(site.join(name)).unwrap();
            fs::write(site.join(name).join("METADATA"), metadata).unwrap();
        }
        let (file, out) = (folder.path().join("document.json"), folder.path().join("out"));
        fs::write(&file, document()).unwrap();
        fs::create_dir(&out).unwrap();
        let place = |path: &Path| path.to_str().unwrap().to_owned();
        let pairs = [
            ("--document", place(&file)),
            ("--base", place(folder.path())),
            ("--prefix", "/venv".to_owned()),
            ("--platform", "linux/amd64".to_owned()),
            ("--root", place(&out)),
        ];
        let arguments: Vec<_> =
            pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        run(&arguments).unwrap();
        serde_json::from_slice(&fs::read(out.join(FILE)).unwrap()).unwrap()
    }

    #[test]
    fn packages_of_the_environment_are_listed() {
        let document = completed(&[
            (
                "six-1.17.0.dist-info",
                "Metadata-Version: 2.1\nName: six\nVersion: 1.17.0\nLicense: MIT\n\nbody",
            ),
            ("broken-1.dist-info", "no package\n"),
        ]);
        assert_eq!(document.packages[1].comment, None);
        let listed: Vec<_> = document.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(listed, ["app", "six"]);
        assert_eq!(document.packages[1].license_declared, "MIT");
    }

    #[test]
    fn files_that_python_runs_at_every_start_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("x-1.dist-info");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("METADATA"), "Name: x\nVersion: 1\n").unwrap();
        fs::write(
            place.join("RECORD"),
            "x.pth,sha256=AA,1\nx.py,sha256=AA,1\nsitecustomize.py,sha256=AA,1\n",
        )
        .unwrap();
        let mut document: Document = serde_json::from_str(&document()).unwrap();
        let environment = markers(
            &PythonVersion::parse("3.11").unwrap(),
            Architecture::of_platform("linux/amd64").unwrap(),
        );
        complete(&mut document, &distributions(folder.path()).unwrap(), &environment);
        let comment = document.packages[1].comment.as_deref();
        assert_eq!(comment, Some("Python runs at every start: sitecustomize.py, x.pth"));
    }

    #[test]
    fn an_image_without_an_environment_has_the_document_as_it_is() {
        assert_eq!(completed(&[]), serde_json::from_str::<Document>(&document()).unwrap());
    }

    #[test]
    fn arguments_are_checked() {
        let message = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(|text| (*text).to_owned()).collect();
            run(&arguments).unwrap_err().to_string()
        };
        assert_eq!(message(&[]), "`pybuild tool` was called wrongly: `--document` is missing");
        assert_eq!(message(&["--x", "y"]), "`pybuild tool` was called wrongly: `--x` is no option");
        assert!(message(&["--platform", "sun/4"]).contains("`sun/4`"));
    }
}
