//! Packages that must not or cannot be installed, with the whole message for the user.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Index, Published, Result, Wheel};

use crate::broken::shown;
use crate::locked::{HEAD, project, pylock, pylock_package};

const LINE: &str = "--------------------\n";

/// A place in a file as clients show it: the line, and two before and after it.
pub(crate) fn at(file: &str, number: usize, text: &str) -> String {
    let lines = text.split('\n').enumerate().map(|(index, line)| (index + 1, line));
    let near = lines.filter(|(other, _)| other.abs_diff(number) <= 2);
    let near = near.map(|(other, line)| {
        let mark = if other == number { ">>> " } else { "    " };
        format!("{other:4} | {mark}{line}\n")
    });
    format!("{file}:{number}\n{LINE}{}{LINE}", near.collect::<Vec<_>>().concat())
}

/// The line that every failure of a build begins with, and what the frontend or the engine says.
pub(crate) fn failure(text: &str) -> String {
    format!("ERROR: failed to build: failed to solve: {text}\n")
}

fn assert_says(lock: &str, expected: &str) -> Result {
    let project = project("pylock.toml", lock, "")?;
    let shown = shown(&Build::of(&project).fail()?, &project)?;
    assert_eq!(without_patch_version(&shown), expected);
    Ok(())
}

/// Which 3.11 the base image has is the machine's affair.
fn without_patch_version(text: &str) -> String {
    let mut pieces = text.split("Python 3.11.");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        kept.extend(["Python 3.11", piece.trim_start_matches(|letter: char| letter.is_ascii_digit())]);
    }
    kept
}

/// A wheel that no test before has published.
fn alpha(index: &Index, tag: &str) -> Published {
    index.wheel(&Wheel::new("alpha", "1.0").tag(tag).with("nonce.txt", nonce().as_bytes()))
}

/// What is said where a file is not what its checksum promises: the package, the file, the server, and the
/// engine's words.
fn assert_mismatch(alpha: &Published, found: &str) -> Result {
    let lock = pylock(&[alpha]);
    let project = project("pylock.toml", &lock, "")?;
    let outcome = Build::of(&project).fail()?;
    let mismatch = format!("digest mismatch sha256:{found}: sha256:{}", alpha.sha256);
    let server = alpha.url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let told = format!(
        "`alpha 1.0` was not fetched: `{}` from {server} is not the locked file: {mismatch}\n  \
         help: another file than was locked: ask who runs the server before you lock again",
        alpha.file
    );
    assert_eq!(shown(&outcome, &project)?, at("pylock.toml", 5, &lock) + &failure(&told));
    let steps = outcome.progress.named("[wheels] alpha 1.0");
    assert!(steps.iter().any(|step| step.error == mismatch), "{}", outcome.transcript());
    Ok(())
}

#[test]
fn a_wheel_with_another_hash_than_the_locks() -> Result {
    let index = Index::start()?;
    let alpha = alpha(&index, "py3-none-any");
    let found = index.replace(&alpha, b"print('evil')\n");
    assert_mismatch(&alpha, &found)
}

#[test]
fn a_wheel_that_is_gone_from_the_index() -> Result {
    let index = Index::start()?;
    let alpha = alpha(&index, "py3-none-any");
    index.remove(&alpha);
    let lock = pylock(&[&alpha]);
    let project = project("pylock.toml", &lock, "")?;
    let told = format!(
        "`alpha 1.0` was not fetched: {} answers 404 Not Found for `{}`\n  \
         help: the server does not have the file, or has it no more: lock again, or correct the address",
        index.server(),
        alpha.file
    );
    assert_eq!(shown(&Build::of(&project).fail()?, &project)?, at("pylock.toml", 5, &lock) + &failure(&told));
    Ok(())
}

#[test]
fn a_wheel_whose_member_leads_out_of_the_environment() -> Result {
    let index = Index::start()?;
    let wheel = Wheel::new("alpha", "1.0").with("../evil.py", b"print('evil')\n");
    let project = project("pylock.toml", &pylock(&[&index.wheel(&wheel)]), "")?;
    let outcome = Build::of(&project).fail()?;
    let expected = "pybuild: cannot install `alpha-1.0-py3-none-any.whl`: \
        the member `../evil.py` leads out of the environment with `..`\n  \
        help: this can be an attack: do not use this version, and tell the package's maintainers and the index\n";
    assert_eq!(outcome.progress.log_of(outcome.step("[wheels] unpack: ")?), expected);
    Ok(())
}

