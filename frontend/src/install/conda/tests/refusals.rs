//! Refused packages: damaged archives, packages that are not in the lock, and links that lead out of the
//! folder.

use super::*;

#[test]
fn what_does_not_follow_the_format_is_refused() {
    let base = || Draft::of("bad-1-0", false);
    let unlisted = |path: &str, target: &str| base().link(path, target);
    let help = "the package does not follow the format; use another build, and tell its maintainers";
    let cases = [
        (base().file("../etc/passwd", b"", 0o644), "the path `../etc/passwd` leads out of the environment"),
        (base().file("/etc/passwd", b"", 0o644), "the path `/etc/passwd` leads out of the environment"),
        (base().file("lib/./x", b"", 0o644), "the path `lib/./x` leads out of the environment"),
        (
            unlisted("lib/x", "/etc/passwd"),
            "the link `lib/x` points out of the environment, to `/etc/passwd`",
        ),
        (
            // By its text, no link leads out of the folder. But the second link together with the first one
            // leads out of the environment.
            base().link("l/a", "..").link("l/a0", "a/.."),
            "the link `l/a0` points out of the environment, to `a/..`",
        ),
        (
            base().link("l/a", "..").link("l/a0", "a/../nothing/passwd"),
            "the link `l/a0` points out of the environment, to `a/../nothing/passwd`",
        ),
        (
            base().link("l/x", "nothing/../../../etc"),
            "the link `l/x` points out of the environment, to `nothing/../../../etc`",
        ),
        (
            base().file("bin/.wh.python", b"", 0o644),
            "the path `bin/.wh.python` has a part that begins with `.wh.`, which removes files from the layers below",
        ),
        (
            base().listed(".wh..wh..opq/x", &json!({ "path_type": "directory" })),
            "the path `.wh..wh..opq/x` has a part that begins with `.wh.`, which removes files from the layers below",
        ),
        (
            base().listed("lib/x", &json!({})).entry(EntryType::Char, "lib/x", "", b"", 0o644),
            "`lib/x` is a device, which packages cannot have",
        ),
        (unlisted("lib/x", "../../etc"), "the link `lib/x` points out of the environment, to `../../etc`"),
        (
            base().file("conda-meta/x", b"", 0o644),
            "the path `conda-meta/x` belongs to the environment itself",
        ),
        (base().file("lib/x", b"", 0o644).file("lib/x", b"", 0o644), "`lib/x` is there twice"),
        (
            base().file("lib/x", b"", 0o644).file("lib/x/y", b"", 0o644),
            "`lib/x` is a file here, and a folder in another package or place",
        ),
        (
            base().listed("lib/x", &json!({})),
            "`lib/x` is listed in `info/paths.json`, and is not in the archive",
        ),
        (
            base().listed("lib/x", &json!({})).entry(EntryType::Fifo, "lib/x", "", b"", 0o644),
            "`lib/x` is a named pipe, which packages cannot have",
        ),
        (
            base().listed("a", &json!({ "sha256": "00" })).entry(EntryType::Regular, "a", "", b"", 0o644),
            "`a` has the sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, \
             but `info/paths.json` says 00",
        ),
    ];
    for (draft, message) in cases {
        let folder = tempfile::tempdir().unwrap();
        let said = install(&[draft.tar_bz2(folder.path())]).map(drop).unwrap_err();
        assert_eq!(said, format!("cannot install `bad-1-0.tar.bz2`: {message}\n  help: {help}"));
    }
}

#[test]
fn a_hard_link_of_a_link_is_that_link_and_no_file_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let inside = Draft::of("in-1-0", false)
        .file("lib/real", b"x", 0o644)
        .link("lib/a", "real")
        .listed("lib/b", &json!({}))
        .entry(EntryType::Link, "lib/b", "lib/a", b"", 0o644);
    let out = install(&[inside.tar_bz2(folder.path())]).unwrap();
    assert_eq!(fs::read_link(out.path().join("venv/lib/b")).unwrap().to_str(), Some("real"));
    // A chain of links to a file of the machine, and a hard link to the end of the chain. Such a file was
    // copied into the package.
    let chain = Draft::of("out-1-0", false)
        .link("l/a", "..")
        .link("l/b", "a/..")
        .link("l/c", "b/../../../../../../../etc/hostname")
        .listed("l/d", &json!({}))
        .entry(EntryType::Link, "l/d", "l/c", b"", 0o644);
    let error = install(&[chain.tar_bz2(folder.path())]).map(drop).unwrap_err();
    assert!(error.contains("the link `l/b` points out of the environment, to `a/..`"), "{error}");
}

