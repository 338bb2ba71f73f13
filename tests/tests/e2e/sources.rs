//! How sources are built: what the project says of it reaches the build.

use pybuild_tests::{Build, Result};

use crate::locked::{installed, project};

const MANIFEST: &str = "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\
    [project]\nname = \"old\"\nversion = \"1.0\"\n";

/// As many packages of some years ago: setuptools 82 and later ones do not have the module.
const SETUP: &str = "import pkg_resources\nimport setuptools\nsetuptools.setup(py_modules=[\"old\"])\n";

#[test]
fn a_constraint_holds_back_what_builds_a_source() -> Result {
    let constraints = "[dependencies]\nbuild-constraints = [\"setuptools<81\"]\n";
    for tables in ["", constraints] {
        let project = project("requirements.txt", "--require-hashes\n./libs/old\n", tables)?;
        project.write("libs/old/pyproject.toml", MANIFEST)?;
        project.write("libs/old/setup.py", SETUP)?;
        project.write("libs/old/old.py", "")?;
        if tables.is_empty() {
            let failed = Build::of(&project).fail()?;
            let words = failed.progress.log_of(failed.step("build: old")?);
            assert!(words.contains("No module named 'pkg_resources'"), "{words}");
        } else {
            let outcome = Build::of(&project).load().succeed()?;
            assert_eq!(installed(outcome.image()?)?, ["old 1.0 pybuild"]);
        }
    }
    Ok(())
}
