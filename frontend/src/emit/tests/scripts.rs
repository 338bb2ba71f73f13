//! The behaviour of step scripts if the programs that they run fail.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Runs `script` with a `python3` that is `program`. Returns the exit code and the output. `program` has a
/// folder of its own as `$HERE`.
fn run(script: &str, program: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let python = folder.path().join("python3");
    fs::write(&python, format!("#!/bin/sh\n{program}\n")).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script]).env("PATH", path).env("HERE", folder.path());
    let ran = shell.output().unwrap();
    (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
}

#[test]
fn a_resolver_that_crashes_is_asked_once_more() {
    const CONDA: &str = include_str!("../scripts/conda.sh");
    let told = "pybuild: py-rattler died of signal 11: it is asked once more\n";
    let once = "if [ -e \"$HERE/asked\" ]; then exit 0; fi; : > \"$HERE/asked\"; kill -SEGV $$";
    let (code, said) = run(CONDA, once);
    assert!(code == Some(0) && said.ends_with(told), "{code:?} {said}");
    let (code, said) = run(CONDA, "kill -SEGV $$");
    assert!(code == Some(139) && said.matches(told).count() == 1, "{code:?} {said}");
    // An error message is an answer, although the user hoped for another one: the resolver is not asked
    // again.
    assert_eq!(
        run(CONDA, "echo 'pybuild: nothing fits' >&2; exit 1"),
        (Some(1), "pybuild: nothing fits\n".to_owned())
    );
}
