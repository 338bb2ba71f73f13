//! Links in a project: followed as the engine follows them, inside of the folder alone.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::folder::Folder;

const HEAD: &str = "# syntax=REGISTRY/pybuild:TAG\npython.version = \"3.13\"\n";
const COMMANDS: [&str; 5] = ["check", "plan", "llb", "eject", "graph"];

/// A line that no tool takes for a requirement, so that it would be shown where it is read.
const SECRET: &str = "=hunter2\n";

#[test]
fn a_link_is_read_as_what_it_leads_to() {
    let folder = Folder::new(&[
        ("pybuild.toml", HEAD),
        ("backend/requirements.txt", "-r base.txt\n=broken\n"),
        ("shared/base.txt", "six==1.17.0\n"),
    ]);
    symlink("backend/requirements.txt", folder.path().join("requirements.txt")).unwrap();
    symlink("shared/base.txt", folder.path().join("base.txt")).unwrap();
    let ran = folder.run(&["check"]);
    assert!(
        ran.stdout.contains("error: `=broken` is not a requirement\n --> requirements.txt:2:1\n"),
        "{ran:?}"
    );
    assert!(!ran.stdout.contains("base.txt"), "{ran:?}");
}

#[test]
fn no_link_leads_out_of_the_folder() {
    let outside = Folder::new(&[("secret.txt", SECRET), ("pybuild.toml", SECRET)]);
    let away = outside.path().join("secret.txt");
    for name in
        ["requirements.txt", "pyproject.toml", "uv.lock", "poetry.lock", ".dockerignore", ".python-version"]
    {
        let folder = Folder::new(&[("pybuild.toml", HEAD), ("sub/empty", ""), ("app.py", "")]);
        symlink(&away, folder.path().join(name)).unwrap();
        for command in COMMANDS {
            let ran = folder.run(&[command]);
            assert!(!format!("{ran:?}").contains("hunter2"), "{command} {name}: {ran:?}");
        }
        let folder = Folder::new(&[("sub/empty", ""), ("app.py", "")]);
        symlink(&away, folder.path().join(name)).unwrap();
        let ran = folder.run(&["init", "--print"]);
        assert!(!format!("{ran:?}").contains("hunter2"), "init {name}: {ran:?}");
    }
    // A link cannot leave the folder, however many `..` it has.
    let name = outside.path().file_name().unwrap().to_string_lossy().into_owned();
    let folder =
        Folder::new(&[("pybuild.toml", HEAD), ("requirements.txt", "-r more/a.txt\n"), ("more/b", "")]);
    symlink(format!("../../{name}/secret.txt"), folder.path().join("more/a.txt")).unwrap();
    let ran = folder.run(&["check"]);
    let expected = "error: `more/a.txt` is not in the build context";
    assert!(ran.stdout.contains(expected) && !format!("{ran:?}").contains("hunter2"), "{ran:?}");
    // A folder that is a link, and the build file itself.
    let folder = Folder::new(&[("pybuild.toml", HEAD), ("requirements.txt", "-r more/secret.txt\n")]);
    symlink(outside.path(), folder.path().join("more")).unwrap();
    let ran = folder.run(&["check"]);
    assert!(ran.stdout.contains("error: `more/secret.txt` is not in the build context"), "{ran:?}");
    let folder = Folder::new(&[]);
    symlink(outside.path().join("pybuild.toml"), folder.path().join("pybuild.toml")).unwrap();
    for command in COMMANDS {
        let ran = folder.run(&[command]);
        assert!(!format!("{ran:?}").contains("hunter2") && ran.code != 0, "{ran:?}");
    }
}

#[test]
fn a_circle_of_links_leads_nowhere() {
    let folder = Folder::new(&[("pybuild.toml", HEAD), ("requirements.txt", "-r a.txt\n")]);
    symlink("b.txt", folder.path().join("a.txt")).unwrap();
    symlink("a.txt", folder.path().join("b.txt")).unwrap();
    let ran = folder.run(&["check"]);
    assert!(ran.stdout.contains("error: `a.txt` is not in the build context"), "{ran:?}");
}

#[test]
fn only_regular_files_are_read() {
    for (name, lock) in [("requirements.txt", false), ("uv.lock", true)] {
        let folder = Folder::new(&[("pybuild.toml", HEAD)]);
        // An absolute target is relative to the folder, so this target does not exist.
        symlink("/dev/zero", folder.path().join(name)).unwrap();
        let ran = folder.run(&["check"]);
        assert!(ran.code <= 1 && !lock || ran.code == 1 || ran.code == 0, "{ran:?}");
        std::fs::remove_file(folder.path().join(name)).unwrap();
        let made = Command::new("mkfifo").arg(folder.path().join(name)).status().unwrap();
        assert!(made.success());
        let ran = folder.run(&["check"]);
        let expected = format!("error: `{name}` is no regular file\n --> pybuild.toml:1:1\n");
        assert!(ran.stdout.contains(&expected), "{ran:?}");
        assert!(ran.stdout.contains("help: put a regular file in its place"), "{ran:?}");
    }
    let folder = Folder::new(&[("pybuild.toml", HEAD)]);
    let made = Command::new("mkfifo").arg(folder.path().join("pyproject.toml")).status().unwrap();
    assert!(made.success());
    let ran = folder.run(&["check"]);
    assert!(format!("{ran:?}").contains("`pyproject.toml` is no regular file"), "{ran:?}");
}

#[test]
fn a_file_of_any_size_is_not_read_to_its_end() {
    let folder = Folder::new(&[("pybuild.toml", HEAD)]);
    // Without a block on the disk.
    let file = std::fs::File::create(folder.path().join("requirements.txt")).unwrap();
    file.set_len(1 << 40).unwrap();
    let ran = folder.run(&["check"]);
    assert!(
        ran.stdout.contains("error: `requirements.txt` is larger than 64 MiB\n --> pybuild.toml:1:1\n"),
        "{ran:?}"
    );
}

#[test]
fn a_link_to_what_is_ignored_is_told() {
    let folder = Folder::new(&[
        ("pybuild.toml", HEAD),
        (".dockerignore", "backend\n"),
        ("backend/requirements.txt", "six==1.17.0\n"),
    ]);
    symlink("backend/requirements.txt", folder.path().join("requirements.txt")).unwrap();
    let ran = folder.run(&["check"]);
    assert!(
        ran.stdout.contains("error: `backend/requirements.txt` is hidden by `backend` in .dockerignore"),
        "{ran:?}"
    );
}

#[test]
fn a_revision_has_its_links_followed_too() {
    let folder = Folder::new(&[
        ("pybuild.toml", "python.version = \"3.13\"\ndependencies.requirements = [\"requirements.txt\"]\n"),
        ("backend/requirements.txt", "six==1.17.0\n"),
    ]);
    symlink("backend/requirements.txt", folder.path().join("requirements.txt")).unwrap();
    let git = |arguments: &[&str]| {
        let mut all = vec!["-c", "user.name=t", "-c", "user.email=t@t.example"];
        all.extend(arguments);
        let done = Command::new("git").args(all).current_dir(folder.path()).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "first"]);
    let ran = folder.run(&["plan", "--diff", "HEAD"]);
    assert!(ran.code == 0 && !format!("{ran:?}").contains("is not a requirement"), "{ran:?}");
}
