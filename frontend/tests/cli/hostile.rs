//! What a stranger may write into a project, and what of it must not come out of a command.

use crate::folder::{Folder, Ran};

const HEAD: &str = "# syntax=REGISTRY/pybuild:TAG\npython.version = \"3.13\"\n";

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A project with one locked package, whose file is what `file` says in the lock.
fn locked(file: &str, tables: &str) -> Folder {
    let lock =
        format!("lock-version = \"1.0\"\n\n[[packages]]\nname = \"alpha\"\nversion = \"1.0\"\n{file}\n");
    Folder::new(&[("pybuild.toml", &format!("{HEAD}{tables}")), ("pylock.toml", &lock)])
}

/// The first error or warning, with what is to be done about it.
fn first(ran: &Ran) -> Vec<&str> {
    let lines = ran.stdout.split("\n\n").next().unwrap_or_default().lines();
    lines.filter(|line| !line.contains(" |") && *line != "  |").map(str::trim).collect()
}

#[test]
fn an_address_that_would_be_another_operation_is_an_error_at_its_line() {
    let url = "docker-image://localhost:5000/x/y:pwned-1.0.tar.gz";
    let archive = format!("archive = {{ url = \"{url}\", hashes = {{ sha256 = \"{ZEROS}\" }} }}");
    let folder = locked(&archive, "");
    let ran = folder.run(&["check"]);
    let expected = [
        format!(
            "error: `{url}` is not an address that a file can be fetched from: it must begin with `https://` or `http://`"
        ),
        "--> pylock.toml:6:19".to_owned(),
    ];
    assert_eq!(first(&ran), expected);
    let ran = folder.run(&["llb"]);
    assert!(ran.code != 0 && !ran.stdout.contains("docker-image://localhost"), "{}", ran.stdout);
}

#[test]
fn a_file_without_a_sha256_is_an_error_unless_its_package_is_named() {
    for hashes in ["md5 = \"d41d8cd98f00b204e9800998ecf8427e\"", ""] {
        for (key, file) in [("wheels", "alpha-1.0-py3-none-any.whl"), ("sdist", "alpha-1.0.tar.gz")] {
            let entry = format!("{{ url = \"http://files.example/{file}\", hashes = {{ {hashes} }} }}");
            let entry =
                if key == "wheels" { format!("wheels = [{entry}]") } else { format!("sdist = {entry}") };
            let ran = locked(&entry, "").run(&["check"]);
            let expected = [
                format!(
                    "error: nothing says what `{file}` of `alpha 1.0` must contain: the lock has no SHA-256 of it"
                ),
                "--> pylock.toml:4:8".to_owned(),
                "= help: lock again, with an index and a tool that tell the SHA-256 of each file".to_owned(),
                "= help: or install it as it comes: `allow-unverified = [\"alpha\"]` in [dependencies]"
                    .to_owned(),
            ];
            assert_eq!(first(&ran), expected, "{}", ran.stdout);
            let allowed = locked(&entry, "dependencies.allow-unverified = [\"Alpha\"]\n").run(&["check"]);
            let said = format!(
                "warning: `{file}` of `alpha 1.0` is installed as it comes: nothing says what it must contain"
            );
            assert!(allowed.stdout.contains(&said), "{}", allowed.stdout);
        }
    }
}
