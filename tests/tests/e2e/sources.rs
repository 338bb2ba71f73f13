//! How sources are built: what the project says of it reaches the build.

use pybuild_tests::{Build, Result};

use crate::locked::{installed, project};

/// Its `setup.py` imports what setuptools 81 no longer has.
const FLATDICT: &str =
    "flatdict==4.0.1 --hash=sha256:cd32f08fd31ed21eb09ebc76f06b6bd12046a24f77beb1fd0281917e47f26742\n";

#[test]
fn a_constraint_holds_back_what_builds_a_source() -> Result {
    let plain = project("requirements.txt", FLATDICT, "")?;
    let failed = Build::of(&plain).fail()?;
    let words = failed.progress.log_of(failed.step("build: flatdict")?);
    assert!(words.contains("pkg_resources"), "{words}");

    let constraints = "[dependencies]\nbuild-constraints = [\"setuptools<81\"]\n";
    let held = project("requirements.txt", FLATDICT, constraints)?;
    let outcome = Build::of(&held).load().succeed()?;
    assert_eq!(installed(outcome.image()?)?, ["flatdict 4.0.1 pybuild"]);
    Ok(())
}