#[test]
fn a_wheel_that_breaks_the_format_and_does_no_harm() -> Result {
    let index = Index::start()?;
    let wheel = Wheel::new("alpha", "1.0")
        .script("activate")
        .with("alpha_data/A.txt", b"1")
        .with("alpha_data/a.txt", b"2")
        .with("alpha_data\\b.txt", b"3")
        .unlisted("alpha_data/c.txt", nonce().as_bytes())
        .row("alpha_data/gone.txt,md5=1B2M2Y8AsgTpgAmY7PhCfg,0");
    let project = project("pylock.toml", &pylock(&[&index.wheel(&wheel)]), "")?;
    let built = Build::of(&project).load().succeed()?;
    let said = built.progress.log_of(built.step("[wheels] unpack: ")?);
    let site = "lib/python3.11/site-packages";
    let expected = [
        "RECORD lists files that are not in the archive: `alpha_data/gone.txt`".to_owned(),
        "RECORD does not list: `alpha_data/c.txt`".to_owned(),
        format!(
            "names differ by case alone, so that a file system without case keeps one of them: \
             `{site}/alpha_data/A.txt`, `{site}/alpha_data/a.txt`"
        ),
        "a command takes the place of the environment's own script: `bin/activate`".to_owned(),
        "a backslash is a part of the file's name: `alpha_data\\b.txt`".to_owned(),
    ];
    let expected = expected.map(|line| format!("pybuild: alpha-1.0-py3-none-any.whl: {line}\n"));
    assert_eq!(said, expected.concat());
    let image = built.image()?;
    for (file, content) in [("alpha_data/A.txt", "1"), ("alpha_data/a.txt", "2"), ("alpha_data\\b.txt", "3")]
    {
        assert_eq!(image.prints(&["cat", &format!("/venv/{site}/{file}")])?, content);
    }
    assert!(image.prints(&["cat", "/venv/bin/activate"])?.contains("from alpha import main"));
    Ok(())
}

#[test]
fn a_package_without_a_wheel_for_the_platform() -> Result {
    let index = Index::start()?;
    let wheels = [alpha(&index, "cp311-cp311-win_amd64"), alpha(&index, "cp39-cp39-manylinux_2_17_x86_64")];
    let lock = pylock(&[]) + &pylock_package(&[&wheels[0], &wheels[1]]);
    let message = "no file of `alpha 1.0` can be installed on Python 3.11 on linux/amd64 with glibc 2.36\n  \
        help: use Python 3.9\n  \
        help: the lock offers alpha-1.0-cp311-cp311-win_amd64.whl, alpha-1.0-cp39-cp39-manylinux_2_17_x86_64.whl";
    assert_says(&lock, &(at("pylock.toml", 5, &lock) + &failure(message)))
}

#[test]
fn a_package_that_was_locked_on_another_system() -> Result {
    let index = Index::start()?;
    let wheel = alpha(&index, "cp311-cp311-win_amd64");
    let lock = pylock(&[&wheel]);
    let message = "no file of `alpha 1.0` can be installed on Python 3.11 on linux/amd64 with glibc 2.36\n  \
        help: lock again, for this target too\n  \
        help: the lock offers alpha-1.0-cp311-cp311-win_amd64.whl";
    assert_says(&lock, &(at("pylock.toml", 5, &lock) + &failure(message)))
}

#[test]
fn a_lock_of_an_unknown_version() -> Result {
    let lock = pylock(&[]).replace("\"1.0\"", "\"2.0\"");
    let message = "pylock.toml has version `2.0` of its format; version 1.x can be read";
    assert_says(&lock, &(at("pylock.toml", 1, &lock) + &failure(message)))
}

#[test]
fn a_group_that_the_lock_does_not_have() -> Result {
    let lock = format!("{}dependency-groups = [\"lint\"]\n", pylock(&[]));
    let tables = "[stage.test]\ngroups = [\"lnit\"]\n";
    let project = project("pylock.toml", &lock, tables)?;
    let outcome = Build::of(&project).target("test").fail()?;
    let message = "unknown dependency group `lnit`; did you mean `lint`?";
    let expected = at("pybuild.toml", 4, &format!("{HEAD}{tables}")) + &failure(message);
    assert_eq!(shown(&outcome, &project)?, expected);
    Ok(())
}

/// A package that no index has.
fn nowhere() -> String {
    format!("pybuild-{}", nonce())
}

/// What the engine says where a process fails, less the process.
fn without_process(text: &str) -> String {
    let (before, process) = text.split_once("process \"").unwrap_or((text, ""));
    format!("{before}{}", process.split_once("\" ").map_or(process, |(_, rest)| rest))
}

#[test]
fn an_unlocked_requirement_that_no_index_has_is_shown_at_its_line() -> Result {
    let gone = nowhere();
    let listed = format!("# what the app needs\nsix==1.17.0\n\n{gone}>=1  # gone\niniconfig==2.0.0\n");
    let table = format!(
        "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\n    \"six\",\n    \"{gone}\",\n]\n"
    );
    for (file, line, text) in [("requirements.txt", 4, listed), ("pyproject.toml", 6, table)] {
        let project = project(file, &text, "")?;
        let outcome = Build::of(&project).fail()?;
        let step = outcome.step("[resolver] resolve: ")?;
        let words = outcome.progress.log_of(step);
        assert!(words.contains(&gone), "{words}");
        let expected = at(file, line, &text) + &failure("did not complete successfully: exit code: 1");
        assert_eq!(without_process(&shown(&outcome, &project)?), expected);
    }
    Ok(())
}