#[test]
fn more_than_any_package_has() {
    let folder = tempfile::tempdir().unwrap();
    let message = |draft: Draft| install(&[draft.tar_bz2(folder.path())]).map(drop).unwrap_err();
    let name = vec![b'x'; 2 << 20];
    let long = Draft::of("long-1-0", false).entry(EntryType::GNULongName, "x", "", &name, 0o644);
    assert!(message(long).contains("it has more bytes between its members than any package has"));
    let mut zeros = Draft::of("zero-1-0", false).file("x", b"", 0o644);
    for (header, _, _) in &mut zeros.entries {
        header.set_size(257 << 20);
        header.set_cksum();
    }
    assert!(message(zeros).contains("it unpacks to more than 268435456 bytes"));
    let deep = format!("{}x", "a/".repeat(100));
    let deep = Draft::of("deep-1-0", false).listed(&deep, &json!({}));
    assert!(message(deep).contains("…` is longer than any file's"));
}

#[test]
fn a_package_is_held_to_its_hash_its_name_and_its_format() {
    let folder = tempfile::tempdir().unwrap();
    let argument = native().conda(folder.path());
    let (path, hash) = argument.rsplit_once(':').unwrap();
    let said = install(&[format!("{path}:{}", "0".repeat(64))]).map(drop).unwrap_err();
    assert_eq!(
        said,
        format!(
            "cannot install `native-1.0-h1_0.conda`: its sha256 is {hash}, but the lock says {}\n  help: lock again; \
             if that changes nothing, ask who runs the channel",
            "0".repeat(64)
        )
    );
    let mut other = native();
    other.index["version"] = json!("2.0");
    let said = install(&[other.tar_bz2(folder.path())]).map(drop).unwrap_err();
    assert!(said.contains("it says that it is `native-2.0-h1_0`"), "{said}");
    fs::write(folder.path().join("x-1-0.conda"), b"PK").unwrap();
    let said = install(&[format!("{}/x-1-0.conda:-", folder.path().display())]).map(drop).unwrap_err();
    assert!(said.starts_with("cannot install `x-1-0.conda`: the archive is damaged: "), "{said}");
    fs::write(folder.path().join("x.zip"), b"").unwrap();
    let said = install(&[format!("{}/x.zip:-", folder.path().display())]).map(drop).unwrap_err();
    assert!(said.contains("the file name is not `NAME-VERSION-BUILD.conda`"), "{said}");
    let mut wrong = noarch();
    wrong.link = Some(json!({ "noarch": { "type": "python", "entry_points": ["../x = a:b"] } }));
    let said = install(&[wrong.conda(folder.path())]).map(drop).unwrap_err();
    assert!(said.contains("`../x = a:b` is not an entry point"), "{said}");
}

#[test]
fn an_archive_that_ends_early_is_damaged_in_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    for argument in [native().conda(folder.path()), native().tar_bz2(folder.path())] {
        let (path, _) = argument.rsplit_once(':').unwrap();
        let whole = fs::read(path).unwrap();
        for kept in [whole.len() / 3, whole.len() - 1] {
            fs::write(path, &whole[..kept]).unwrap();
            let file = Path::new(path).file_name().unwrap().display();
            let said = install(&[format!("{path}:-")]).map(drop).unwrap_err();
            let expected = format!("cannot install `{file}`: the archive is damaged: ");
            assert!(said.starts_with(&expected), "{kept} of {}: {said}", whole.len());
            assert!(said.ends_with("use another build, and tell its maintainers"), "{said}");
        }
    }
}

#[test]
fn a_conda_file_whose_members_end_early_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let draft = native();
    let packed = |tar: Vec<u8>| compress_to_vec(tar.as_slice(), CompressionLevel::Fastest);
    let (info, files) = (packed(Draft::tar(&[&draft.info()])), packed(Draft::tar(&[&draft])));
    for (info, files) in [(&info[..info.len() / 2], &files[..]), (&info[..], &files[..files.len() / 2])] {
        let said = install(&[draft.zip(folder.path(), info, files)]).map(drop).unwrap_err();
        assert!(
            said.starts_with("cannot install `native-1.0-h1_0.conda`: the archive is damaged: "),
            "{said}"
        );
    }
}
