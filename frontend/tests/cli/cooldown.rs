//! A cooldown: files that were uploaded too recently are not installed.

use crate::folder::{Folder, Ran};

const HEAD: &str = "# syntax=REGISTRY/pybuild:TAG\npython.version = \"3.13\"\n";

/// 2026-11-28T00:00:00Z, by `date -u -d 2026-11-28 +%s`.
const NOW: &str = "SOURCE_DATE_EPOCH=1795824000";

/// A project with the file of one locked package, uploaded at `time`.
fn project(dependencies: &str, time: &str) -> Folder {
    let zeros = "0".repeat(64);
    let lock = format!(
        "lock-version = \"1.0\"\n\n[[packages]]\nname = \"six\"\nversion = \"1.17.0\"\nwheels = [{{ url = \"https://files.example/six-1.17.0-py3-none-any.whl\", {time}hashes = {{ sha256 = \"{zeros}\" }} }}]\n"
    );
    let file = format!("{HEAD}[dependencies]\n{dependencies}\n");
    Folder::new(&[("pybuild.toml", &file), ("pylock.toml", &lock), ("app.py", "")])
}

fn check(dependencies: &str, time: &str) -> Ran {
    project(dependencies, time).run(&["check", "--build-arg", NOW])
}

#[test]
fn a_file_that_is_too_young_is_an_error_at_its_line_of_the_lock() {
    let ran = check("cooldown = \"7d\"", "upload-time = 2026-11-26T12:00:00Z, ");
    assert!(ran.code != 0, "{}", ran.stdout);
    for line in [
        "error: `six 1.17.0` was uploaded on 2026-11-26, 1 day ago; `cooldown` asks for 7 days",
        "--> pylock.toml:4:8",
        "or build on 2026-12-04 or later",
        "except = [\"six\"]",
    ] {
        assert!(ran.stdout.contains(line), "{line}\n{}", ran.stdout);
    }
}

#[test]
fn an_old_file_and_an_exception_are_installed() {
    for (dependencies, time) in [
        ("cooldown = \"7d\"", "2026-11-20T12:00:00Z"),
        ("cooldown = { age = \"7d\", except = [\"Six\"] }", "2026-11-27T12:00:00Z"),
        ("", "2026-11-27T12:00:00Z"),
    ] {
        let ran = check(dependencies, &format!("upload-time = {time}, "));
        assert!(ran.code == 0 && !ran.stdout.contains("cooldown"), "{dependencies}\n{}", ran.stdout);
    }
}

#[test]
fn a_file_of_unknown_age_is_a_warning() {
    let ran = check("cooldown = \"7d\"", "");
    let expected = "warning: `pylock.toml` does not say when every file was uploaded: `cooldown` does not hold for those files";
    assert!(!ran.stdout.contains("error:") && ran.stdout.contains(expected), "{}", ran.stdout);
}

#[test]
fn an_age_without_a_unit_is_an_error() {
    let ran = check("cooldown = \"7\"", "");
    let expected = "error: `7` is not an age of files";
    assert!(ran.code != 0 && ran.stdout.contains(expected), "{}", ran.stdout);
}