#[test]
fn a_locked_version_that_no_index_has_is_shown_at_its_line() -> Result {
    let hash = "0".repeat(64);
    let six = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274";
    let lock = format!("six==1.17.0 --hash=sha256:{six}\n\niniconfig==0.0.99 --hash=sha256:{hash}\n");
    let project = project("requirements.txt", &lock, "")?;
    let outcome = Build::of(&project).fail()?;
    let expected = at("requirements.txt", 3, &lock) + &failure("did not complete successfully: exit code: 1");
    assert_eq!(without_process(&shown(&outcome, &project)?), expected);
    Ok(())
}

#[test]
fn a_requirement_that_pip_cannot_find_is_shown_in_its_file() -> Result {
    let listed = format!("{}\n", nowhere());
    let project = project("requirements.txt", &listed, "dependencies.installer = \"pip\"\n")?;
    let outcome = Build::of(&project).fail()?;
    let expected =
        at("requirements.txt", 1, &listed) + &failure("did not complete successfully: exit code: 1");
    assert_eq!(without_process(&shown(&outcome, &project)?), expected);
    Ok(())
}

#[test]
fn a_package_whose_locked_hashes_the_index_does_not_have() -> Result {
    let lock = format!("six==1.17.0 --hash=sha256:{}\n", "0".repeat(64));
    let project = project("requirements.txt", &lock, "")?;
    let outcome = Build::of(&project).fail()?;
    let expected = at("requirements.txt", 1, &lock) + &failure("did not complete successfully: exit code: 1");
    assert_eq!(without_process(&shown(&outcome, &project)?), expected);
    let said = "no index has a locked file of six 1.17.0";
    assert!(outcome.transcript().contains(said), "{}", outcome.transcript());
    Ok(())
}

/// A lock with one package, whose files are what `files` says.
fn lock_with(files: &str) -> String {
    format!("lock-version = \"1.0\"\n\n[[packages]]\nname = \"alpha\"\nversion = \"1.0\"\n{files}\n")
}

#[test]
fn an_address_of_another_kind_never_becomes_an_operation() -> Result {
    let zeros = "0".repeat(64);
    for url in [
        "docker-image://localhost:5000/pybuild/python:alpha-1.0.tar.gz",
        "git://git.example/alpha-1.0.tar.gz",
        "local://context/alpha-1.0.tar.gz",
        "oci-layout://x/alpha-1.0.tar.gz",
    ] {
        let lock =
            lock_with(&format!("archive = {{ url = \"{url}\", hashes = {{ sha256 = \"{zeros}\" }} }}"));
        let message = format!(
            "`{url}` is not an address that a file can be fetched from: it must begin with `https://` or `http://`"
        );
        assert_says(&lock, &(at("pylock.toml", 6, &lock) + &failure(&message)))?;
    }
    let url = "https://files.example/a%2f..%2fevil.tar.gz";
    let lock = lock_with(&format!("archive = {{ url = \"{url}\", hashes = {{ sha256 = \"{zeros}\" }} }}"));
    let message = "`a/../evil.tar.gz` is not the name of a file: it has a slash";
    assert_says(&lock, &(at("pylock.toml", 6, &lock) + &failure(message)))
}

#[test]
fn a_wheel_without_a_strong_hash_is_installed_only_where_the_file_allows_it() -> Result {
    let index = Index::start()?;
    let alpha = alpha(&index, "py3-none-any");
    let file = alpha.url.rsplit('/').next().unwrap_or_default().to_owned();
    for hashes in ["md5 = \"00000000000000000000000000000000\"", ""] {
        let lock = lock_with(&format!("wheels = [{{ url = \"{}\", hashes = {{ {hashes} }} }}]", alpha.url));
        let message = format!(
            "nothing says what `{file}` of `alpha 1.0` must contain: the lock has no SHA-256 of it\n  \
             help: lock again, with an index and a tool that tell the SHA-256 of each file\n  \
             help: or install it as it comes: `allow-unverified = [\"alpha\"]` in [dependencies]"
        );
        assert_says(&lock, &(at("pylock.toml", 4, &lock) + &failure(&message)))?;
        let allowed = project("pylock.toml", &lock, "dependencies.allow-unverified = [\"alpha\"]\n")?;
        let outcome = Build::of(&allowed).succeed()?;
        let warned = outcome.progress.warnings.iter().map(|warning| warning.short.as_str());
        let expected = format!(
            "UnverifiedFile: `{file}` of `alpha 1.0` is installed as it comes: nothing says what it must contain \
             (pylock.toml line 4)"
        );
        assert_eq!(warned.collect::<Vec<_>>(), [expected]);
    }
    Ok(())
}
