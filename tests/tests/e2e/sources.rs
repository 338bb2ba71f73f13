//! Builds of sources. The settings of the project for these builds have an effect.

use pybuild_tests::{Build, Failure, Index, Result, Wheel};

use crate::locked::{installed, project};

const MANIFEST: &str = "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\
    [project]\nname = \"old\"\nversion = \"1.0\"\n";

/// As many packages of some years ago: setuptools 82 and later ones do not have the module.
const SETUP: &str = "import pkg_resources\nimport setuptools\nsetuptools.setup(py_modules=[\"old\"])\n";

/// Builds the package without a constraint, where `step` says why it fails, and with one.
fn with_and_without_a_constraint(lock: &str, manifest: &str, setup: &str, step: &str) -> Result {
    let constraints = "[dependencies]\nbuild-constraints = [\"setuptools<81\"]\n";
    for tables in ["", constraints] {
        let project = project("requirements.txt", lock, tables)?;
        project.write("libs/old/pyproject.toml", manifest)?;
        project.write("libs/old/setup.py", setup)?;
        project.write("libs/old/old.py", "")?;
        if tables.is_empty() {
            let failed = Build::of(&project).fail()?;
            let words = failed.progress.log_of(failed.step(step)?);
            assert!(words.contains("No module named 'pkg_resources'"), "{words}");
        } else {
            let outcome = Build::of(&project).load().succeed()?;
            assert_eq!(installed(outcome.image()?)?, ["old 1.0 pybuild"]);
        }
    }
    Ok(())
}

#[test]
fn a_constraint_holds_back_what_builds_a_source() -> Result {
    with_and_without_a_constraint("--require-hashes\n./libs/old\n", MANIFEST, SETUP, "build: old")
}

/// Of a source without a lock, the step that resolves has to know what the source requires, and asks its
/// backend.
#[test]
fn a_constraint_holds_back_what_resolves_a_source() -> Result {
    let manifest = MANIFEST.replace("version = \"1.0\"", "dynamic = [\"version\"]");
    let setup = SETUP.replace("setup(", "setup(version=\"1.0\", ");
    with_and_without_a_constraint("./libs/old\n", &manifest, &setup, "resolve: requirements.txt")
}

/// What pip 26.3 writes for the same lock in `/app` (`pip install -r pylock.toml`).
#[test]
fn an_image_says_where_a_package_without_an_index_is_from() -> Result {
    let index = Index::start()?;
    let wheel = index.wheel(&Wheel::new("direct", "1.0"));
    let (url, hash) = (&wheel.url, &wheel.sha256);
    let lock = format!(
        "lock-version = \"1.0\"\ncreated-by = \"e2e\"\n\
         [[packages]]\nname = \"direct\"\nversion = \"1.0\"\n\
         archive = {{ url = \"{url}\", hashes = {{ sha256 = \"{hash}\" }} }}\n\
         [[packages]]\nname = \"near\"\ndirectory = {{ path = \"libs/near\" }}\n"
    );
    let project = project("pylock.toml", &lock, "")?;
    for (path, text) in pybuild_tests::source::files("near", "1.0") {
        project.write(&format!("libs/near/{path}"), &text)?;
    }
    let outcome = Build::of(&project).load().succeed()?;
    let read = |name: &str| {
        let path = format!("/venv/lib/python3.11/site-packages/{name}-1.0.dist-info/direct_url.json");
        let text = outcome.image()?.prints(&["cat", &path])?;
        serde_json::from_str::<serde_json::Value>(&text)
            .map_err(|error| Failure::Unexpected(format!("{text}: {error}")))
    };
    assert_eq!(
        read("direct")?,
        serde_json::json!({
            "url": url,
            "archive_info": { "hash": format!("sha256={hash}"), "hashes": { "sha256": hash } },
        })
    );
    assert_eq!(read("near")?, serde_json::json!({ "url": "file:///app/libs/near", "dir_info": {} }));
    Ok(())
}
